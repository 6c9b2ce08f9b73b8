package flow

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huihai/internal/vfs"
)

// wordCount is a small pipeline: map tasks emit words, reduce tasks count them.
func wordCount(e *Engine, texts []string, partitions int, ran *atomic.Int64) (map[string]int, []*Result, error) {
	ctx := context.Background()
	specs := make([]Spec[None], len(texts))
	for i, t := range texts {
		h, _ := Hash(t)
		specs[i] = Spec[None]{Inputs: []Input{{Path: t, Hash: h}}}
	}
	mapped, err := mapTasks(ctx, e, "split", partitions, specs, func(_ context.Context, t *Task) error {
		ran.Add(1)
		for _, w := range strings.Fields(t.Inputs[0].Path) {
			if err := t.Emit(len(w)%partitions, []byte(w)); err != nil {
				return err
			}
			t.AddRows(1)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	reduced, err := mapTasks(ctx, e, "count", 0, Reduce(mapped, 0, partitions), countWords(ran))
	if err != nil {
		return nil, nil, err
	}
	counts := map[string]int{}
	for _, r := range reduced {
		if err := e.Fetch(ctx, r.Input("counts")); err != nil {
			return nil, nil, err
		}
		b, err := os.ReadFile(r.Path("counts"))
		if err != nil {
			return nil, nil, err
		}
		for _, line := range strings.Fields(string(b)) {
			var n int
			w, num, _ := strings.Cut(line, "=")
			fmt.Sscan(num, &n)
			counts[w] += n
		}
	}
	return counts, append(mapped, reduced...), nil
}

// mapTasks runs a stage whose body is a function of the test.
func mapTasks(ctx context.Context, e *Engine, name string, partitions int, specs []Spec[None], fn func(context.Context, *Task) error) ([]*Result, error) {
	st := Stage[None, None]{Name: name, Run: func(ctx context.Context, t *Task, _, _ None) error { return fn(ctx, t) }}
	return Run(ctx, e, st, Work[None, None]{Tasks: specs, Partitions: partitions})
}

func countWords(ran *atomic.Int64) func(context.Context, *Task) error {
	return func(_ context.Context, t *Task) error {
		in := t.Records()
		ran.Add(1)
		out, err := t.Create("counts")
		if err != nil {
			return err
		}
		last, n := "", 0
		flush := func() {
			if n > 0 {
				fmt.Fprintf(out, "%s=%d\n", last, n)
			}
		}
		for {
			rec, err := in.Next()
			if errors.Is(err, io.EOF) {
				flush()
				return nil
			}
			if err != nil {
				return err
			}
			if w := string(rec); w != last {
				if w < last {
					return fmt.Errorf("record %q after %q", w, last)
				}
				flush()
				last, n = w, 0
			}
			n++
		}
	}
}

func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Any number of workers and any memory gives the same counts, the same outputs
// and the same manifests, down to the byte.
func TestMapReduceProperties(t *testing.T) {
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`([a-d]{0,3} ){0,12}`), 1, 6).Draw(rt, "texts")
		partitions := rapid.IntRange(1, 4).Draw(rt, "partitions")
		want := map[string]int{}
		for _, w := range strings.Fields(strings.Join(texts, " ")) {
			want[w]++
		}
		var first map[string]string
		for _, workers := range []int{1, 3} {
			n++
			var ran atomic.Int64
			e := &Engine{Dir: filepath.Join(base, fmt.Sprint(n)), FS: unsynced{}, Workers: workers, SpillBytes: int64(rapid.SampledFrom([]int{0, 1, 100}).Draw(rt, "budget"))}
			got, _, err := wordCount(e, texts, partitions, &ran)
			if err != nil {
				rt.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				rt.Fatalf("counts %v, want %v", got, want)
			}
			files := tree(t, e.Dir)
			for name := range files { // how records are kept is the engine's own
				if base := filepath.Base(name); base == runsName || strings.HasPrefix(base, "blocks-") {
					delete(files, name)
				}
			}
			if first == nil {
				first = files
			}
			if d := cmp.Diff(first, files); d != "" {
				rt.Fatalf("%d workers give other bytes: %s", workers, d)
			}
			_ = os.RemoveAll(e.Dir)
		}
	})
}

