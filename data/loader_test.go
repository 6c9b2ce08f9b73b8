package data

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"huihai/data/datatest"
	"huihai/data/pack"
	"huihai/data/shard"
)

// loaderSet builds a small data set with both splits.
func loaderSet(t *testing.T) string {
	t.Helper()
	return BuildForTest(t, 0.15, datatest.Corpus(t, 11))
}

func open(t *testing.T, dir string, cfg LoaderConfig) *Loader {
	t.Helper()
	l, err := Open(dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// take reads n rows, some at a time, and returns the inputs of each.
func take(t *testing.T, l *Loader, n int, rows func() int) [][]int32 {
	t.Helper()
	var out [][]int32
	for len(out) < n {
		b, err := l.Next(context.Background(), min(rows(), n-len(out)))
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Rows {
			out = append(out, slices.Clone(b.InputIDs[i*b.SeqLen:(i+1)*b.SeqLen]))
		}
	}
	return out
}

func by(n int) func() int { return func() int { return n } }

func TestEpochIsEveryRowOnce(t *testing.T) {
	dir := loaderSet(t)
	want := map[string]int{}
	for _, r := range datatest.Shards[shard.TokenRow](t, dir, KindTokens) {
		want[key(r.TokenIDs[:32])]++
	}
	cfg := DefaultLoader()
	cfg.Epochs = 2
	l := open(t, dir, cfg)
	n := int(l.Rows())
	rows := take(t, l, 3*n, by(7))
	if len(rows) != 2*n {
		t.Fatalf("two epochs gave %d rows, want %d", len(rows), 2*n)
	}
	for e := range 2 {
		got := map[string]int{}
		for _, r := range rows[e*n : (e+1)*n] {
			got[key(r)]++
		}
		if len(got) != len(want) {
			t.Fatalf("epoch %d has %d different rows, want %d", e, len(got), len(want))
		}
		for k := range want {
			if got[k] != want[k] {
				t.Fatalf("epoch %d has a row %d times, want %d", e, got[k], want[k])
			}
		}
	}
	if slices.EqualFunc(rows[:n], rows[n:], slices.Equal[[]int32]) {
		t.Error("both epochs have the same order")
	}
}

func key(ids []int32) string {
	b, _ := json.Marshal(ids)
	return string(b)
}

// However many rows are asked for and wherever it is stopped and resumed, the
// samples come in one order.
func TestOrderAndResume(t *testing.T) {
	dir := loaderSet(t)
	cfg := DefaultLoader()
	cfg.Prefetch = 5
	ref := open(t, dir, cfg)
	total := int(ref.Rows()) + 40
	want := take(t, ref, total, by(1))
	rapid.Check(t, func(rt *rapid.T) {
		c := cfg
		c.Prefetch = rapid.IntRange(1, 20).Draw(rt, "prefetch")
		c.CacheBytes = int64(rapid.SampledFrom([]int{0, 1 << 20, 1 << 20, 1 << 20, 1 << 20}).Draw(rt, "cache"))
		c.Verify = false
		l, err := Open(dir, c)
		if err != nil {
			rt.Fatal(err)
		}
		defer l.Close()
		at := rapid.IntRange(0, total-1).Draw(rt, "stop")
		step := func() int { return rapid.IntRange(1, 9).Draw(rt, "rows") }
		got := take(t, l, at, step)
		saved, err := json.Marshal(l.State())
		if err != nil {
			rt.Fatal(err)
		}
		var s State
		if err := json.Unmarshal(saved, &s); err != nil {
			rt.Fatal(err)
		}
		c.Seed = 99 // the state's seed counts
		again, err := Open(dir, c)
		if err != nil {
			rt.Fatal(err)
		}
		defer again.Close()
		if err := again.Restore(s); err != nil {
			rt.Fatal(err)
		}
		got = append(got, take(t, again, total-at, step)...)
		if !slices.EqualFunc(got, want, slices.Equal[[]int32]) {
			rt.Fatalf("stopped at %d: the order differs", at)
		}
	})
}

func TestBatchIsWhatTheRowSays(t *testing.T) {
	var b Batch
	b.resize(2, 6)
	b.set(1, 7, &shard.Row{
		Tokens: []int32{10, 11, 2, 20, 2, 7, 7}, Starts: []int32{0, 3, 5}, Docs: []int64{4, 9, shard.NoDocument},
	}, "")
	const x = IgnoreLabel
	check := func(name string, got, want []int32) {
		t.Helper()
		if !slices.Equal(got[6:], want) {
			t.Errorf("%s %v, want %v", name, got[6:], want)
		}
	}
	check("inputs", b.InputIDs, []int32{10, 11, 2, 20, 2, 7})
	check("labels", b.Labels, []int32{11, 2, x, 2, x, x})
	check("segments", b.Segments, []int32{0, 0, 0, 1, 1, 2})
	check("positions", b.Positions, []int32{0, 1, 2, 0, 1, 0})
	if want := (BatchLedger{Read: 6, Trained: 3, DocumentFirst: 1, Padding: 2}); b.Ledger != want {
		t.Errorf("ledger %+v, want %+v", b.Ledger, want)
	}
}

// The last document may begin at the very last token, which is a label only.
func TestDocumentThatBeginsAtTheLastToken(t *testing.T) {
	var b Batch
	b.resize(1, 2)
	b.set(0, 7, &shard.Row{Tokens: []int32{5, 2, 8}, Starts: []int32{0, 2}, Docs: []int64{1, 2}}, "")
	if !slices.Equal(b.Labels, []int32{2, IgnoreLabel}) || !slices.Equal(b.Segments, []int32{0, 0}) {
		t.Errorf("labels %v, segments %v", b.Labels, b.Segments)
	}
}

// Over an epoch the labels trained on are those that the report counts.
func TestLedgerAgreesWithTheReport(t *testing.T) {
	dir := loaderSet(t)
	var report struct {
		Splits []struct {
			Ledger pack.Ledger `json:"ledger"`
		} `json:"splits"`
	}
	content, err := os.ReadFile(filepath.Join(dir, NameReport))
	if err != nil {
		t.Fatal(err)
	}
	fromJSON(t, string(content), &report)
	for i, split := range []string{Train, Validation} {
		cfg := EvaluationLoader()
		cfg.Split = split
		l := open(t, dir, cfg)
		rows := take(t, l, 1<<20, by(3))
		ledger, want := l.Ledger(), report.Splits[i].Ledger
		if int64(len(rows)) != want.Rows || ledger.Read != want.Rows*32 || ledger.Trained != want.Supervised ||
			ledger.DocumentFirst != want.DocumentFirst || ledger.Padding != want.Padding {
			t.Errorf("%s: loader %+v in %d rows, report %+v", split, ledger, len(rows), want)
		}
		named := map[string]bool{}
		for _, r := range datatest.Shards[shard.TokenRow](t, dir, []string{KindTokens, KindValidation}[i]) {
			named[r.Source] = true
		}
		if len(ledger.Sources) != len(named) || sumOf(ledger.Sources) != ledger.BatchLedger {
			t.Errorf("%s: the accounts of the sources are %+v of %+v", split, ledger.Sources, ledger.BatchLedger)
		}
		if ledger.Read != ledger.Trained+ledger.DocumentFirst+ledger.Padding {
			t.Errorf("%s: the ledger %+v does not close", split, ledger)
		}
	}
}

func sumOf(sources map[string]BatchLedger) (sum BatchLedger) {
	for _, s := range sources {
		sum.Add(s)
	}
	return sum
}

func TestDamagedShardIsNoticed(t *testing.T) {
	dir := loaderSet(t)
	path := filepath.Join(dir, DirTokens, "tokens-00000.parquet")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/3] ^= 1
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, DefaultLoader())
	if _, err := l.Next(context.Background(), 1); err == nil || !strings.Contains(err.Error(), "tokens-00000.parquet") {
		t.Errorf("a flipped bit: %v", err)
	}
	// With verification off the decoder may or may not notice, but must not
	// panic or hand out rows of another shape.
	cfg := DefaultLoader()
	cfg.Verify, cfg.Epochs = false, 1
	for i := 0; i < len(content); i += max(1, len(content)/60) {
		broken := bytes.Clone(content)
		broken[i] ^= 0x55
		if err := os.WriteFile(path, broken, 0o644); err != nil {
			t.Fatal(err)
		}
		l, err := Open(dir, cfg)
		if err != nil {
			continue
		}
		for err == nil {
			_, err = l.Next(context.Background(), 4)
		}
		_ = l.Close()
	}
}

