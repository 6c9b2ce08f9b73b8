package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDashboardMistakes(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	checkpoint := filepath.Join(run, "checkpoint-10")
	if err := os.MkdirAll(checkpoint, 0o755); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "token")
	for path, text := range map[string]string{filepath.Join(run, "trainer_log.jsonl"): "", short: "secret\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no run":           {nil, exitUsage, "needs a run folder"},
		"no folder":        {[]string{filepath.Join(dir, "none")}, exitFailure, "there is no folder"},
		"a checkpoint":     {[]string{checkpoint}, exitFailure, "give that one: \"" + run + "\""},
		"the folder above": {[]string{dir}, exitFailure, run},
		"no address":       {[]string{run, "--listen", "localhost"}, exitUsage, "give a port"},
		"two mistakes":     {[]string{dir, filepath.Join(dir, "none")}, exitFailure, "there is no folder"},
		"a short token":    {[]string{run, "--token-file", short}, exitFailure, "at least 16 characters"},
	} {
		out, errs, code := call(t, append([]string{"dashboard"}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) || out != "" || strings.Contains(errs, "secret") {
			t.Errorf("%s: exit %d, %s%s", name, code, out, errs)
		}
	}
}

// The address is printed, the page is there, and the end of the context ends it well.
func TestDashboardServes(t *testing.T) {
	run := t.TempDir()
	if err := os.WriteFile(filepath.Join(run, "trainer_log.jsonl"), []byte(`{"step":5,"train/loss":2}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	var out bytes.Buffer
	root := newRootCmd()
	root.SetArgs([]string{"dashboard", run, "--listen", "0"})
	root.SetOut(&out)
	root.SetErr(writer)
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()

	message := make([]byte, 4096)
	n, err := reader.Read(message)
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).Find(message[:n])
	if address == nil {
		t.Fatalf("no address in %q", message[:n])
	}
	r, err := http.Get(string(address) + "metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil || !strings.Contains(string(body), "\nhuihai_train_loss{") {
		t.Errorf("%v\n%s", err, body)
	}
	cancel()
	if err := <-ended; err != nil || out.Len() > 0 {
		t.Errorf("%v, %q", err, out.String())
	}
}
