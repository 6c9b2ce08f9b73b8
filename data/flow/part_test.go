package flow

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// manifests returns the manifests below dir by path.
func manifests(t *testing.T, dir string) map[string]string {
	files := tree(t, dir)
	for name := range files {
		if filepath.Base(name) != manifestName {
			delete(files, name)
		}
	}
	return files
}

var partTexts = []string{"a b c aa bb", "b c dd ccc", "c", "", "aa dd a"}

// whole runs the pipeline at once and returns its manifests.
func whole(t *testing.T) map[string]string {
	var ran atomic.Int64
	e := &Engine{Dir: t.TempDir(), FS: unsynced{}}
	if _, _, err := wordCount(e, partTexts, 3, &ran); err != nil {
		t.Fatal(err)
	}
	return manifests(t, e.Dir)
}

// Shares of stages, in processes that know nothing of each other, make what one
// process makes.
func TestSharesMakeTheWhole(t *testing.T) {
	dir := t.TempDir()
	var ran atomic.Int64
	share := func(stage string, index, count int) error {
		e := &Engine{Dir: dir, FS: unsynced{}, Part: &Part{stage, index, count}, SpillBytes: 10}
		_, _, err := wordCount(e, partTexts, 3, &ran)
		return err
	}
	var early *NotReady
	if err := share("count", 0, 1); !errors.As(err, &early) || early.Stage != "split" || len(early.Missing) != 5 {
		t.Fatalf("a share before its inputs: %v", err)
	}
	for i := range 2 {
		done, ok := IsPartDone(share("split", i, 2))
		if want := 3 - i; !ok || done.Ran != want || done.Tasks != 5 {
			t.Fatalf("share %d of 2: %+v, want %d tasks", i, done, want)
		}
	}
	if done, ok := IsPartDone(share("split", 0, 2)); !ok || done.Ran != 0 || done.Reused != 3 {
		t.Fatalf("a share run again: %+v", done)
	}
	for i := range 4 { // more shares than tasks
		if _, ok := IsPartDone(share("count", i, 4)); !ok {
			t.Fatal("share of count")
		}
	}
	before := ran.Load()
	e := &Engine{Dir: dir, FS: unsynced{}}
	if _, _, err := wordCount(e, partTexts, 3, &ran); err != nil || ran.Load() != before {
		t.Fatalf("after all shares %d tasks ran: %v", ran.Load()-before, err)
	}
	if d := cmp.Diff(whole(t), manifests(t, dir)); d != "" {
		t.Error(d)
	}
}

