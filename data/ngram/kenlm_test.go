package ngram

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// goldenModels are the models of testdata.
var goldenModels = map[string]Config{
	"order5":        {Order: 5},
	"order3_pruned": {Order: 3, Prune: []int64{0, 1, 2}},
	"order4_pruned": {Order: 4, Prune: []int64{0, 0, 1}},
}

// kenLM returns a configuration that cuts and counts as KenLM does.
func kenLM(order int, prune ...int64) Config {
	c := Default()
	c.Order, c.Prune, c.Units, c.Fold, c.HeldOut, c.MemoryBytes = order, prune, UnitsWhitespace, false, 0, 1<<20
	return c
}

func corpus(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// arpaValues reads an ARPA file the plain way.
func arpaValues(t testing.TB, text []byte) map[string][2]float64 {
	t.Helper()
	out := map[string][2]float64{}
	in := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasSuffix(line, "-grams:") {
			in = true
		}
		f := strings.Split(line, "\t")
		if !in || len(f) < 2 {
			continue
		}
		var v [2]float64
		for i, s := range []string{f[0], slices.Concat(f, []string{"0"})[2]} {
			x, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			v[i] = x
		}
		out[f[1]] = v
	}
	return out
}

func gunzip(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Our estimate is that of lmplz: the same n-grams with the same values.
func TestEstimateIsThatOfKenLM(t *testing.T) {
	text := corpus(t)
	for _, name := range slices.Sorted(maps.Keys(goldenModels)) {
		t.Run(name, func(t *testing.T) {
			want := arpaValues(t, gunzip(t, "testdata/"+name+".arpa.gz"))
			c := goldenModels[name]
			var b bytes.Buffer
			if err := train(t, kenLM(c.Order, c.Prune...), nil, []string{text}).WriteARPA(&b); err != nil {
				t.Fatal(err)
			}
			got := arpaValues(t, b.Bytes())
			if len(got) != len(want) {
				t.Errorf("%d n-grams, want %d", len(got), len(want))
			}
			worst := 0.0
			for gram, w := range want {
				g, ok := got[gram]
				if !ok {
					t.Fatalf("%q is missing", gram)
				}
				worst = max(worst, math.Abs(g[0]-w[0]), math.Abs(g[1]-w[1]))
			}
			t.Logf("%d n-grams differ by %.1e at most", len(want), worst)
			if !(worst < 5e-6) {
				t.Errorf("values differ by %g", worst)
			}
		})
	}
}

// scored is a row of scores.jsonl.
type scored struct {
	Model, Text string
	Perplexity  float64
	Tokens      [][3]any
}

func goldenScores(t testing.TB) (rows []scored) {
	t.Helper()
	f, err := os.Open("testdata/scores.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var r scored
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

// Scores are those of KenLM's full_scores and perplexity, by models of our own
// estimation and by imported ones.
func TestScoresAreThoseOfKenLM(t *testing.T) {
	text := corpus(t)
	scorers := map[string][]*Scorer{}
	for name, c := range goldenModels {
		cfg := kenLM(c.Order, c.Prune...)
		imported, err := ImportARPA(t.Context(), "testdata/"+name+".arpa.gz", cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer imported.Close()
		for _, b := range []*Built{train(t, cfg, nil, []string{text}), imported} {
			path := filepath.Join(t.TempDir(), "model")
			if err := b.Save(path); err != nil {
				t.Fatal(err)
			}
			m, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if err := m.Verify(); err != nil {
				t.Fatal(err)
			}
			s, err := m.NewScorer(nil)
			if err != nil {
				t.Fatal(err)
			}
			scorers[name] = append(scorers[name], s)
		}
	}
	rows := goldenScores(t)
	if len(rows) < 200 {
		t.Fatalf("only %d rows", len(rows))
	}
	for _, row := range rows {
		for i, s := range scorers[row.Model] {
			checkScores(t, s, row, []string{"trained", "imported"}[i])
		}
	}
}

func checkScores(t *testing.T, s *Scorer, row scored, which string) {
	t.Helper()
	tokens, err := s.Tokens(nil, row.Text)
	if err != nil {
		t.Fatal(err)
	}
	if len(tokens) != len(row.Tokens) {
		t.Fatalf("%s %s %q: %d tokens, want %d", which, row.Model, row.Text, len(tokens), len(row.Tokens))
	}
	for i, w := range row.Tokens {
		g := tokens[i]
		if math.Abs(float64(g.Log10)-w[0].(float64)) > 1e-4 || float64(g.Length) != w[1].(float64) || g.Unknown != w[2].(bool) {
			t.Errorf("%s %s %q: token %d is %+v, want %v", which, row.Model, row.Text, i, g, w)
		}
	}
	r, err := s.Score(row.Text)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.Perplexity/row.Perplexity-1) > 1e-4 {
		t.Errorf("%s %s %q: perplexity %g, want %g", which, row.Model, row.Text, r.Perplexity, row.Perplexity)
	}
}

// What we export comes back as the same file.
func TestARPARoundTrip(t *testing.T) {
	b := train(t, kenLM(4, 0, 0, 1), nil, []string{corpus(t)})
	path := filepath.Join(t.TempDir(), "x.arpa.gz")
	if err := b.SaveARPA(path); err != nil {
		t.Fatal(err)
	}
	again, err := ImportARPA(t.Context(), path, kenLM(4), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var first, second bytes.Buffer
	if err := b.WriteARPA(&first); err != nil {
		t.Fatal(err)
	}
	if err := again.WriteARPA(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the ARPA file of the imported model differs")
	}
}
