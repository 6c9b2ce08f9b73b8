package data

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"huihai/data/datatest"
	"huihai/data/shard"
)

// mixSet builds a data set of three sources of about 1, 2 and 6 parts of rows.
func mixSet(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 0))
	dir := t.TempDir()
	var inputs []string
	for name, n := range map[string]int{"a": 2, "b": 5, "c": 14} {
		path := filepath.Join(dir, name)
		for i := range n {
			datatest.Write(t, filepath.Join(path, fmt.Sprint(i, ".txt")), []byte(datatest.Sentences(rng, 25)))
		}
		inputs = append(inputs, name+"="+path)
	}
	slices.Sort(inputs)
	return BuildForTest(t, 0.1, inputs...)
}

// rowSources maps the inputs of each training row to its source, read from the
// column, and counts the rows of each.
func rowSources(t *testing.T, dir string) (of map[string]string, rows map[string]int64) {
	t.Helper()
	of, rows = map[string]string{}, map[string]int64{}
	for _, r := range datatest.Shards[shard.TokenRow](t, dir, KindTokens) {
		of[key(r.TokenIDs[:32])] = r.Source
		rows[r.Source]++
	}
	return of, rows
}

// sourcesDrawn reads n rows and returns the source of each and the rows.
func sourcesDrawn(t *testing.T, l *Loader, of map[string]string, n int) (sources []string, rows [][]int32) {
	t.Helper()
	rows = take(t, l, n, by(5))
	for _, r := range rows {
		s, ok := of[key(r)]
		if !ok {
			t.Fatal("a row that is not in the data set")
		}
		sources = append(sources, s)
	}
	return sources, rows
}

func mixing(segments ...MixtureSegment) LoaderConfig {
	cfg := DefaultLoader()
	cfg.Prefetch, cfg.Mixture, cfg.RowsBefore = 8, segments, stepsOf(4)
	return cfg
}

// stepsOf tells the rows before a step when every step takes rows.
func stepsOf(rows int64) func(int) int64 {
	return func(step int) int64 {
		if int64(step) > math.MaxInt64/rows {
			return math.MaxInt64
		}
		return int64(step) * rows
	}
}

// The manifest's runs are what the column source says, row by row.
func TestRunsAreTheSources(t *testing.T) {
	dir := mixSet(t)
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, r := range datatest.Shards[shard.TokenRow](t, dir, KindTokens) {
		want = append(want, r.Source)
	}
	for _, f := range m.Files {
		for _, r := range f.Runs {
			got = append(got, slices.Repeat([]string{r.Source}, int(r.Rows))...)
		}
	}
	if !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("runs say %v, the rows %v", got, want)
	}
	// Validation is mixed: a reader of its first rows sees more than one source.
	first := map[string]bool{}
	rows := datatest.Shards[shard.TokenRow](t, dir, KindValidation)
	for _, r := range rows {
		first[r.Source] = true
	}
	t.Logf("%d validation rows of %d sources", len(rows), len(first))
}

