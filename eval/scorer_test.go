package eval

import (
	"context"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"huihai/data"
	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/model"
)

func ready(t *testing.T, p model.Position) (kernels.Device, model.Config, *model.Weights) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	c := model.Default()
	c.HiddenSize, c.IntermediateSize, c.NumAttentionHeads, c.NumHiddenLayers, c.VocabSize = 40, 56, 5, 2, 97
	c.Position, c.ModelMaxLength = p, 300
	w, err := model.NewWeights(dev, c.Tensors(), model.Float32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if err := w.Init(c, 5); err != nil {
		t.Fatal(err)
	}
	return dev, c, w
}

func tokens(n, from int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(((i+from)*(i+from) + 3*i) % 97)
	}
	return ids
}

func score(t *testing.T, s *Scorer, ids, segments []int32) []float64 {
	t.Helper()
	lps, err := s.LogProbs(t.Context(), ids, segments)
	if err != nil {
		t.Fatal(err)
	}
	return lps
}

// The score of a prefix is the prefix of the score, bit for bit, whatever the
// length the graph was compiled for.
func TestPrefixesScoreAlike(t *testing.T) {
	for _, p := range []model.Position{model.RoPE, model.ALiBi} {
		dev, c, w := ready(t, p)
		long := NewScorer(dev, c, w)
		defer long.Close()
		ids := tokens(200, 0)
		want := score(t, long, ids, nil)
		for _, n := range []int{2, 63, 64, 65, 130} {
			short := NewScorer(dev, c, w)
			if got := score(t, short, ids[:n], nil); !slices.Equal(got, want[:n-1]) {
				t.Errorf("%s: the first %d tokens score differently alone", p, n)
			}
			short.Close()
		}
		for _, lp := range want {
			if !(lp < 0) || math.IsInf(lp, 0) {
				t.Fatalf("log-probability %g", lp)
			}
		}
	}
}

// Documents in segments of one row score as they do alone.
func TestSegmentsAreSeparateDocuments(t *testing.T) {
	for _, p := range []model.Position{model.RoPE, model.ALiBi} {
		dev, c, w := ready(t, p)
		s := NewScorer(dev, c, w)
		defer s.Close()
		a, b := tokens(20, 3), tokens(31, 50)
		segments := append(make([]int32, len(a)), slices.Repeat([]int32{1}, len(b))...)
		got := score(t, s, slices.Concat(a, b), segments)
		near := func(what string, got, want []float64) {
			for i := range want {
				if math.Abs(got[i]-want[i]) > 1e-5*math.Abs(want[i]) {
					t.Errorf("%s, %s: token %d scores %g in the row, %g alone", p, what, i, got[i], want[i])
				}
			}
		}
		near("first", got[:len(a)-1], score(t, s, a, nil))
		near("second", got[len(a):], score(t, s, b, nil))
	}
}

func TestLogProbsRefuses(t *testing.T) {
	dev, c, w := ready(t, model.RoPE)
	s := NewScorer(dev, c, w)
	defer s.Close()
	for want, in := range map[string][2][]int32{
		"empty":              {nil, nil},
		"model_max_length":   {tokens(301, 0), nil},
		"segments has 1":     {tokens(3, 0), {0}},
		"the vocabulary has": {{1, 2, 97}, nil},
		"segment 0 returns at token 4 after another document": {{1, 2, 3, 4, 5, 6}, {0, 0, 1, 1, 0, 0}},
	} {
		if _, err := s.LogProbs(t.Context(), in[0], in[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if lps := score(t, s, []int32{5}, nil); len(lps) != 0 {
		t.Errorf("one token has %d log-probabilities", len(lps))
	}
}

func TestGradientsRefuses(t *testing.T) {
	dev, c, w := ready(t, model.RoPE)
	for want, rows := range map[string][]Sequence{
		"no position has a label":  {{InputIDs: []int32{5}}},
		"3 tokens but 1 labels":    {{InputIDs: []int32{5, 6, 7}, Labels: []int32{1}}},
		"3 tokens but 2 segments":  {{InputIDs: []int32{5, 6, 7}, Segments: []int32{0, 0}}},
		"row 2 has 301 tokens":     {{InputIDs: []int32{5, 6}}, {InputIDs: tokens(301, 0)}},
		"row 1: model: input_ids":  {{InputIDs: []int32{5, -6}}},
		"labels[0] is 97":          {{InputIDs: []int32{5, 6}, Labels: []int32{5, 97}}},
		"no position has a label;": nil,
		"row 2 has segments that are not documents: segment 7 returns at token 2": {{InputIDs: []int32{5, 6}}, {InputIDs: []int32{5, 6, 7}, Segments: []int32{7, 0, 7}}},
	} {
		_, err := Gradients(t.Context(), dev, c, w, rows, 0)
		if err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(want, ";")) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// fixed is a stream of given rows.
type fixed struct{ batches []data.Batch }

func (f *fixed) Next(context.Context, int) (*data.Batch, error) {
	if len(f.batches) == 0 {
		return nil, io.EOF
	}
	b := f.batches[0]
	f.batches = f.batches[1:]
	return &b, nil
}

func TestPerplexityIsTheMeanOverTokens(t *testing.T) {
	dev, c, w := ready(t, model.RoPE)
	step, err := model.CompileStep(c, dev, model.StepOptions{Batch: 1, SeqLen: 24, Forward: true})
	if err != nil {
		t.Fatal(err)
	}
	defer step.Close()
	if err := step.Bind(w); err != nil {
		t.Fatal(err)
	}
	s := NewScorer(dev, c, w)
	defer s.Close()
	var rows []data.Batch
	sum, n := 0.0, 0
	for i := range 3 {
		ids := tokens(24, 7*i)
		labels := make([]int32, 24)
		model.ShiftLabels(labels, ids, nil)
		rows = append(rows, data.Batch{Rows: 1, SeqLen: 24, InputIDs: ids, Labels: labels})
		for _, lp := range score(t, s, ids, nil) {
			sum -= lp
			n++
		}
	}
	got, err := Perplexity(context.Background(), step, &fixed{slices.Clone(rows)}, PerplexityOptions{})
	if err != nil || got.Tokens != n || math.Abs(got.CrossEntropy-sum/float64(n)) > 1e-9 {
		t.Errorf("%+v (%v), want %g over %d tokens", got, err, sum/float64(n), n)
	}
	if got, err := Perplexity(context.Background(), step, &fixed{slices.Clone(rows)}, PerplexityOptions{MaxRows: 2}); err != nil || got.Tokens != 46 {
		t.Errorf("two rows gave %+v (%v)", got, err)
	}
	if _, err := Perplexity(context.Background(), step, &fixed{}, PerplexityOptions{}); err == nil {
		t.Error("no rows gave no error")
	}
}
