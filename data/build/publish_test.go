package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/data"
	"huihai/data/datatest"
	"huihai/internal/vfs/vfstest"
)

// readable reads a data set as a run does, every file compared with its checksum, and
// returns its fingerprint.
func readable(t *testing.T, dir string) string {
	t.Helper()
	l, err := data.Open(dir, data.DefaultLoader())
	if err != nil {
		t.Fatalf("no data set to read: %v", err)
	}
	defer l.Close()
	if err := l.CheckFiles(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadReport(dir); err != nil {
		t.Error(err)
	}
	if _, err := ReadConfig(dir); err != nil {
		t.Error(err)
	}
	m, err := data.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	damaged, err := m.Damaged(context.Background(), dir, 2)
	if err != nil || len(damaged) > 0 {
		t.Errorf("damaged: %v, %v", damaged, err)
	}
	return m.Fingerprint
}

// Killed at any file operation of publishing, or failing there, a build leaves a data
// set that can be read: the old one or the new. The next build finishes the work and
// leaves nothing behind.
func TestPublishingIsOldOrNew(t *testing.T) {
	in := datatest.SmallCorpus(t, 3)
	older, newer := small(t, in), small(t, in)
	older.ValidationFraction, newer.Pack.SequenceLength, newer.VocabSize = 0.3, 24, 420
	newer.KeepWork = true
	build(t, newer)
	wantNew, newFiles := readable(t, newer.Output), files(t, newer.Output)
	build(t, older)
	wantOld := readable(t, older.Output)

	for _, kill := range []bool{true, false} {
		seen := map[string]int{}
		for at, done := 0, false; !done; at++ {
			dir := filepath.Join(t.TempDir(), "set")
			copyTree(t, older.Output, dir)
			copyTree(t, filepath.Join(newer.Output, data.DirWork), filepath.Join(dir, data.DirWork))
			c := newer
			c.Output, c.KeepWork = dir, false
			f := vfstest.New(at, false)
			f.Kill = kill
			err := killed(func() error { _, err := Run(context.Background(), c, nil, WithFS(f)); return err })
			done = !f.Hit()
			if err == nil && !done && !strings.HasPrefix(f.Ops()[at], "remove") && !strings.HasPrefix(f.Ops()[at], "close") {
				t.Errorf("operation %d (%s) failed and nobody noticed", at, f.Ops()[at])
			}
			got := readable(t, dir)
			if got != wantOld && got != wantNew {
				t.Fatalf("operation %d left a data set of its own", at)
			}
			seen[got]++
			if at%7 != 0 {
				continue
			}
			build(t, c)
			sameFiles(t, fmt.Sprintf("after operation %d", at), newFiles, files(t, dir))
			left, err := filepath.Glob(filepath.Join(dir, "*", "*.next"))
			if more, _ := filepath.Glob(filepath.Join(dir, "*.next*")); err != nil || len(left)+len(more) > 0 {
				t.Errorf("left over: %v, %v", left, more)
			}
		}
		if seen[wantOld] < 10 || seen[wantNew] < 10 {
			t.Errorf("the old data set was seen %d times, the new one %d times: too few to show anything", seen[wantOld], seen[wantNew])
		}
	}
}

// killed runs fn, which may end as if the process died.
func killed(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(vfstest.Killed); !ok {
				panic(p)
			}
			err = errors.New("killed")
		}
	}()
	return fn()
}

// A folder with files of others is refused, and the data set there stays.
func TestRefusedPublishKeepsTheOld(t *testing.T) {
	cfg := small(t, datatest.SmallCorpus(t, 3))
	build(t, cfg)
	want := readable(t, cfg.Output)
	foreign := filepath.Join(cfg.Output, data.DirTokens, "notes.txt")
	datatest.Write(t, foreign, []byte("mine"))
	cfg.Pack.SequenceLength = 24
	if _, err := Run(context.Background(), cfg, nil); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Fatalf("a foreign file: %v", err)
	}
	if got := readable(t, cfg.Output); got != want {
		t.Error("the old data set is gone")
	}
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}
	build(t, cfg)
	if got := readable(t, cfg.Output); got == want {
		t.Error("the new data set is not there")
	}
}

// Two builds in one folder would remove each other's working files.
func TestFolderInUse(t *testing.T) {
	cfg := small(t, datatest.SmallCorpus(t, 3))
	var second error
	_, err := Run(context.Background(), cfg, func(e Event) {
		if e.Stage == StageScore && e.Finished {
			_, second = Run(context.Background(), cfg, nil)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if second == nil || !strings.Contains(second.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("a second build: %v", second)
	}
	readable(t, cfg.Output)
}

// A damaged file of the data set is named, and made again.
func TestDamagedDataSetIsMadeAgain(t *testing.T) {
	cfg := small(t, datatest.SmallCorpus(t, 3))
	build(t, cfg)
	want := files(t, cfg.Output)
	for _, name := range []string{"tokens/tokens-00000.parquet", "documents/documents-00000.parquet", data.NameTokenizer} {
		path := filepath.Join(cfg.Output, filepath.FromSlash(name))
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		content[len(content)/2] ^= 4
		datatest.Write(t, path, content)
		var notes []string
		r, err := Run(context.Background(), cfg, func(e Event) {
			if e.Note != "" {
				notes = append(notes, e.Note)
			}
		})
		if err != nil || r.Unchanged || len(notes) != 1 || !strings.Contains(notes[0], path) {
			t.Errorf("%s: %v, unchanged %v, told %q", name, err, r.Unchanged, notes)
		}
		sameFiles(t, name, want, files(t, cfg.Output))
	}
}

// A data set without its manifest, whose shards are still other names of the working
// files, is made again and leaves no file under two names.
func TestLostManifestIsMadeAgain(t *testing.T) {
	cfg := small(t, datatest.SmallCorpus(t, 3))
	cfg.KeepWork = true
	build(t, cfg)
	want := files(t, cfg.Output)
	if err := os.Remove(filepath.Join(cfg.Output, data.NameManifest)); err != nil {
		t.Fatal(err)
	}
	build(t, cfg)
	sameFiles(t, "without its manifest", want, files(t, cfg.Output))
	if left, err := filepath.Glob(filepath.Join(cfg.Output, "*", "*.next")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}