func TestMixtureShares(t *testing.T) {
	dir := mixSet(t)
	of, rows := rowSources(t, dir)
	total := float64(rows["a"] + rows["b"] + rows["c"])
	pow := func(n int64, temperature float64) float64 { return math.Pow(float64(n), 1/temperature) }
	for name, tc := range map[string]struct {
		segment MixtureSegment
		want    map[string]float64
	}{
		"weights":      {MixtureSegment{Weights: map[string]float64{"a": 5, "b": 0, "c": 3}}, map[string]float64{"a": 5. / 8, "c": 3. / 8}},
		"nothing said": {MixtureSegment{}, map[string]float64{"a": float64(rows["a"]) / total, "b": float64(rows["b"]) / total, "c": float64(rows["c"]) / total}},
		"temperature 1": {MixtureSegment{Temperature: 1},
			map[string]float64{"a": float64(rows["a"]) / total, "b": float64(rows["b"]) / total, "c": float64(rows["c"]) / total}},
		"temperature 3": {MixtureSegment{Temperature: 3}, map[string]float64{"a": pow(rows["a"], 3), "b": pow(rows["b"], 3), "c": pow(rows["c"], 3)}},
		"uniform":       {MixtureSegment{Temperature: 1e12}, map[string]float64{"a": 1. / 3, "b": 1. / 3, "c": 1. / 3}},
	} {
		sum := 0.0
		for _, w := range tc.want {
			sum += w
		}
		l := open(t, dir, mixing(tc.segment))
		sources, _ := sourcesDrawn(t, l, of, 300)
		counts := map[string]float64{}
		for n, s := range sources {
			counts[s]++
			for _, k := range []string{"a", "b", "c"} {
				if want := tc.want[k] / sum * float64(n+1); math.Abs(counts[k]-want) >= 1 {
					t.Fatalf("%s: after %d rows source %s was drawn %g times, want %g", name, n+1, k, counts[k], want)
				}
			}
		}
		ledger := l.Ledger()
		if sumOf(ledger.Sources) != ledger.BatchLedger || ledger.Sources["a"].Read != int64(counts["a"])*32 {
			t.Errorf("%s: the accounts of the sources %+v do not close", name, ledger)
		}
	}
}

// Each pass over a source takes every row of it once, in an order of its own.
func TestMixtureSourceIsDrawnPassByPass(t *testing.T) {
	dir := mixSet(t)
	of, rows := rowSources(t, dir)
	for _, shuffle := range []bool{true, false} {
		cfg := mixing(MixtureSegment{Weights: map[string]float64{"a": 1, "b": 1, "c": 1}})
		cfg.Shuffle = shuffle
		l := open(t, dir, cfg)
		sources, drawn := sourcesDrawn(t, l, of, int(9*rows["b"]))
		var orders [][]string
		var pass []string
		for i, s := range sources {
			if s != "b" {
				continue
			}
			if pass = append(pass, key(drawn[i])); int64(len(pass)) == rows["b"] {
				orders = append(orders, pass)
				pass = nil
			}
		}
		if len(orders) < 2 || slices.Equal(orders[0], orders[1]) == shuffle {
			t.Fatalf("shuffle %t: %d passes, the same order %t", shuffle, len(orders), slices.Equal(orders[0], orders[1]))
		}
		for _, o := range orders {
			slices.Sort(o)
			if len(slices.Compact(slices.Clone(o))) != len(o) || !slices.Equal(o, orders[0]) {
				t.Fatal("a pass is not every row once")
			}
		}
	}
}

func TestMixtureLimits(t *testing.T) {
	dir := mixSet(t)
	of, rows := rowSources(t, dir)
	count := func(sources []string, name string) (n int64) {
		for _, s := range sources {
			if s == name {
				n++
			}
		}
		return n
	}
	// a and b run out, then c alone goes on.
	l := open(t, dir, mixing(MixtureSegment{Weights: map[string]float64{"a": 1, "b": 1, "c": 1}, SourceMaxEpochs: map[string]float64{"a": 1, "b": 1.5}}))
	sources, _ := sourcesDrawn(t, l, of, int(8*rows["c"]))
	if a, b := count(sources, "a"), count(sources, "b"); a != rows["a"] || b != int64(1.5*float64(rows["b"])) || sources[len(sources)-1] != "c" {
		t.Errorf("a was drawn %d times of %d, b %d of %d", a, rows["a"], b, rows["b"])
	}
	// All run out: the stream ends, with every row twice.
	l = open(t, dir, mixing(MixtureSegment{Temperature: 4, MaxEpochs: 2}))
	sources, _ = sourcesDrawn(t, l, of, 1<<20)
	if int64(len(sources)) != 2*l.Rows() || count(sources, "a") != 2*rows["a"] {
		t.Errorf("the stream ends after %d rows, want %d", len(sources), 2*l.Rows())
	}
	if _, err := l.Next(context.Background(), 1); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	// Available tells the end without reading.
	twice := DefaultLoader()
	twice.Epochs = 2
	three := l.Rows() * 3
	for name, tc := range map[string]struct {
		l    *Loader
		want int64
	}{
		"bounded": {l, 2 * l.Rows()}, "endless": {open(t, dir, mixing(MixtureSegment{SourceMaxEpochs: map[string]float64{"a": 1}})), three},
		"epochs": {open(t, dir, twice), 2 * l.Rows()}, "no epochs": {open(t, dir, DefaultLoader()), three},
	} {
		if got, err := tc.l.Available(three); err != nil || got != tc.want {
			t.Errorf("%s: %d rows of %d, want %d: %v", name, got, three, tc.want, err)
		}
		if got, err := tc.l.Available(7); err != nil || got != 7 {
			t.Errorf("%s: %d rows of 7: %v", name, got, err)
		}
	}
}

