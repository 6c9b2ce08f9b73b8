package autograd

import (
	"testing"

	"huihai/kernels"
	"huihai/kernels/cpu"
)

type fakeMem struct{ name string }

func (fakeMem) Size() int64 { return 1 << 20 }

func TestIndependent(t *testing.T) {
	one, two := &fakeMem{"one"}, &fakeMem{"two"}
	at := func(m kernels.Mem, off int64) kernels.Mat { return kernels.Buf{Mem: m, Off: off, Len: 16}.Mat(4, 4) }
	first := kernels.MatMul{C: at(one, 0), A: at(one, 64), B: at(two, 0)}
	for _, c := range []struct {
		name    string
		product kernels.MatMul
		want    bool
	}{
		{"reads the same operands", kernels.MatMul{C: at(one, 128), A: at(one, 64), B: at(two, 0)}, true},
		{"same place of other memory", kernels.MatMul{C: at(two, 64), A: at(one, 64), B: at(one, 64)}, true},
		{"writes the same result", kernels.MatMul{C: at(one, 60), A: at(one, 128), B: at(two, 64)}, false},
		{"writes over the left side", kernels.MatMul{C: at(one, 124), A: at(one, 256), B: at(two, 64)}, false},
		{"writes over the right side", kernels.MatMul{C: at(two, 60), A: at(one, 256), B: at(two, 128)}, false},
		{"reads the result on the left", kernels.MatMul{C: at(one, 256), A: at(one, 32), B: at(two, 64)}, false},
		{"reads the result on the right", kernels.MatMul{C: at(one, 256), A: at(two, 64), B: at(one, 4)}, false},
	} {
		if got := independent(c.product, []kernels.MatMul{first}); got != c.want {
			t.Errorf("%s: independent is %v, want %v", c.name, got, c.want)
		}
	}
}

// The two gradients of a linear layer run together, recomputation or not.
func TestGradientsOfALinearLayerRunTogether(t *testing.T) {
	s := testShape{batch: 2, seq: 6, heads: 2, kvHeads: 2, headDim: 8, ffn: 24, vocab: 19, layers: 2}
	for _, o := range []Options{{}, {KeepCheap: true}, {RecomputeBlocks: 2}} {
		p := newTestModel(t, s, 1).bound(t, openCPU(t, cpu.Options{Threads: 1}), o)
		pairs := 0
		for _, l := range p.phases[micro] {
			if len(l.products) < 2 || l.products[0].Kind != kernels.NN {
				continue
			}
			if x, w := l.products[0], l.products[1]; w.Kind != kernels.TN || w.A.Buf != x.A.Buf {
				t.Errorf("%+v: a gradient of x runs with %v of another layer", o, w.Kind)
			}
			pairs++
		}
		if want := 5 * s.layers; pairs != want { // W_pack, o_proj, gate, up, down
			t.Errorf("%+v: %d pairs, want %d", o, pairs, want)
		}
	}
}
