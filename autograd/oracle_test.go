package autograd

import (
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"huihai/kernels"
)

// testModel is a small transformer made of every op, and values for its leaves.
type testModel struct {
	g      *Graph
	loss   HeadLossOutputs
	floats map[string][]float32
	ints   map[string][]int32
}

type testShape struct {
	batch, seq, heads, kvHeads, headDim, ffn, vocab, layers int
	alibi, lora                                             bool
}

func (s testShape) hidden() int { return s.heads * s.headDim }

// newTestModel builds the model with random weights that depend on seed.
func newTestModel(t *testing.T, s testShape, seed uint64) *testModel {
	t.Helper()
	m := &testModel{floats: map[string][]float32{}, ints: map[string][]int32{}}
	rnd := rand.New(rand.NewPCG(seed, 1))
	var err error
	m.g, err = Build(func(g *Graph) { m.build(g, s, rnd) })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *testModel) build(g *Graph, s testShape, rnd *rand.Rand) {
	c, n := s.hidden(), s.batch*s.seq
	param := func(name string, shape ...int) *Node {
		v := make([]float32, elements(shape))
		for i := range v {
			v[i] = float32(rnd.NormFloat64() * 0.3)
			if len(shape) == 1 {
				v[i]++
			}
		}
		m.floats[name] = v
		return g.Param(name, true, shape...)
	}
	tokens, segments := g.Ints("tokens", n), g.Ints("segments", n)
	m.randomBatch(s, rnd)
	var positions, table, slopes *Node
	if s.alibi {
		slopes = g.Const("slopes", kernels.ALiBiSlopes(s.heads), s.heads)
	} else {
		positions = g.Ints("positions", n)
		table = g.Const("table", kernels.RotaryTable(s.seq, s.headDim, 10000), s.seq, s.headDim)
	}
	x := g.Embedding(param("embed", s.vocab, c), tokens, 0)
	for l := range s.layers {
		g.InBlock(l, func() {
			p := func(name string, shape ...int) *Node { return param(string(rune('a'+l))+name, shape...) }
			h := g.RMSNorm(x, p("norm1", c), 1e-6)
			wide := (s.heads + 2*s.kvHeads) * s.headDim
			w := p("qkv", wide, c)
			qkv := g.Linear(h, w)
			if s.lora {
				qkv = g.LoRALinear(h, w, p("loraA", 3, c), p("loraB", wide, 3), 1.5)
			}
			if table != nil {
				qkv = g.Rotary(qkv, positions, table, s.heads+s.kvHeads, s.headDim)
			}
			a := g.Attention(qkv, segments, slopes, AttentionShape{s.batch, s.seq, s.heads, s.kvHeads, s.headDim})
			x = g.Add(x, g.Linear(a, p("o", c, c)))
			h = g.RMSNorm(x, p("norm2", c), 1e-6)
			x = g.Add(x, g.Linear(g.SwiGLU(g.Linear(h, p("gate", s.ffn, c)), g.Linear(h, p("up", s.ffn, c))), p("down", c, s.ffn)))
		})
	}
	x = g.RMSNorm(x, param("norm", c), 1e-6)
	head := g.RowNormalize(param("head", s.vocab, c), 1e-12)
	m.loss = g.HeadLoss(x, head, g.Ints("labels", n), g.Scalar("inv"), 0.01)
	g.Output("nll", m.loss.NLL)
	g.Output("max", m.loss.MaxLogit)
	g.Backward(m.loss.Loss)
}

// randomBatch draws tokens, two documents per row, and labels of which some are
// ignored.
func (m *testModel) randomBatch(s testShape, rnd *rand.Rand) {
	n := s.batch * s.seq
	for _, name := range []string{"tokens", "segments", "positions", "labels"} {
		m.ints[name] = make([]int32, n)
	}
	supervised := 0
	for i := range n {
		m.ints["tokens"][i] = int32(rnd.IntN(s.vocab))
		m.ints["labels"][i] = int32(rnd.IntN(s.vocab))
		if rnd.IntN(4) == 0 {
			m.ints["labels"][i] = kernels.IgnoreLabel
		} else {
			supervised++
		}
		at, cut := i%s.seq, s.seq/3
		if at >= cut {
			m.ints["segments"][i], at = 1, at-cut
		}
		m.ints["positions"][i] = int32(at)
	}
	m.floats["inv"] = []float32{1 / float32(supervised)}
}

// runTape runs the graph on Gorgonia's TapeMachine, which calls the reference
// implementations, and returns the loss and the gradients.
func (m *testModel) runTape(t *testing.T) (loss float64, grads map[string][]float32) {
	t.Helper()
	for _, l := range m.g.order {
		var backing any = m.ints[l.name]
		if l.dtype == kernels.F32 {
			backing = m.floats[l.name]
			if l.value != nil {
				backing = l.value
			}
		}
		v := tensor.New(tensor.WithShape(l.shape...), tensor.WithBacking(backing))
		if err := gorgonia.Let(l.node, v); err != nil {
			t.Fatal(err)
		}
	}
	vm := gorgonia.NewTapeMachine(m.g.ExprGraph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	grads = map[string][]float32{}
	for name, n := range m.g.Grads() {
		grads[name] = append([]float32{}, n.Value().Data().([]float32)...)
	}
	return float64(m.loss.Loss.Value().Data().(float32)), grads
}

var testShapes = map[string]testShape{
	"rope":  {batch: 2, seq: 7, heads: 2, kvHeads: 2, headDim: 8, ffn: 12, vocab: 19, layers: 2},
	"alibi": {batch: 2, seq: 6, heads: 3, kvHeads: 3, headDim: 8, ffn: 20, vocab: 17, layers: 2, alibi: true},
	"gqa":   {batch: 1, seq: 9, heads: 4, kvHeads: 2, headDim: 8, ffn: 16, vocab: 23, layers: 1},
	"lora":  {batch: 2, seq: 5, heads: 2, kvHeads: 2, headDim: 8, ffn: 12, vocab: 19, layers: 2, lora: true},
}

// The symbolic derivatives, run by their references, agree with finite
// differences of the loss.
func TestDerivativesAgreeWithFiniteDifferences(t *testing.T) {
	for name, s := range testShapes {
		t.Run(name, func(t *testing.T) {
			m := newTestModel(t, s, 3)
			_, grads := m.runTape(t)
			rnd := rand.New(rand.NewPCG(9, 9))
			for param, grad := range grads {
				for range 3 {
					i := rnd.IntN(len(grad))
					if param == "embed" {
						i = int(m.ints["tokens"][1])*s.hidden() + i%s.hidden()
						if m.ints["tokens"][1] == 0 {
							continue // the padding row has no gradient
						}
					}
					const eps = 2e-3
					at := func(x float32) float64 {
						probe := newTestModel(t, s, 3)
						probe.floats[param][i] += x
						loss, _ := probe.runTape(t)
						return loss
					}
					want := (at(eps) - at(-eps)) / (2 * eps)
					if got := float64(grad[i]); math.Abs(got-want) > 2e-3+0.02*math.Abs(want) {
						t.Errorf("%s[%d]: gradient %g, finite difference %g", param, i, got, want)
					}
				}
			}
		})
	}
}