// A change happens at its step exactly, and the rows of a source go on where they
// were: nothing is lost or comes twice.
func TestMixtureChangesAtAStep(t *testing.T) {
	dir := mixSet(t)
	of, rows := rowSources(t, dir)
	only := func(name string) map[string]float64 {
		w := map[string]float64{"a": 0, "b": 0, "c": 0}
		w[name] = 1
		return w
	}
	l := open(t, dir, mixing(
		MixtureSegment{Weights: only("b")},
		MixtureSegment{FromStep: 2, Weights: only("c")},
		MixtureSegment{FromStep: 3, Weights: only("b")},
	))
	n := 8 + 4 + int(rows["b"]) - 8
	sources, drawn := sourcesDrawn(t, l, of, n)
	seen := map[string]bool{}
	for i, s := range sources {
		want := "b"
		if i >= 8 && i < 12 {
			want = "c"
		}
		if s != want {
			t.Fatalf("row %d is of source %s, want %s", i, s, want)
		}
		if k := key(drawn[i]); seen[k] {
			t.Fatalf("row %d was seen before", i)
		} else {
			seen[k] = true
		}
	}
}

// Any number of readers, stopped anywhere, restored by any other number: the same
// global order.
func TestReadersShareAnOrder(t *testing.T) {
	dir := mixSet(t)
	mixed := mixing(MixtureSegment{Temperature: 2, SourceMaxEpochs: map[string]float64{"a": 3}}, MixtureSegment{FromStep: 9, Weights: map[string]float64{"a": 1, "b": 2, "c": 1}, MaxEpochs: 4})
	plain := DefaultLoader()
	plain.Epochs = 2
	for name, cfg := range map[string]LoaderConfig{"mixture": mixed, "plain": plain} {
		cfg.Verify = false
		whole := open(t, dir, cfg)
		want := take(t, whole, 1<<20, by(3))
		end := whole.State()
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				var got [][]int32
				state := open(t, dir, cfg).State()
				for turn := 0; len(got) < len(want); turn++ {
					if turn > len(want) { // each turn reads a row or more, before the end
						rt.Fatalf("the order ends after %d rows of %d", len(got), len(want))
					}
					n := rapid.IntRange(1, 4).Draw(rt, "readers")
					steps := rapid.IntRange(1, 60).Draw(rt, "steps")
					var err error
					if got, state, err = readTogether(dir, cfg, state, n, steps, rapid.IntRange(1, 20).Draw(rt, "rows"), got); err != nil {
						rt.Fatal(err)
					}
				}
				if !slices.EqualFunc(got, want, slices.Equal[[]int32]) {
					rt.Fatal("the order differs")
				}
				if a, b := jsonOf(state), jsonOf(end); a != b {
					rt.Fatalf("the state at the end is %s, want %s", a, b)
				}
			})
		})
	}
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// readTogether opens n readers at a state, takes some batches of each, and appends
// their rows in the global order.
func readTogether(dir string, cfg LoaderConfig, s State, n, steps, rows int, got [][]int32) ([][]int32, State, error) {
	var readers []*Loader
	for i := range n {
		c := cfg
		c.Reader, c.Readers = i, n
		l, err := Open(dir, c)
		if err != nil {
			return nil, s, err
		}
		defer l.Close()
		if err := l.Restore(s); err != nil {
			return nil, s, err
		}
		readers = append(readers, l)
	}
	for range steps {
		out := make([][][]int32, n)
		for i, l := range readers {
			b, err := l.Next(context.Background(), rows)
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, s, err
			}
			for k := 0; err == nil && k < b.Rows; k++ {
				out[i] = append(out[i], slices.Clone(b.InputIDs[k*b.SeqLen:(k+1)*b.SeqLen]))
			}
			if i > 0 && jsonOf(l.State()) != jsonOf(readers[0].State()) {
				return nil, s, fmt.Errorf("readers are at %s and %s", jsonOf(l.State()), jsonOf(readers[0].State()))
			}
		}
		for k := range rows {
			for i := range readers {
				if k < len(out[i]) {
					got = append(got, out[i][k])
				}
			}
		}
	}
	var state State
	return got, state, json.Unmarshal([]byte(jsonOf(readers[0].State())), &state)
}