func TestRerunRunsNothing(t *testing.T) {
	var ran atomic.Int64
	e := &Engine{Dir: t.TempDir(), Workers: 2}
	texts := []string{"a b c", "b c", "c"}
	if _, _, err := wordCount(e, texts, 2, &ran); err != nil {
		t.Fatal(err)
	}
	if ran.Load() != 5 {
		t.Fatalf("%d tasks ran, want 5", ran.Load())
	}
	before := tree(t, e.Dir)
	_, results, err := wordCount(e, texts, 2, &ran)
	if err != nil || ran.Load() != 5 {
		t.Fatalf("a rerun ran %d tasks more: %v", ran.Load()-5, err)
	}
	for _, r := range results {
		if !r.Reused {
			t.Errorf("task %s %d is not marked as reused", r.Stage, r.Index)
		}
	}
	if fmt.Sprint(before) != fmt.Sprint(tree(t, e.Dir)) {
		t.Error("a rerun changed files")
	}
	// One input changes: its map task runs again, and the reduction that sees
	// other records.
	texts[2] = "d"
	if _, _, err := wordCount(e, texts, 2, &ran); err != nil || ran.Load() != 7 {
		t.Errorf("after a change of one input %d tasks ran, want 2: %v", ran.Load()-5, err)
	}
	// A lost output runs its task again.
	if err := os.Remove(filepath.Join(e.Dir, "count", "00000", "counts")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := wordCount(e, texts, 2, &ran); err != nil || ran.Load() != 8 {
		t.Errorf("after the loss of an output %d tasks ran, want 1: %v", ran.Load()-7, err)
	}
}

func TestFailureLeavesNothing(t *testing.T) {
	e := &Engine{Dir: t.TempDir()}
	boom := errors.New("boom")
	for name, fn := range map[string]func(context.Context, *Task) error{
		"error": func(context.Context, *Task) error { return boom },
		"panic": func(context.Context, *Task) error { panic("boom") },
	} {
		_, err := mapTasks(context.Background(), e, name, 0, make([]Spec[None], 1), func(ctx context.Context, t *Task) error {
			out, err := t.Create("x")
			if err != nil {
				return err
			}
			if _, err := out.Write([]byte("half")); err != nil {
				return err
			}
			return fn(ctx, t)
		})
		if err == nil || !strings.Contains(err.Error(), "boom") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left := tree(t, e.Dir); len(left) != 0 {
		t.Errorf("failed tasks left %v", left)
	}
}

func TestFirstFailureEndsTheStage(t *testing.T) {
	var ran atomic.Int64
	e := &Engine{Dir: t.TempDir(), Workers: 1}
	_, err := mapTasks(context.Background(), e, "m", 0, make([]Spec[None], 50), func(_ context.Context, t *Task) error {
		ran.Add(1)
		if t.Index == 3 {
			return errors.New("task three")
		}
		return nil
	})
	if err == nil || ran.Load() > 5 {
		t.Errorf("%d tasks ran: %v", ran.Load(), err)
	}
}

func TestProgressCounts(t *testing.T) {
	var last, calls int64
	e := &Engine{Dir: t.TempDir(), Workers: 4, OnProgress: func(stage string, done, total int64) {
		if stage != "m" || total != 100 {
			t.Errorf("progress of %s: %d of %d", stage, done, total)
		}
		last = max(last, done)
		calls++
	}}
	st := Stage[None, None]{Name: "m", Run: func(_ context.Context, t *Task, _, _ None) error {
		t.Progress(10)
		return nil
	}}
	if _, err := Run(context.Background(), e, st, Work[None, None]{Tasks: make([]Spec[None], 10), Total: 100}); err != nil {
		t.Fatal(err)
	}
	if last != 100 || calls != 11 { // one at the start
		t.Errorf("progress ended at %d after %d calls", last, calls)
	}
}

func TestRecordsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, 300)).Draw(t, "records")
		var b bytes.Buffer
		w := NewRecordWriter(&b)
		for _, r := range recs {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r := NewRecordReader(&b)
		for _, want := range recs {
			got, err := r.Next()
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("got %x, %v; want %x", got, err, want)
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the last record: %v", err)
		}
	})
}

