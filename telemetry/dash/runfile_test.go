package dash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/internal/vfs"
)

func mkdir(t testing.TB, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestJudge(t *testing.T) {
	here := func(s Status) runFile { return runFile{Status: s, Host: "here", PID: 7} }
	there := runFile{Status: Running, Host: "there", PID: 7}
	for name, c := range map[string]struct {
		file  runFile
		have  bool
		lock  lockState
		alive bool
		want  Status
	}{
		"trains":                        {here(Running), true, lockHeld, true, Running},
		"trains in another container":   {here(Running), true, lockHeld, false, Running},
		"killed":                        {here(Running), true, lockFree, false, Lost},
		"killed, its number used again": {here(Running), true, lockFree, true, Lost},
		"no locks here, process there":  {here(Running), true, lockUnknown, true, Running},
		"no locks here, process gone":   {here(Running), true, lockUnknown, false, Lost},
		"no process named":              {runFile{Status: Running, Host: "here"}, true, lockUnknown, true, Lost},
		"another machine":               {there, true, lockFree, true, Elsewhere},
		"another machine, seen":         {there, true, lockHeld, false, Running},
		"finished":                      {here(Finished), true, lockHeld, true, Finished},
		"stopped":                       {here(Stopped), true, lockFree, false, Stopped},
		"failed":                        {here(Failed), true, lockFree, false, Failed},
		"a word of later":               {here("paused"), true, lockFree, false, Unknown},
		"no file":                       {runFile{}, false, lockUnknown, false, Unknown},
		"no file yet, but a lock":       {runFile{}, false, lockHeld, false, Running},
	} {
		got := judge(c.file, c.have, "here", func() lockState { return c.lock }, func(int) bool { return c.alive })
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAskLock(t *testing.T) {
	dir := t.TempDir()
	if got := askLock(dir); got != lockUnknown {
		t.Errorf("no lock file: %v", got)
	}
	write(t, filepath.Join(dir, lockName), "", false)
	free := askLock(dir)
	if free == lockHeld {
		t.Error("a free lock counts as held")
	}
	held, err := vfs.OS{}.Lock(filepath.Join(dir, lockName))
	if err != nil {
		t.Fatal(err)
	}
	if got := askLock(dir); free == lockFree && got != lockHeld {
		t.Errorf("a held lock: %v", got)
	}
	held.Close()
	if got := askLock(dir); got != free {
		t.Errorf("asking keeps the lock: %v", got)
	}
}

func TestProcessAlive(t *testing.T) {
	if !processAlive(os.Getpid()) {
		t.Error("this process counts as gone")
	}
	if processAlive(1<<22 + 1) { // above the largest number of Linux
		t.Error("a number that no process has counts as alive")
	}
}

func TestCheck(t *testing.T) {
	root := t.TempDir()
	run := filepath.Join(root, "run")
	mkdir(t, filepath.Join(run, "checkpoint-10"))
	mkdir(t, filepath.Join(root, "empty"))
	write(t, filepath.Join(run, runName), "{}", false)
	old := filepath.Join(root, "more", "old")
	mkdir(t, old)
	write(t, filepath.Join(old, logName), "", false)
	for dir, want := range map[string]string{
		run: "", old: "",
		filepath.Join(root, "none"):         "no folder",
		filepath.Join(run, runName):         "is no folder",
		filepath.Join(run, "checkpoint-10"): run,
		filepath.Join(root, "more"):         old,
		filepath.Join(root, "empty"):        "neither run.json nor trainer_log.jsonl",
	} {
		err := Check(dir)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
}

func TestNameRuns(t *testing.T) {
	runs, err := nameRuns([]string{"/x/a/out", "/x/b/out", "/y/c", "/x/a/../a/out", "/x/../c/a/out"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range runs {
		names = append(names, r.name)
	}
	if got := strings.Join(names, " "); got != "x/a/out b/out c c/a/out" {
		t.Errorf("names %s", got)
	}
	if _, err := nameRuns(nil); err == nil {
		t.Error("no run is no error")
	}
}

// What cannot be read is told, and what was known before is shown on.
func TestDamagedRunFile(t *testing.T) {
	a, _, dir := made(t, guard{})
	r := a.hub.runs[0]
	for name, text := range map[string]string{
		"half": `{"run_id":"abc","sta`, "a list": `[]`, "wrong types": `{"run_id":5}`, "large": strings.Repeat(" ", maxRunFile+2),
	} {
		write(t, filepath.Join(dir, runName), text, false)
		a.hub.poll(t.Context())
		if s := summarize(r); s.RunID != "abc" || s.Status != Finished || !strings.Contains(s.Problem, runName) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	os.Remove(filepath.Join(dir, runName))
	a.hub.poll(t.Context())
	if s := summarize(r); s.RunID != "" || s.Status != Unknown || s.Problem != "" {
		t.Errorf("removed: %+v", s)
	}
	for _, name := range []string{logName, runName} {
		os.Remove(filepath.Join(dir, name))
		mkdir(t, filepath.Join(dir, name))
	}
	a.hub.poll(t.Context())
	if s := summarize(r); !strings.Contains(s.Problem, logName) || !strings.Contains(s.Problem, runName) {
		t.Errorf("folders in the place of files: %+v", s)
	}
}

// rename gives path+".new" its place at once, as runs write.
func rename(t testing.TB, path string) {
	t.Helper()
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
