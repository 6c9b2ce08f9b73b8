package beam

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsnotify/fsnotify"

	"huihai/data"
	"huihai/data/build"
)

// A build that is cancelled while a stage's tasks run makes no data set, and run
// again the bytes of one that was never stopped.
func TestCancelAndRerun(t *testing.T) {
	cfg := config(t, corpus(t))
	want := local(t, cfg)
	cfg.Output = filepath.Join(t.TempDir(), "set")
	for _, stage := range []string{build.StageGather, build.StageScore, build.StageDocuments} {
		ctx, cancel := context.WithCancel(context.Background())
		watched := cancelAfterFirstTask(t, cancel, filepath.Join(cfg.Output, ".work", stage))
		if _, err := Build(ctx, cfg, Options{Runner: counted}, nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled in %s: %v", stage, err)
		}
		cancel()
		watched()
		if _, err := data.Open(cfg.Output, data.DefaultLoader()); err == nil {
			t.Errorf("cancelled in %s: the folder opens as a data set", stage)
		}
	}
	if _, err := Build(context.Background(), cfg, Options{Runner: counted}, nil); err != nil {
		t.Fatal(err)
	}
	same(t, want, results(t, cfg.Output))
}

// cancelAfterFirstTask cancels once the first task below dir is done. The function
// that it returns ends the watch.
func cancelAfterFirstTask(t *testing.T, cancel func(), dir string) func() {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(dir); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range w.Events {
			if strings.HasPrefix(filepath.Base(e.Name), "0") {
				cancel()
			}
		}
	}()
	return func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		<-done
	}
}

// What a killed run leaves behind, tasks and exchanges missing at random and half
// a folder, is made whole.
func TestLostResultsAreMadeAgain(t *testing.T) {
	cfg := config(t, corpus(t))
	want := local(t, cfg)
	cfg.Output = filepath.Join(t.TempDir(), "set")
	if _, err := Build(context.Background(), cfg, Options{Runner: counted}, nil); err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(cfg.Output, ".work")
	for _, lost := range []string{"../_manifest.json", "gather/00001", "score/exchange/00000", "dedup/00000", "documents/00000", "pack"} {
		if _, err := os.Stat(filepath.Join(work, lost)); err != nil {
			t.Fatalf("%v: the test takes away nothing", err)
		}
		if err := os.RemoveAll(filepath.Join(work, lost)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(work, "score", ".00000.dead.tmp", "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := pipelines.Load()
	if _, err := Build(context.Background(), cfg, Options{Runner: counted}, nil); err != nil {
		t.Fatal(err)
	}
	same(t, want, results(t, cfg.Output))
	if n := pipelines.Load() - before; n >= int64(len(cfg.ShareStages())-1) {
		t.Errorf("all %d stages ran again", n)
	}
}

// What goes wrong on a worker is told to the driver in the words of build.Run.
func TestWorkersErrorReachesTheDriver(t *testing.T) {
	cfg := config(t, corpus(t))
	blocked := filepath.Join(cfg.Output, ".work", build.StageDedup)
	if err := os.MkdirAll(filepath.Dir(blocked), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Build(context.Background(), cfg, Options{Runner: counted}, nil)
	if err == nil || !strings.Contains(err.Error(), blocked) || !strings.Contains(err.Error(), "goes on from them") {
		t.Fatalf("a file in the way of the stage's folder: %v", err)
	}
	if n := strings.Count(err.Error(), "\n"); n > 2 {
		t.Errorf("the error has %d lines: %v", n+1, err)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(context.Background(), cfg, Options{Runner: counted}, nil); err != nil {
		t.Fatal(err)
	}
}
