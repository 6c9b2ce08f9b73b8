package eval

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"huihai/data"
	"huihai/kernels"
	"huihai/model"
)

// heldOut returns rows of 24 tokens in which every third label is ignored, of sources
// that take turns.
func heldOut(n int) (rows []data.Batch, source func(*data.Batch, int) string) {
	names := map[*int32]string{}
	for i := range n {
		ids, labels := tokens(24, 7*i), make([]int32, 24)
		model.ShiftLabels(labels, ids, nil)
		for t := 0; t < len(labels); t += 3 {
			labels[t] = kernels.IgnoreLabel
		}
		rows = append(rows, data.Batch{Rows: 1, SeqLen: 24, InputIDs: ids, Labels: labels})
		names[&ids[0]] = []string{"wiki", "news", "code"}[i*i%3]
	}
	return rows, func(b *data.Batch, row int) string {
		if row != 0 {
			return "no such row"
		}
		return names[&b.InputIDs[0]]
	}
}

func forwardStep(t *testing.T, dev kernels.Device, c model.Config, w *model.Weights) *model.Step {
	t.Helper()
	step, err := model.CompileStep(c, dev, model.StepOptions{Batch: 1, SeqLen: 24, Forward: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { step.Close() })
	if err := step.Bind(w); err != nil {
		t.Fatal(err)
	}
	return step
}

// The losses and bits per byte, in all and by source, are those of the scores of the
// tokens, added up here.
func TestPerplexityBySource(t *testing.T) {
	dev, c, w := ready(t, model.RoPE)
	step := forwardStep(t, dev, c, w)
	s := NewScorer(dev, c, w)
	defer s.Close()
	rows, sourceOf := heldOut(7)
	lengths := make([]int, 97)
	for i := range lengths {
		lengths[i] = i % 5
	}
	type sums struct {
		nll           float64
		tokens, bytes int
	}
	want := map[string]sums{}
	for i := range rows {
		lps := score(t, s, rows[i].InputIDs, nil)
		for at, l := range rows[i].Labels {
			if l == kernels.IgnoreLabel {
				continue
			}
			for _, name := range []string{"", sourceOf(&rows[i], 0)} {
				x := want[name]
				want[name] = sums{x.nll - lps[at], x.tokens + 1, x.bytes + lengths[l]}
			}
		}
	}
	pass := func(o PerplexityOptions) HeldOut {
		got := make([]*data.Batch, 0, len(rows))
		for i := range rows {
			got = append(got, &rows[i])
		}
		h, err := Perplexity(t.Context(), step, &given{got}, o)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := pass(PerplexityOptions{SourceOf: sourceOf, TokenBytes: lengths})
	if len(h.Sources) != len(want)-1 || len(h.Sources) < 2 {
		t.Fatalf("sources %v", h.Sources)
	}
	for name, x := range want {
		got := h.Sources[name]
		if name == "" {
			got = h.SourceLoss
		}
		if got.Tokens != x.tokens || got.Bytes != int64(x.bytes) || math.Abs(got.CrossEntropy-x.nll/float64(x.tokens)) > 1e-9 ||
			math.Abs(got.BitsPerByte-x.nll/math.Log(2)/float64(x.bytes)) > 1e-9 {
			t.Errorf("source %q: %+v, want %+v", name, got, x)
		}
	}
	plain := pass(PerplexityOptions{})
	if plain.Sources != nil || plain.Bytes != 0 || plain.BitsPerByte != 0 || plain.CrossEntropy != h.CrossEntropy {
		t.Errorf("without sources and lengths: %+v", plain)
	}
	if _, err := Perplexity(t.Context(), step, &given{[]*data.Batch{&rows[0]}}, PerplexityOptions{TokenBytes: lengths[:3]}); err == nil || !strings.Contains(err.Error(), "not in the vocabulary of 3") {
		t.Errorf("a table of another tokenizer gave %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Perplexity(stopped, step, &given{[]*data.Batch{&rows[0]}}, PerplexityOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled evaluation gave %v", err)
	}
}

// given is a stream of batches that are handed out as they are.
type given struct{ batches []*data.Batch }

func (g *given) Next(ctx context.Context, n int) (*data.Batch, error) {
	f := &fixed{}
	if len(g.batches) == 0 {
		return f.Next(ctx, n)
	}
	b := g.batches[0]
	g.batches = g.batches[1:]
	return b, nil
}

// A loss that is not finite is told with the first row, token and source, and the other
// sources keep their losses.
func TestPerplexityTellsWhereItIsNotFinite(t *testing.T) {
	dev, c, w := ready(t, model.ALiBi)
	step := forwardStep(t, dev, c, w)
	rows, sourceOf := heldOut(5)
	const bad = 96 // a token of the second row alone
	for i := range rows {
		for t, id := range rows[i].InputIDs {
			if id == bad {
				rows[i].InputIDs[t] = 1
			}
		}
	}
	rows[1].InputIDs[10] = bad
	embed := make([]float32, c.VocabSize*c.HiddenSize)
	if err := w.Get(model.EmbedTokens, embed); err != nil {
		t.Fatal(err)
	}
	embed[bad*c.HiddenSize] = float32(math.NaN())
	if err := w.Set(model.EmbedTokens, embed); err != nil {
		t.Fatal(err)
	}
	var in []*data.Batch
	for i := range rows {
		in = append(in, &rows[i])
	}
	h, err := Perplexity(t.Context(), step, &given{in}, PerplexityOptions{SourceOf: sourceOf})
	var e *NonFiniteError
	if !errors.As(err, &e) || e.Row != 1 || e.Source != sourceOf(&rows[1], 0) || e.Label == kernels.IgnoreLabel || e.Label != rows[1].Labels[e.Token] || !math.IsNaN(e.Value) {
		t.Fatalf("%+v (%v)", e, err)
	}
	if !strings.Contains(err.Error(), "of row 1 (source news)") {
		t.Errorf("%v", err)
	}
	if !math.IsNaN(h.CrossEntropy) || finite(h.Sources["news"].CrossEntropy) || !finite(h.Sources["wiki"].CrossEntropy) {
		t.Errorf("%+v", h)
	}
}

// Labels at the first token of a document are counted, and change nothing.
func TestGradientsCountsWhatNothingPredicts(t *testing.T) {
	dev, c, w := ready(t, model.RoPE)
	const none = kernels.IgnoreLabel
	ids := []int32{5, 6, 7, 8, 9, 10}
	for _, x := range []struct {
		labels, segments []int32
		count            int
		first            Place
	}{
		{nil, nil, 0, Place{}},
		{ids, nil, 1, Place{1, 0}},
		{[]int32{none, 6, 7, 8, 9, 10}, []int32{0, 0, 0, 1, 1, 1}, 1, Place{1, 3}},
		{ids, []int32{4, 4, 0, 0, 1, 1}, 3, Place{1, 0}},
		{[]int32{none, 6, 7, none, 9, 10}, []int32{0, 0, 0, 1, 1, 1}, 0, Place{}},
	} {
		b, err := Gradients(t.Context(), dev, c, w, []Sequence{{InputIDs: ids}, {InputIDs: ids, Labels: x.labels, Segments: x.segments}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		labels := slices.Clone(x.labels)
		for i := range labels {
			if i == 0 || x.segments != nil && x.segments[i] != x.segments[i-1] {
				labels[i] = none
			}
		}
		without, err := Gradients(t.Context(), dev, c, w, []Sequence{{InputIDs: ids}, {InputIDs: ids, Labels: labels, Segments: x.segments}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if b.Unpredicted != x.count || b.First != x.first || b.Stats != without.Stats || without.Unpredicted != 0 {
			t.Errorf("labels %v of documents %v: %d unpredicted, first %v; statistics %+v, without them %+v", x.labels, x.segments, b.Unpredicted, b.First, b.Stats, without.Stats)
		}
		b.Close()
		without.Close()
	}
}

func TestCancelledMeasurements(t *testing.T) {
	dev, c, w := ready(t, model.RoPE)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := NewScorer(dev, c, w)
	defer s.Close()
	if _, err := s.LogProbs(ctx, tokens(5, 0), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("LogProbs gave %v", err)
	}
	if _, err := Gradients(ctx, dev, c, w, []Sequence{{InputIDs: tokens(5, 0)}}, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Gradients gave %v", err)
	}
}