// An engine that carries the records itself makes the same, whatever the order in
// which blocks arrive.
func TestElsewhereMakesTheSame(t *testing.T) {
	dir := t.TempDir()
	var ran atomic.Int64
	driver := &Engine{Dir: dir, FS: unsynced{}}
	driver.Elsewhere = func(_ context.Context, job Job) error {
		var mu sync.Mutex
		blocks := map[int][][]byte{}
		for _, i := range job.Tasks {
			w := &Engine{Dir: dir, FS: unsynced{}, Part: &Part{job.Stage, i, job.Count}, SpillBytes: 8}
			if job.Partitions > 0 {
				w.Sink = func(p int, b []byte) error {
					mu.Lock()
					defer mu.Unlock()
					blocks[p] = append([][]byte{b}, blocks[p]...)
					return nil
				}
			}
			if _, _, err := wordCount(w, partTexts, 3, &ran); err != nil {
				if _, ok := IsPartDone(err); !ok {
					return err
				}
			}
		}
		for p := range job.Partitions {
			left := blocks[p]
			err := driver.WriteExchange(job.Stage, p, 16, func() ([]byte, bool) {
				if len(left) == 0 {
					return nil, false
				}
				b := left[0]
				left = left[1:]
				return b, true
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	if _, _, err := wordCount(driver, partTexts, 3, &ran); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(whole(t), manifests(t, dir)); d != "" {
		t.Error(d)
	}
	if runs, _ := filepath.Glob(filepath.Join(dir, "split", "0*", runsName)); len(runs) != 0 {
		t.Errorf("spill files beside the exchange: %v", runs)
	}
	before := ran.Load()
	if _, _, err := wordCount(driver, partTexts, 3, &ran); err != nil || ran.Load() != before {
		t.Errorf("a rerun ran %d tasks: %v", ran.Load()-before, err)
	}
}

// A run that ends between its tasks and their exchange leaves nothing of an older
// one that the next run would take for its own.
func TestOldExchangeIsNotTaken(t *testing.T) {
	var ran atomic.Int64
	e := &Engine{Dir: t.TempDir(), FS: unsynced{}}
	drop, texts := false, []string{"x y", "z"}
	e.Elsewhere = func(_ context.Context, job Job) error {
		var blocks [][]byte
		for _, i := range job.Tasks {
			w := &Engine{Dir: e.Dir, FS: unsynced{}, Part: &Part{job.Stage, i, job.Count}}
			w.Sink = func(_ int, b []byte) error { blocks = append(blocks, b); return nil }
			if _, _, err := wordCount(w, texts, 1, &ran); err != nil {
				if _, ok := IsPartDone(err); !ok {
					return err
				}
			}
		}
		if job.Partitions == 0 {
			return nil
		}
		if drop {
			return errors.New("killed")
		}
		return e.WriteExchange(job.Stage, 0, 0, func() ([]byte, bool) {
			if len(blocks) == 0 {
				return nil, false
			}
			b := blocks[0]
			blocks = blocks[1:]
			return b, true
		})
	}
	if _, _, err := wordCount(e, texts, 1, &ran); err != nil {
		t.Fatal(err)
	}
	drop, texts = true, partTexts
	if _, _, err := wordCount(e, texts, 1, &ran); err == nil || err.Error() != "killed" {
		t.Fatal(err)
	}
	drop = false
	if _, _, err := wordCount(e, texts, 1, &ran); err != nil {
		t.Errorf("after a kill: %v", err)
	}
}

// A second attempt at a task leaves the first one's result where it is.
func TestSecondAttemptReplacesNothing(t *testing.T) {
	var ran atomic.Int64
	e := &Engine{Dir: t.TempDir(), FS: unsynced{}}
	if _, _, err := wordCount(e, partTexts, 2, &ran); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(e.Dir, "split", "00001", manifestName)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	records := 0
	again := &Engine{Dir: e.Dir, FS: unsynced{}, Part: &Part{"split", 1, len(partTexts)}}
	again.Sink = func(_ int, b []byte) error {
		return EachRecord(b, func([]byte) error { records++; return nil })
	}
	if _, _, err := wordCount(again, partTexts, 2, &ran); err != nil {
		if _, ok := IsPartDone(err); !ok {
			t.Fatal(err)
		}
	}
	if want := len(strings.Fields(partTexts[1])); records != want {
		t.Errorf("%d records came, want %d", records, want)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("the result was replaced: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(e.Dir, "split", ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Records that are lost or changed between map and reduction are noticed.
func TestLostRecordsAreNoticed(t *testing.T) {
	var ran atomic.Int64
	e := &Engine{Dir: t.TempDir(), FS: unsynced{}}
	if _, _, err := wordCount(e, partTexts, 1, &ran); err != nil {
		t.Fatal(err)
	}
	// Another task's whole spill file in place of this one's.
	a, b := filepath.Join(e.Dir, "split", "00000"), filepath.Join(e.Dir, "split", "00001")
	for _, name := range []string{runName(0), runsName} {
		content, err := os.ReadFile(filepath.Join(b, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(a, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(e.Dir, "count")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := wordCount(e, partTexts, 1, &ran); err == nil || !strings.Contains(err.Error(), "reached this task") {
		t.Errorf("other records go unnoticed: %v", err)
	}
}

func TestMemoryBudget(t *testing.T) {
	stage := job{stage: "s", partitions: 1, memory: 100 << 20}
	for _, tc := range []struct {
		budget  int64
		workers int
		spill   int64
	}{{0, 4, defaultSpill}, {1 << 30, 4, (256<<20 - 100<<20) / 2}, {250 << 20, 2, (125<<20 - 100<<20) / 2}, {101 << 20, 1, leastSpill}} {
		j := &job{stage: stage.stage, partitions: stage.partitions, memory: stage.memory}
		workers, err := (&Engine{Workers: 4, MemoryBudget: tc.budget}).admit(j)
		if err != nil || workers != tc.workers || j.spill != tc.spill {
			t.Errorf("budget %d: %d tasks of %d, %v; want %d of %d", tc.budget, workers, j.spill, err, tc.workers, tc.spill)
		}
	}
	if _, err := (&Engine{MemoryBudget: 50 << 20}).admit(&job{stage: stage.stage, partitions: stage.partitions, memory: stage.memory}); err == nil || !strings.Contains(err.Error(), "at least") {
		t.Errorf("a budget too small for one task: %v", err)
	}
}

func TestCleanTempKeepsResults(t *testing.T) {
	dir := t.TempDir()
	var ran atomic.Int64
	left := filepath.Join(dir, "split", ".00000.dead.tmp")
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, err := wordCount(&Engine{Dir: dir}, partTexts, 2, &ran); err != nil {
		t.Fatal(err)
	}
	if hasFile(left) {
		t.Error("the folder of a killed task stays")
	}
}