// A cut record stream is an error, never a clean end inside a record.
func TestTruncatedRecordsAreNoticed(t *testing.T) {
	var b bytes.Buffer
	w := NewRecordWriter(&b)
	for range 5 {
		if err := w.Write([]byte("a record of some length")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for cut := 11; cut < b.Len(); cut++ { // 10 bytes are the stream's header
		r := NewRecordReader(bytes.NewReader(b.Bytes()[:cut]))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d of %d: taken for whole", cut, b.Len())
		}
	}
}

func FuzzRecordReader(f *testing.F) {
	var b bytes.Buffer
	w := NewRecordWriter(&b)
	_ = w.Write([]byte("seed"))
	_ = w.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewRecordReader(bytes.NewReader(b))
		for {
			if _, err := r.Next(); err != nil {
				return
			}
		}
	})
}

func FuzzSpillFile(f *testing.F) {
	footer := binary.BigEndian.AppendUint64(make([]byte, 16), 1)
	f.Add(append(footer, blockMagic...), 0)
	f.Add([]byte(blockMagic), 1)
	f.Fuzz(func(t *testing.T, b []byte, partition int) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		r, c, err := openRun(path, partition&0xff)
		if err != nil || r == nil {
			return
		}
		defer c.Close()
		defer r.Close()
		for err == nil {
			_, err = r.Next()
		}
	})
}

func TestReplaceFileKeepsTheOldOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := ReplaceFile(vfs.OS{}, path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := ReplaceFile(noRename{}, path, []byte("new")); err == nil {
		t.Error("a failed rename goes unnoticed")
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "old" {
		t.Errorf("content %q, %v", b, err)
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 {
		t.Errorf("a temporary file is left: %v", entries)
	}
}

// unsynced spares the property tests the waits for the disk.
type unsynced struct{ vfs.OS }

type unsyncedFile struct{ vfs.File }

func (unsyncedFile) Sync() error { return nil }

func (unsynced) SyncDir(string) error { return nil }

func (u unsynced) Create(name string) (vfs.File, error) {
	f, err := u.OS.Create(name)
	return unsyncedFile{f}, err
}

type noRename struct{ vfs.OS }

func (noRename) Rename(string, string) error { return os.ErrPermission }

func TestMergeSortsAcrossRuns(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "m")
		if err != nil {
			rt.Fatal(err)
		}
		recs := rapid.SliceOf(rapid.SliceOfN(rapid.ByteRange(0, 3), 0, 12)).Draw(rt, "records")
		e := &Engine{Dir: dir, FS: unsynced{}, SpillBytes: int64(rapid.IntRange(1, 200).Draw(rt, "budget"))}
		res, err := mapTasks(context.Background(), e, "m", 1, make([]Spec[None], 2), func(_ context.Context, t *Task) error {
			for i, r := range recs {
				if i%2 == t.Index {
					if err := t.Emit(0, r); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		want := slices.SortedFunc(slices.Values(recs), bytes.Compare)
		_, err = mapTasks(context.Background(), e, "r", 0, Reduce(res, 0, 1), func(_ context.Context, t *Task) error {
			in := t.Records()
			for _, w := range want {
				got, err := in.Next()
				if err != nil || !bytes.Equal(got, w) {
					return fmt.Errorf("got %x, %v; want %x", got, err, w)
				}
			}
			if _, err := in.Next(); !errors.Is(err, io.EOF) {
				return fmt.Errorf("after the last: %v", err)
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		_ = os.RemoveAll(dir)
	})
}

// Any number of runs is merged, a bounded number at a time.
func TestMergeReadsFewRunsAtATime(t *testing.T) {
	const runs = 5*leastFan + 3
	e := &Engine{Dir: t.TempDir(), FS: unsynced{}, SpillBytes: 1}
	ctx := context.Background()
	res, err := mapTasks(ctx, e, "m", 2, make([]Spec[None], 2), func(_ context.Context, t *Task) error {
		for i := range runs {
			if err := t.Emit(i%2, []byte{byte(i * 37), byte(t.Index)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var scratch string
	reduced, err := mapTasks(ctx, e, "r", 0, Reduce(res, 0, 2), func(_ context.Context, task *Task) error {
		in := task.Records()
		if len(in.runs) < 2 || len(in.runs) > leastFan {
			t.Errorf("%d runs are read at a time, of %d", len(in.runs), leastFan)
		}
		scratch = filepath.Join(task.dir, tempName)
		left, err := os.ReadDir(scratch)
		if err != nil || len(left) > leastFan {
			t.Errorf("%d scratch runs remain, %v", len(left), err)
		}
		var last []byte
		for n := 0; ; n++ {
			rec, err := in.Next()
			if errors.Is(err, io.EOF) {
				if n != runs+1-2*task.Index {
					t.Errorf("partition %d has %d records", task.Index, n)
				}
				return nil
			}
			if err != nil {
				return err
			}
			if bytes.Compare(rec, last) < 0 {
				t.Errorf("%x comes after %x", rec, last)
			}
			last = append(last[:0], rec...)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(reduced[0].Dir, "*")); len(left) != 1 {
		t.Errorf("the result holds %v, want the manifest alone", left)
	}
}

// Every field of a configuration is in its key, whatever its tags and its name say.
func TestKeyHoldsEveryField(t *testing.T) {
	type inner struct{ a, B string }
	type config struct {
		Tagged  int `json:"-" yaml:"-"`
		private float64
		inner
		Inner  inner
		List   []inner
		Map    map[string]int
		Small  *int8
		File   Input
		Nested map[string][]Input
	}
	one, two := int8(1), int8(2)
	base := config{List: []inner{{"x", "y"}}, Map: map[string]int{"a": 1, "b": 2}, Small: &one, File: Input{Path: "p", Hash: "h"}}
	changed := []func(*config){
		func(c *config) { c.Tagged = 1 },
		func(c *config) { c.private = 0.5 },
		func(c *config) { c.a = "1" },
		func(c *config) { c.B = "1" },
		func(c *config) { c.Inner.a = "1" },
		func(c *config) { c.List = []inner{{"xy", ""}} },
		func(c *config) { c.List = nil },
		func(c *config) { c.Map = map[string]int{"a": 2, "b": 1} },
		func(c *config) { c.Small = &two },
		func(c *config) { c.Small = nil },
		func(c *config) { c.File.Hash = "i" },
		func(c *config) { c.Nested = map[string][]Input{"x": {{Hash: "h"}}} },
	}
	seen := map[string]int{}
	for i, change := range append(changed, func(*config) {}) {
		c := base
		change(&c)
		k, err := Key(c)
		if err != nil {
			t.Fatal(err)
		}
		if j, ok := seen[k]; ok {
			t.Errorf("changes %d and %d have one key", i, j)
		}
		seen[k] = i
	}
	moved := base
	moved.File.Path = "elsewhere"
	if a, b := must(t, base), must(t, moved); a != b {
		t.Error("a file that lies elsewhere has another key")
	}
	for _, bad := range []any{func() {}, make(chan int), struct{ X any }{1}} {
		if _, err := Key(bad); err == nil {
			t.Errorf("%T has a key", bad)
		}
	}
}

func must(t *testing.T, v any) string {
	t.Helper()
	k, err := Key(v)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What an earlier run left and something damaged is named and made again; sizes
// alone do not show it.
func TestDamagedResultsAreMadeAgain(t *testing.T) {
	for _, name := range []string{"split/00001/blocks-000.bin", "count/00000/counts"} {
		dir := t.TempDir()
		var ran atomic.Int64
		var notes []string
		e := &Engine{Dir: dir, FS: unsynced{}, OnNote: func(s string) { notes = append(notes, s) }}
		want, _, err := wordCount(e, partTexts, 2, &ran)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		before := ran.Load()
		got, _, err := wordCount(e, partTexts, 2, &ran)
		if err != nil || ran.Load() != before+1 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d tasks ran, %v; counts %v, want %v", name, ran.Load()-before, err, got, want)
		}
		if len(notes) != 1 || !strings.Contains(notes[0], path) {
			t.Errorf("%s: told %q", name, notes)
		}
	}
}

// A task that does not look up is left behind soon after the signal.
func TestDeafTaskIsLeftBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	ended := make(chan struct{})
	e := &Engine{Dir: t.TempDir(), FS: unsynced{}}
	_, err := mapTasks(ctx, e, "deaf", 0, make([]Spec[None], 1), func(context.Context, *Task) error {
		defer close(ended)
		cancel()
		<-release
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	close(release)
	<-ended
	if hasFile(filepath.Join(e.Dir, "deaf", "00000")) {
		t.Error("what was left behind became a result")
	}
}
