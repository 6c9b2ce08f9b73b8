package data

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"huihai/data/datatest"
	"huihai/data/shard"
)

// Every row of a batch says which row of the split it is, of which source, and which
// documents lie where: compared with the files themselves.
func TestLineage(t *testing.T) {
	dir := mixSet(t)
	for kind, cfg := range map[string]LoaderConfig{KindTokens: DefaultLoader(), KindValidation: EvaluationLoader()} {
		cfg.Prefetch, cfg.Epochs = 3, 1
		rows := datatest.Shards[shard.TokenRow](t, dir, kind)
		l := open(t, dir, cfg)
		seen := make([]bool, len(rows))
		for {
			b, err := l.Next(context.Background(), 5)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(b.Lineage) != b.Rows {
				t.Fatalf("%s: %d lineages of %d rows", kind, len(b.Lineage), b.Rows)
			}
			for i, got := range b.Lineage {
				want := rows[got.Row]
				if seen[got.Row] {
					t.Fatalf("%s: row %d comes twice", kind, got.Row)
				}
				seen[got.Row] = true
				if got.Source != want.Source || !slices.Equal(got.Starts, want.DocStarts) || !slices.Equal(got.Docs, want.DocNos) ||
					!slices.Equal(b.InputIDs[i*b.SeqLen:(i+1)*b.SeqLen], want.TokenIDs[:b.SeqLen]) {
					t.Fatalf("%s: row %d is %+v, want source %s, documents %v from %v", kind, got.Row, got, want.Source, want.DocNos, want.DocStarts)
				}
			}
		}
		if slices.Contains(seen, false) {
			t.Errorf("%s: a row is missing", kind)
		}
	}
}

// A hundred batches take no memory once the loader is under way.
func TestLineageDoesNotAllocate(t *testing.T) {
	var b Batch
	r := shard.Row{Tokens: make([]int32, 33), Starts: []int32{0}, Docs: []int64{3}}
	for i := range 32 {
		r.Starts, r.Docs = append(r.Starts[:i], int32(i)), append(r.Docs[:i], int64(i))
	}
	fill := func() {
		b.resize(4, 32)
		for i := range 4 {
			b.set(i, int64(i), &r, "a")
		}
	}
	fill()
	if n := testing.AllocsPerRun(100, fill); n != 0 {
		t.Errorf("a batch takes %g allocations", n)
	}
	b.resize(2, 32)
	b.set(0, 5, &r, "a")
	if b.cut(1); len(b.Lineage) != 1 || b.Lineage[0].Row != 5 || len(b.Lineage[0].Docs) != 32 {
		t.Errorf("the lineage of a smaller batch is %+v", b.Lineage)
	}
}

// From any place that rows were counted to, the order goes on as it does from there.
func TestSeekRows(t *testing.T) {
	dir := mixSet(t)
	mixed := mixing(MixtureSegment{Temperature: 2, SourceMaxEpochs: map[string]float64{"a": 3}}, MixtureSegment{FromStep: 9, Weights: map[string]float64{"a": 1, "b": 2, "c": 1}, MaxEpochs: 4})
	plain := DefaultLoader()
	plain.Epochs = 2
	for name, cfg := range map[string]LoaderConfig{"mixture": mixed, "plain": plain} {
		cfg.Verify = false
		want := take(t, open(t, dir, cfg), 1<<20, by(3))
		l := open(t, dir, cfg)
		rapid.Check(t, func(rt *rapid.T) {
			at := rapid.IntRange(0, len(want)).Draw(rt, "at")
			if err := l.SeekRows(int64(at)); err != nil {
				rt.Fatal(err)
			}
			if n := l.Drawn(); n != int64(at) || l.State().RowsDrawn(l.Rows()) != n {
				rt.Fatalf("%s: at %d after seeking %d", name, n, at)
			}
			n := rapid.IntRange(0, 20).Draw(rt, "rows")
			got := take(t, l, n, by(3))
			if end := min(len(want), at+n); !slices.EqualFunc(got, want[at:end], slices.Equal[[]int32]) {
				rt.Fatalf("%s: other rows from %d on", name, at)
			}
			// The place is one that a state leads to.
			again := open(t, dir, cfg)
			if err := again.Restore(l.State()); err != nil {
				rt.Fatal(err)
			}
		})
		for _, bad := range []int64{-1, int64(len(want)) + 1, math.MaxInt64} {
			if err := l.SeekRows(bad); err == nil {
				t.Errorf("%s: the place after %d rows of %d is taken", name, bad, len(want))
			}
		}
	}
	endless := open(t, dir, DefaultLoader())
	if err := endless.SeekRows(7*endless.Rows() + 3); err != nil || endless.State().Epoch != 7 || endless.State().Index != 3 {
		t.Errorf("the place is %+v: %v", endless.State(), err)
	}
}

