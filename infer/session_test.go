package infer

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"huihai/infer/sample"
	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/model"
)

func tiny(p model.Position) model.Config {
	c := model.Default()
	c.HiddenSize, c.IntermediateSize, c.NumAttentionHeads, c.NumHiddenLayers, c.VocabSize = 40, 56, 5, 2, 97
	c.Position, c.ModelMaxLength = p, 700
	return c
}

func ready(t *testing.T, p model.Position, store model.Storage) (kernels.Device, model.Config, *model.Weights) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	c := tiny(p)
	full, err := model.NewWeights(dev, c.Tensors(), model.Float32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(full.Close)
	if err := full.Init(c, 5); err != nil {
		t.Fatal(err)
	}
	if store == nil {
		return dev, c, full
	}
	w, err := model.LoadWeights(t.Context(), dev, c, weightSource{full}, store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return dev, c, w
}

// weightSource reads weights as a model.Source.
type weightSource struct{ w *model.Weights }

func (s weightSource) Names() (names []string) {
	for _, x := range s.w.Tensors() {
		names = append(names, x.Name)
	}
	return names
}

func (s weightSource) find(name string) (model.Tensor, error) {
	for _, x := range s.w.Tensors() {
		if x.Name == name {
			return x, nil
		}
	}
	return model.Tensor{}, errors.New("no such tensor")
}

func (s weightSource) Shape(name string) ([]int, error) {
	x, err := s.find(name)
	return x.Shape, err
}

func (s weightSource) ReadFloat32(name string, dst []float32, from int) error {
	x, err := s.find(name)
	if err != nil {
		return err
	}
	v := make([]float32, x.Len())
	err = s.w.Get(name, v)
	copy(dst, v[from:])
	return err
}

func tokens(n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*i + 3*i) % 97)
	}
	return ids
}

// A prompt gives the same logits whether it is fed at once, in pieces or token
// by token, beyond the size of a chunk too.
func TestPrefillEqualsDecoding(t *testing.T) {
	for _, p := range []model.Position{model.RoPE, model.ALiBi} {
		dev, c, w := ready(t, p, nil)
		m, err := NewModel(dev, c, w)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		ids := tokens(maxChunk + 37)
		feed := func(cut ...int) []float32 {
			s, err := m.NewSession(len(ids))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var logits []float32
			from := 0
			for _, to := range append(cut, len(ids)) {
				if logits, err = s.Feed(ids[from:to]); err != nil {
					t.Fatal(err)
				}
				from = to
			}
			return slices.Clone(logits)
		}
		var each []int
		for i := 1; i < len(ids); i++ {
			each = append(each, i)
		}
		want := feed()
		for name, got := range map[string][]float32{"pieces": feed(1, 40, 41, 260), "token by token": feed(each...)} {
			for i := range want {
				if math.Abs(float64(got[i]-want[i])) > 1e-5*(1+math.Abs(float64(want[i]))) {
					t.Fatalf("%s, %s: logit %d is %g, at once %g", p, name, i, got[i], want[i])
				}
			}
		}
	}
}

// Decoding never changes a stored weight.
func TestDecodingIsPure(t *testing.T) {
	dev, c, w := ready(t, model.RoPE, nil)
	before := map[string][]float32{}
	for _, x := range w.Tensors() {
		v := make([]float32, x.Len())
		if err := w.Get(x.Name, v); err != nil {
			t.Fatal(err)
		}
		before[x.Name] = v
	}
	if _, err := Generate(context.Background(), dev, c, w, greedy(tokens(9), 20)); err != nil {
		t.Fatal(err)
	}
	for _, x := range w.Tensors() {
		v := make([]float32, x.Len())
		if err := w.Get(x.Name, v); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(v, before[x.Name]) {
			t.Errorf("%s changed", x.Name)
		}
	}
}

func greedy(prompt []int32, n int) Request {
	return Request{Prompt: prompt, MaxNewTokens: n, Sampling: sample.Options{Greedy: true, RepetitionPenalty: 1}}
}

// Weights kept in bfloat16 give nearly the logits of float32.
func TestBFloat16Weights(t *testing.T) {
	logits := func(store model.Storage) []float32 {
		dev, c, w := ready(t, model.ALiBi, store)
		m, err := NewModel(dev, c, w)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		s, err := m.NewSession(16)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		l, err := s.Feed(tokens(12))
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(l)
	}
	want, got := logits(nil), logits(model.BFloat16)
	diff, norm := 0.0, 0.0
	for i := range want {
		diff += float64(got[i]-want[i]) * float64(got[i]-want[i])
		norm += float64(want[i]) * float64(want[i])
	}
	if d := math.Sqrt(diff / norm); d == 0 || d > 0.02 {
		t.Errorf("bfloat16 weights move the logits by %g of their norm", d)
	}
}

func TestGenerateStopsAtEOSAndOnRequest(t *testing.T) {
	dev, c, w := ready(t, model.RoPE, nil)
	all, err := Generate(context.Background(), dev, c, w, greedy(tokens(5), 12))
	if err != nil || len(all) != 12 {
		t.Fatalf("%d tokens, %v", len(all), err)
	}
	r := greedy(tokens(5), 12)
	r.EOS = []int32{all[3]}
	var emitted []int32
	r.Emit = func(id int32) { emitted = append(emitted, id) }
	got, err := Generate(context.Background(), dev, c, w, r)
	want := all[:slices.Index(all, all[3])]
	if err != nil || !slices.Equal(got, want) || !slices.Equal(emitted, want) {
		t.Errorf("with EOS %v: %v (emitted %v, %v), want %v", r.EOS, got, emitted, err, want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r = greedy(tokens(5), 12)
	r.Emit = func(int32) { cancel() }
	if got, err := Generate(ctx, dev, c, w, r); !errors.Is(err, context.Canceled) || !slices.Equal(got, all[:1]) {
		t.Errorf("after cancelling: %v, %v", got, err)
	}
}

// A cancelled prompt is given up between layers.
func TestFeedIsCancelled(t *testing.T) {
	dev, c, w := ready(t, model.RoPE, nil)
	m, err := NewModel(dev, c, w)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s, err := m.NewSession(600)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.FeedContext(ctx, tokens(500)); !errors.Is(err, context.Canceled) || s.Len() != 0 {
		t.Errorf("%v with %d tokens held", err, s.Len())
	}
	s.Reset()
	if _, err := s.Feed(tokens(500)); err != nil || s.Len() != 500 {
		t.Errorf("afterwards: %v with %d tokens held", err, s.Len())
	}
}

func TestRefusals(t *testing.T) {
	dev, c, w := ready(t, model.RoPE, nil)
	for want, r := range map[string]Request{
		"prompt is empty":    greedy(nil, 3),
		"max_new_tokens is":  greedy(tokens(3), 0),
		"model_max_length":   greedy(tokens(690), 20),
		"the vocabulary has": greedy([]int32{1, 97}, 2),
	} {
		if _, err := Generate(context.Background(), dev, c, w, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	m, err := NewModel(dev, c, w)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s, err := m.NewSession(4)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Feed(tokens(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Feed(tokens(2)); !errors.Is(err, ErrFull) || s.Len() != 3 {
		t.Errorf("a full cache gave %v with %d tokens held", err, s.Len())
	}
}