// States of before mixtures look the same and load; the size of a state is that of
// the sources.
func TestStates(t *testing.T) {
	dir := mixSet(t)
	l := open(t, dir, DefaultLoader())
	take(t, l, 7, by(7))
	want := fmt.Sprintf(`{"fingerprint":%q,"split":"train","shuffle":true,"seed":1,"epoch":0,"index":7}`, l.Fingerprint())
	if got := jsonOf(l.State()); got != want {
		t.Errorf("the state without a mixture is %s, want %s", got, want)
	}
	even := MixtureSegment{Weights: map[string]float64{"a": 1, "b": 1, "c": 1}}
	m := open(t, dir, mixing(even))
	take(t, m, 200, by(8))
	s := m.State()
	if got := jsonOf(s); len(got) > 350 || s.Epoch*m.Rows()+s.Index != 200 {
		t.Errorf("the state is %s", got)
	}
	restore := func(s State, segments ...MixtureSegment) error { return open(t, dir, mixing(segments...)).Restore(s) }
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"mixture into plain":   {l.Restore(s), "loader.mixture is empty"},
		"plain into mixture":   {m.Restore(l.State()), "without a mixture"},
		"other weights":        {restore(s, MixtureSegment{Weights: map[string]float64{"a": 1, "b": 2, "c": 1}}), "other segments"},
		"a change in the past": {restore(s, even, MixtureSegment{FromStep: 49, Temperature: 2}), "other segments"},
	} {
		if tc.err == nil || !strings.Contains(tc.err.Error(), tc.want) {
			t.Errorf("%s: error %v does not say %q", name, tc.err, tc.want)
		}
	}
	if err := restore(s, even, MixtureSegment{FromStep: 50, Temperature: 2}); err != nil {
		t.Errorf("a change from this step on: %v", err)
	}
	bad := s
	bad.Index++
	if err := m.Restore(bad); err == nil || !strings.Contains(err.Error(), "200 rows") {
		t.Errorf("counters that do not add up: %v", err)
	}
	bad.Index, bad.Epoch = 0, math.MaxInt64
	if err := m.Restore(bad); err == nil {
		t.Error("an epoch beyond all is taken")
	}
}

