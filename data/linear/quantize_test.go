package linear

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// smallModel tells two made-up kinds of text apart.
func smallModel(t *testing.T, known bool) *Model {
	t.Helper()
	cfg := Default()
	cfg.WordNgrams, cfg.Bucket, cfg.Dim, cfg.KnownOnly = 3, 5000, 6, known
	tr, err := NewTrainer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields("river stone winter boat quiet walk 山 水 月 buy cheap now click 买 卖 钱 offer sale")
	for i := range 400 {
		label, from := "good", words[:10]
		if i%2 == 1 {
			label, from = "bad", words[8:]
		}
		var text []string
		for j := range 12 {
			text = append(text, from[(i*7+j*j*3)%len(from)])
		}
		if err := tr.Add(strings.Join(text, " "), label); err != nil {
			t.Fatal(err)
		}
	}
	m, _, err := tr.Train(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var quantizeTexts = []string{"river stone boat", "buy cheap 买 now now click", "a text of other words 月", "quiet 山 水 walk sale", "offer"}

// One byte a row changes probabilities a little, and the file keeps them.
func TestQuantizeKeepsProbabilities(t *testing.T) {
	m := smallModel(t, false)
	q, err := m.Quantize()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.ftz")
	if err := q.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if !read.Info().Quantised || read.Info().Tokens != Units {
		t.Errorf("the file holds %+v", read.Info())
	}
	for _, text := range quantizeTexts {
		for label := range 2 {
			full, small, back := m.NewScorer().Score(text, label), q.NewScorer().Score(text, label), read.NewScorer().Score(text, label)
			if math.Abs(float64(full-small)) > 0.02 || small != back {
				t.Errorf("%q, label %d: %g, quantised %g, read back %g", text, label, full, small, back)
			}
		}
	}
}

func TestQuantizeRefusesManyLabels(t *testing.T) {
	tr, _ := NewTrainer(Default())
	for _, l := range []string{"a", "b", "c"} {
		if err := tr.Add("word "+l, l); err != nil {
			t.Fatal(err)
		}
	}
	m, _, err := tr.Train(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Quantize(); err == nil {
		t.Error("three labels are quantised to one value")
	}
	if _, err := m.Margins(0); err == nil {
		t.Error("a model of three labels has margins")
	}
}

// The 256 values hold 0 and are near to what they stand for.
func TestLloyd(t *testing.T) {
	x := []float32{0, -3, 5, 1, 1, 1, 2.5}
	c := lloyd(x)
	if !slices.IsSorted(c) || !slices.Contains(c, 0) {
		t.Errorf("values %v", c)
	}
	for _, v := range x {
		if got := c[nearest(c, v)]; math.Abs(float64(got-v)) > 0.01 {
			t.Errorf("%g becomes %g", v, got)
		}
	}
	if got := lloyd([]float32{0, 0}); !slices.Equal(got, make([]float32, levels)) {
		t.Error("zeros have other values")
	}
}

// Margins are the logarithms of the odds of a Scorer, but for the token that ends a
// text: a plain version adds the features up.
func TestMarginsAreTheOdds(t *testing.T) {
	q, err := smallModel(t, true).Quantize()
	if err != nil {
		t.Fatal(err)
	}
	label, err := q.Label("good")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := q.Margins(label)
	if err != nil {
		t.Fatal(err)
	}
	codes := q.input.(*quantised)
	out := q.output.(*dense)
	for _, text := range append(quantizeTexts, "", "。！") {
		f := q.features()
		f.reset()
		want, tokens := 0.0, 0
		var sp splitter
		for sp.start(Units, text); sp.next(); tokens++ {
			f.token(q.dict.find(sp.token, sp.hash), sp.token, sp.hash)
		}
		f.ngrams(1 << 20)
		for _, id := range f.ids {
			want += float64(codes.parts.centroids[codes.codes[id]]) * float64(out.data[label]-out.data[1-label])
		}
		got, n := sums.Sum(text)
		if n != tokens || math.Abs(got-want) > 1e-4 {
			t.Errorf("%q: %g over %d tokens, want %g over %d", text, got, n, want, tokens)
		}
	}
}

// With KnownOnly, words and n-grams that no document has say nothing.
func TestKnownOnlyForgets(t *testing.T) {
	q, err := smallModel(t, true).Quantize()
	if err != nil {
		t.Fatal(err)
	}
	sums, err := q.Margins(0)
	if err != nil {
		t.Fatal(err)
	}
	known, _ := sums.Sum("river")
	zero := 0
	for _, text := range []string{"zebra umbrella", "lantern violin", "carpet garage", "tiger lemon"} {
		if v, _ := sums.Sum(text); v == 0 {
			zero++
		}
	}
	if known == 0 || zero < 3 { // a bucket may be shared by chance
		t.Errorf("river has %g, %d of 4 unknown pairs have nothing", known, zero)
	}
}
