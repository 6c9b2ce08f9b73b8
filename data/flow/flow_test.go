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

	"huihai/internal/vfs"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// wordCount is a small pipeline: map tasks emit words, reduce tasks count them.
func wordCount(e *Engine, texts []string, partitions int, ran *atomic.Int64) (map[string]int, []*Result, error) {
	ctx := context.Background()
	specs := make([]Spec, len(texts))
	for i, t := range texts {
		h, _ := Hash(t)
		specs[i] = Spec{Inputs: []Input{{Path: t, Hash: h}}}
	}
	mapped, err := e.Map(ctx, Stage{Name: "split", Code: "1", Partitions: partitions}, specs, func(_ context.Context, t *Task) error {
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
	reduced, err := e.Reduce(ctx, Stage{Name: "count", Code: "1"}, partitions, mapped, Spec{}, countWords(ran))
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

func countWords(ran *atomic.Int64) ReduceFunc {
	return func(_ context.Context, t *Task, in *Merge) error {
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
	for name, fn := range map[string]TaskFunc{
		"error": func(context.Context, *Task) error { return boom },
		"panic": func(context.Context, *Task) error { panic("boom") },
	} {
		_, err := e.Single(context.Background(), Stage{Name: name}, Spec{}, func(ctx context.Context, t *Task) error {
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
	_, err := e.Map(context.Background(), Stage{Name: "m"}, make([]Spec, 50), func(_ context.Context, t *Task) error {
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
	if _, err := e.Map(context.Background(), Stage{Name: "m", Total: 100}, make([]Spec, 10), func(_ context.Context, t *Task) error {
		t.Progress(10)
		return nil
	}); err != nil {
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
		res, err := e.Map(context.Background(), Stage{Name: "m", Partitions: 1}, make([]Spec, 2), func(_ context.Context, t *Task) error {
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
		_, err = e.Reduce(context.Background(), Stage{Name: "r"}, 1, res, Spec{}, func(_ context.Context, _ *Task, in *Merge) error {
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
	res, err := e.Map(ctx, Stage{Name: "m", Partitions: 2}, make([]Spec, 2), func(_ context.Context, t *Task) error {
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
	reduced, err := e.Reduce(ctx, Stage{Name: "r"}, 2, res, Spec{}, func(_ context.Context, task *Task, in *Merge) error {
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