func TestMixtureMistakes(t *testing.T) {
	dir := mixSet(t)
	all := map[string]float64{"a": 1, "b": 1, "c": 1}
	for want, cfg := range map[string]LoaderConfig{
		`names "wiki", which is no source of the data set; its sources: a, b, c`: mixing(MixtureSegment{Weights: map[string]float64{"a": 1, "b": 1, "c": 1, "wiki": 1}}),
		`source_max_epochs names "d"`:                                            mixing(MixtureSegment{SourceMaxEpochs: map[string]float64{"d": 1}}),
		`weights says nothing of source "b"`:                                     mixing(MixtureSegment{Weights: map[string]float64{"a": 1, "c": 1}}),
		"mixture[0].from_step is 3; the first":                                   mixing(MixtureSegment{FromStep: 3}),
		"mixture[1].from_step is 0; it must be greater":                          mixing(MixtureSegment{}, MixtureSegment{}),
		"mixture[0].weights are all 0":                                           mixing(MixtureSegment{Weights: map[string]float64{"a": 0}}),
		"mixture[0].weights.a is -1":                                             mixing(MixtureSegment{Weights: map[string]float64{"a": -1, "b": 1}}),
		"mixture[0].temperature is 0.5":                                          mixing(MixtureSegment{Temperature: 0.5}),
		"temperature goes without weights":                                       mixing(MixtureSegment{Temperature: 2, Weights: all}),
		"mixture[0].max_epochs is -1":                                            mixing(MixtureSegment{MaxEpochs: -1}),
		"mixture[0].source_max_epochs.a is NaN":                                  mixing(MixtureSegment{SourceMaxEpochs: map[string]float64{"a": math.NaN()}}),
		"was not told how many rows":                                             {Split: Train, Prefetch: 1, Mixture: []MixtureSegment{{}, {FromStep: 1}}},
		`mixture is for split "train"`:                                           {Split: Validation, Prefetch: 1, Mixture: []MixtureSegment{{}}},
		"epochs is 2, but a mixture has none":                                    {Split: Train, Prefetch: 1, Epochs: 2, Mixture: []MixtureSegment{{}}},
		"reader 2 of 2":                                                          {Split: Train, Prefetch: 1, Reader: 2, Readers: 2},
		fmt.Sprintf("from_step is %d, which", math.MaxInt64):                     mixing(MixtureSegment{}, MixtureSegment{FromStep: math.MaxInt64}),
	} {
		if _, err := Open(dir, cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

// Following the order takes no memory per row, however many sources there are.
func TestWalkDoesNotAllocate(t *testing.T) {
	l := open(t, mixSet(t), mixing(MixtureSegment{Temperature: 2}))
	n := testing.AllocsPerRun(200, func() {
		l.then.copyFrom(l.at)
		for range 4 {
			l.then.skip()
		}
		l.at, l.then = l.then, l.at
	})
	if n != 0 {
		t.Errorf("four rows take %g allocations", n)
	}
}

// A data set of before runs can be read as before, but not mixed.
func TestOlderFormat(t *testing.T) {
	dir := mixSet(t)
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Format = 1
	for i := range m.Files {
		m.Files[i].Runs = nil
	}
	if err := m.Sign(); err != nil {
		t.Fatal(err)
	}
	datatest.Write(t, filepath.Join(dir, NameManifest), []byte(jsonOf(m)))
	l := open(t, dir, DefaultLoader())
	b, err := l.Next(context.Background(), 4)
	if err != nil || len(b.Sources) == 0 || !b.SourcesClose() { // they stand in the rows
		t.Errorf("sources %v, error %v", b.Sources, err)
	}
	if names, _ := l.Sources(); names != nil {
		t.Errorf("sources %v without runs", names)
	}
	if _, err := Open(dir, mixing(MixtureSegment{})); err == nil || !strings.Contains(err.Error(), "build the data set again") {
		t.Errorf("mixing without runs: %v", err)
	}
	for i := range m.Files {
		if m.Files[i].Kind == KindTokens {
			m.Files[i].Runs = []Run{{"a", m.Files[i].Rows - 1}}
		}
	}
	if err := m.Sign(); err != nil {
		t.Fatal(err)
	}
	datatest.Write(t, filepath.Join(dir, NameManifest), []byte(jsonOf(m)))
	if _, err := ReadManifest(dir); err == nil || !strings.Contains(err.Error(), "rows") {
		t.Errorf("runs that do not add up: %v", err)
	}
}