// What is said of a run is what the run draws.
func TestRepeats(t *testing.T) {
	dir := mixSet(t)
	of, available := rowSources(t, dir)
	mixed := mixing(MixtureSegment{Weights: map[string]float64{"a": 5, "b": 1, "c": 0}, SourceMaxEpochs: map[string]float64{"b": 1}})
	for name, cfg := range map[string]LoaderConfig{"mixture": mixed, "plain": DefaultLoader()} {
		l := open(t, dir, cfg)
		n := int(2*l.Rows()) + 5
		got, err := l.Repeats(int64(n))
		if err != nil {
			t.Fatal(err)
		}
		sources, _ := sourcesDrawn(t, l, of, n)
		drawn := map[string]int64{}
		for _, s := range sources {
			drawn[s]++
		}
		sum := int64(0)
		for _, r := range got {
			sum += r.Drawn
			near := r.Drawn == drawn[r.Source] || name == "plain" && max(r.Drawn, drawn[r.Source])-min(r.Drawn, drawn[r.Source]) <= 5
			if !near || r.Rows != available[r.Source] || r.Passes != float64(r.Drawn)/float64(r.Rows) {
				t.Errorf("%s: %+v, but %d rows of %d were drawn", name, r, drawn[r.Source], available[r.Source])
			}
		}
		if len(got) != 3 || sum != int64(n) {
			t.Errorf("%s: %d rows of %d sources, want %d", name, sum, len(got), n)
		}
		// Beyond what can be counted one by one.
		if got, err = l.Repeats(math.MaxInt64 / 4); err != nil || got[0].Passes < 1e12 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	ended := open(t, dir, mixing(MixtureSegment{MaxEpochs: 2}))
	got, err := ended.Repeats(1 << 20)
	if err != nil || got[0].Passes != 2 || got[1].Passes != 2 || got[2].Passes != 2 {
		t.Errorf("a mixture that ends: %+v, %v", got, err)
	}
}

// A damaged file of either split is found before any row is read, wherever it is.
func TestCheckFiles(t *testing.T) {
	dir := loaderSet(t)
	ctx := context.Background()
	l := open(t, dir, EvaluationLoader())
	if err := l.CheckFiles(ctx); err != nil {
		t.Fatal(err)
	}
	if rows := take(t, l, 1<<20, by(4)); int64(len(rows)) != l.Rows() {
		t.Errorf("%d rows after the check, want %d", len(rows), l.Rows())
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := open(t, dir, DefaultLoader()).CheckFiles(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	path := filepath.Join(dir, DirValidation, "validation-00000.parquet")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(content)
	flipped[len(content)/2] ^= 1
	for name, damage := range map[string]func(){
		"SHA-256":       func() { datatest.Write(t, path, flipped) },
		"bytes":         func() { datatest.Write(t, path, content[:len(content)-1]) },
		"no such file":  func() { _ = os.Remove(path) },
		"is no file":    func() { _ = os.Remove(path); _ = os.Mkdir(path, 0o755) },
		"not-a-problem": func() { _ = os.Remove(path); datatest.Write(t, path, content) },
	} {
		damage()
		err := open(t, dir, EvaluationLoader()).CheckFiles(ctx)
		if name == "not-a-problem" {
			if err != nil {
				t.Error(err)
			}
		} else if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "validation-00000.parquet") {
			t.Errorf("error %v does not say %q", err, name)
		}
		_ = os.RemoveAll(path)
		datatest.Write(t, path, content)
		if err := open(t, dir, DefaultLoader()).CheckFiles(ctx); err != nil {
			t.Errorf("the other split: %v", err)
		}
	}
	// Without verification the columns and the number of rows are looked at still.
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Files[slices.IndexFunc(m.Files, func(f ManifestFile) bool { return f.Kind == KindValidation })].Rows++
	if err := m.Sign(); err != nil {
		t.Fatal(err)
	}
	datatest.Write(t, filepath.Join(dir, NameManifest), []byte(jsonOf(m)))
	cfg := EvaluationLoader()
	cfg.Verify = false
	if err := open(t, dir, cfg).CheckFiles(ctx); err == nil || !strings.Contains(err.Error(), "the manifest says") {
		t.Errorf("a row that is missing: %v", err)
	}
}

// The tokenizer that lies in the data set is the one that the ids are of, and no row
// holds an id that it does not have.
func TestTokenizerOfTheDataSet(t *testing.T) {
	dir := loaderSet(t)
	path := TokenizerPath(dir)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(want string) {
		t.Helper()
		if _, err := Open(dir, DefaultLoader()); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	flipped := slices.Clone(content)
	flipped[len(content)/2] ^= 1
	datatest.Write(t, path, flipped)
	refused("is not the tokenizer that the data set was built with")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused("no such file")
	datatest.Write(t, path, content)

	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	size := m.VocabSize
	forge := func(vocab int) {
		m.VocabSize = vocab
		if err := m.Sign(); err != nil {
			t.Fatal(err)
		}
		datatest.Write(t, filepath.Join(dir, NameManifest), []byte(jsonOf(m)))
	}
	forge(size + 1)
	refused("pieces")
	forge(size)
	l := open(t, dir, DefaultLoader())
	if l.EOS() != m.EOS || l.VocabSize() != size || l.TokenizerFingerprint() != m.Tokenizer {
		t.Errorf("end %d, vocabulary %d, tokenizer %s", l.EOS(), l.VocabSize(), l.TokenizerFingerprint())
	}
	l.manifest.VocabSize = 3 // as if the rows were of a larger vocabulary
	if _, err := l.Next(context.Background(), 1); err == nil || !strings.Contains(err.Error(), "has ids from 0 to 2") {
		t.Errorf("an id beyond the vocabulary: %v", err)
	}
}

// States that earlier versions wrote lead to the same place.
func TestStatesOfBefore(t *testing.T) {
	dir := loaderSet(t)
	want := take(t, open(t, dir, DefaultLoader()), 12, by(4))
	l := open(t, dir, DefaultLoader())
	var s State
	fromJSON(t, `{"fingerprint":"`+l.Fingerprint()+`","split":"train","shuffle":true,"seed":1,"epoch":0,"index":5}`, &s)
	if err := l.Restore(s); err != nil {
		t.Fatal(err)
	}
	if got := take(t, l, 7, by(3)); !slices.EqualFunc(got, want[5:], slices.Equal[[]int32]) {
		t.Error("other rows follow")
	}
}

// A run that changes its batch on the way goes on by the rows that it took.
func TestRowsBeforeAfterAChangeOfTheBatch(t *testing.T) {
	dir := mixSet(t)
	segments := []MixtureSegment{{}, {FromStep: 3, Weights: map[string]float64{"a": 1, "b": 0, "c": 0}}, {FromStep: 6, Weights: map[string]float64{"a": 0, "b": 1, "c": 0}}}
	before := open(t, dir, mixing(segments...)) // four rows a step
	take(t, before, 16, by(4))
	s := before.State() // after four steps, in the second segment
	cfg := mixing(segments...)
	cfg.RowsBefore = stepsOf(2)
	if err := open(t, dir, cfg).Restore(s); err == nil || !strings.Contains(err.Error(), "other segments") {
		t.Errorf("another batch from the beginning: %v", err)
	}
	cfg.RowsBefore = func(step int) int64 {
		if step <= 4 {
			return 4 * int64(step)
		}
		return 16 + 2*int64(step-4)
	}
	after := open(t, dir, cfg)
	if err := after.Restore(s); err != nil {
		t.Fatal(err)
	}
	of, _ := rowSources(t, dir)
	if got, _ := sourcesDrawn(t, after, of, 8); strings.Join(got, "") != "aaaabbbb" {
		t.Errorf("two steps of two rows and then the third segment: %v", got)
	}
}

func fromJSON(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatal(err)
	}
}
