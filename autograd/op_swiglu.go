package autograd

import (
	"math"

	"huihai/kernels"
)

// SwiGLU is h = silu(gate)*up, elementwise on [T, F] (Shazeer 2020).
func (g *Graph) SwiGLU(gate, up *Node) *Node {
	t, f := matDims("SwiGLU", gate)
	return g.apply(newOp(fused{
		name: "swiglu",
		in:   []port{f32(t, f), f32(t, f)}, out: []port{f32(t, f)},
		reference: func(in []host, out [][]float32) {
			for i, v := range in[0].f {
				x := float64(v)
				out[0][i] = float32(x * sigmoid(x) * float64(in[1].f[i]))
			}
		},
		diff: []bool{true, true},
		derive: func(g *Graph, in []*Node, _, grad *Node) []*Node {
			d := g.swiGLUGrad(grad, in[0], in[1])
			return []*Node{g.pick(d, 0), g.pick(d, 1)}
		},
		cheap: true,
		launch: func(dev kernels.Device, k *call) {
			dev.SwiGLU(k.out[0].Mat(t, f), k.in[0].Mat(t, f), k.in[1].Mat(t, f))
		},
	}), gate, up)
}

// swiGLUGrad returns (dGate, dUp).
func (g *Graph) swiGLUGrad(dh, gate, up *Node) *Node {
	t, f := matDims("swiGLUGrad", gate)
	return g.apply(newOp(fused{
		name: "swiglu_grad", results: []string{"the gradient of its gate", "the gradient of its input"},
		in: []port{f32(t, f), f32(t, f), f32(t, f)}, out: []port{f32(t, f), f32(t, f)},
		reference: func(in []host, out [][]float32) {
			for i, d := range in[0].f {
				x, u, dh := float64(in[1].f[i]), float64(in[2].f[i]), float64(d)
				s := sigmoid(x)
				out[0][i] = float32(dh * u * s * (1 + x*(1-s)))
				out[1][i] = float32(dh * x * s)
			}
		},
		inPlace: [][2]int{{0, 1}, {1, 2}},
		launch: func(dev kernels.Device, k *call) {
			dev.SwiGLUGrad(k.out[0].Mat(t, f), k.out[1].Mat(t, f), k.in[0].Mat(t, f), k.in[1].Mat(t, f), k.in[2].Mat(t, f))
		},
	}), dh, gate, up)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
