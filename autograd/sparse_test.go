package autograd

import (
	"slices"
	"testing"

	"huihai/kernels/cpu"
)

// A gradient kept by row has the bits of a dense one, however the step is cut.
func TestSparseGradientEqualsDense(t *testing.T) {
	s := testShape{batch: 4, seq: 12, heads: 2, kvHeads: 2, headDim: 8, ffn: 12, vocab: 49, layers: 2}
	for _, vocab := range []int{48, 49, 400} { // 48 tokens: dense, then sparse
		s.vocab = vocab
		want := gradientHash(t, s, 4, 2, Options{})
		for _, rows := range []int{4, 2, 1} {
			if got := gradientHash(t, s, rows, 2, Options{MicroBatches: s.batch / rows}); got != want {
				t.Errorf("vocabulary of %d, micro-batches of %d rows: gradients %s, dense %s", vocab, rows, got, want)
			}
		}
	}
}

// The rows of a step are those of its tokens but for the padding row, ascending,
// and the next step starts anew.
func TestSparseGradientRows(t *testing.T) {
	s := testShape{batch: 2, seq: 7, heads: 2, kvHeads: 2, headDim: 8, ffn: 12, vocab: 90, layers: 1}
	m := newTestModel(t, s, 4)
	p := m.bound(t, openCPU(t, cpu.Options{}), Options{MicroBatches: 1})
	if !p.SparseGrad("embed") || p.SparseGrad("head") {
		t.Error("the gradient of the embedding, and no other, should be kept by row")
	}
	if _, ok := p.Grad("embed"); ok {
		t.Error("Grad hands out a gradient that is not whole")
	}
	for _, shift := range []int32{0, 5} {
		m.ints["tokens"][3] = 0 // padding
		var want []int32
		for i, id := range m.ints["tokens"] {
			m.ints["tokens"][i] = (id + shift) % 90
			if id := m.ints["tokens"][i]; id != 0 && !slices.Contains(want, id) {
				want = append(want, id)
			}
		}
		slices.Sort(want)
		m.step(t, p, [][2]int{{0, 14}})
		g, ok := p.GradRows("embed")
		if !ok || !slices.Equal(g.Row, want) {
			t.Errorf("rows %v, want %v", g.Row, want)
		}
		if g.Values.Rows != 14 || g.Values.Cols != s.hidden() {
			t.Errorf("room for %d rows of %d, want 14 of %d", g.Values.Rows, g.Values.Cols, s.hidden())
		}
	}
	if err := p.ReadGrad("embed", make([]float32, 5)); err == nil {
		t.Error("a short destination was accepted")
	}
	if err := p.ReadGrad("nothing", nil); err == nil {
		t.Error("an unknown parameter has a gradient")
	}
}