func TestOpenErrors(t *testing.T) {
	dir := loaderSet(t)
	other := t.TempDir()
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, DefaultLoader())
	s := l.State()
	cases := map[string]func(*State){
		"has changed": func(s *State) { s.Fingerprint = "0123" },
		"split":       func(s *State) { s.Split = Validation },
		"row":         func(s *State) { s.Index = l.Rows() },
		"epoch":       func(s *State) { s.Epoch = -1 },
	}
	for want, change := range cases {
		bad := s
		change(&bad)
		if err := l.Restore(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("state %+v: error %v does not say %q", bad, err, want)
		}
	}
	if err := open(t, other, DefaultLoader()).Restore(s); err != nil {
		t.Errorf("the same data in another folder: %v", err)
	}
	if _, err := Open(t.TempDir(), DefaultLoader()); err == nil || !strings.Contains(err.Error(), "train data build") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := Open(dir, LoaderConfig{}); err == nil {
		t.Error("an empty configuration is taken")
	}
	path := filepath.Join(dir, NameManifest)
	b, _ := os.ReadFile(path)
	datatest.Write(t, path, bytes.Replace(b, []byte(`"rows": `), []byte(`"rows": 1`), 1))
	if _, err := Open(dir, DefaultLoader()); err == nil || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("a changed manifest: %v", err)
	}
	if _, err := Open(BuildForTest(t, 0, datatest.Corpus(t, 1)), EvaluationLoader()); err == nil || !strings.Contains(err.Error(), "validation fraction") {
		t.Errorf("no validation split: %v", err)
	}
}

func TestNextHonoursItsContext(t *testing.T) {
	l := open(t, loaderSet(t), DefaultLoader())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Next(ctx, 4); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
	before := l.State()
	first := take(t, l, 4, by(4))
	ref := take(t, open(t, filepath.Clean(l.dir), DefaultLoader()), 4, by(4))
	if before.Index != 0 || !slices.EqualFunc(first, ref, slices.Equal[[]int32]) {
		t.Error("rows are lost after a cancelled call")
	}
}

func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(`{"format":1,"files":[{"path":"../x","kind":"tokens"}]}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, NameManifest), content, 0o644); err != nil {
			t.Fatal(err)
		}
		if m, err := ReadManifest(dir); err == nil {
			for _, file := range m.Files {
				if !filepath.IsLocal(file.Path) {
					t.Errorf("path %q leaves the folder", file.Path)
				}
			}
		}
	})
}

func BenchmarkLoader(b *testing.B) {
	dir := os.Getenv("HUIHAI_BENCH_DATA")
	if dir == "" {
		b.Skip("set HUIHAI_BENCH_DATA to a data set")
	}
	l, err := Open(dir, DefaultLoader())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	tokens := 0
	for b.Loop() {
		batch, err := l.Next(context.Background(), 8)
		if err != nil {
			b.Fatal(err)
		}
		tokens += batch.Rows * batch.SeqLen
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
}
