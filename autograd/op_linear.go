package autograd

import (
	"fmt"

	"huihai/kernels"
)

// Linear is y = x·Wᵀ with x [M, K] and w [N, K], the layout on disk.
func (g *Graph) Linear(x, w *Node) *Node {
	m, k := matDims("Linear", x)
	n, k2 := matDims("Linear", w)
	if k != k2 {
		failf("Linear: x is [%d, %d] but %s is [%d, %d]", m, k, w.Name(), n, k2)
	}
	return g.apply(newOp(fused{
		name: "linear",
		in:   []port{f32(m, k), f32(n, k)}, out: []port{f32(m, n)},
		reference: func(in []host, out [][]float32) { matmulNT(out[0], in[0].f, in[1].f, m, n, k) },
		diff:      []bool{true, true},
		derive: func(g *Graph, in []*Node, _, grad *Node) []*Node {
			return []*Node{g.linearGradX(grad, in[1]), g.linearGradW(grad, in[0])}
		},
		accumulates: []int{0},
		product: func(c *call) kernels.MatMul {
			return kernels.MatMul{Kind: kernels.NT, C: c.out[0].Mat(m, n), A: c.in[0].Mat(m, k), B: c.in[1].Mat(n, k), Acc: c.acc[0]}
		},
	}), x, w)
}

// linearGradX is dx = dy·W with dy [M, N] and w [N, K].
func (g *Graph) linearGradX(dy, w *Node) *Node {
	m, n := matDims("linearGradX", dy)
	_, k := matDims("linearGradX", w)
	return g.apply(newOp(fused{
		name: "linear_grad_x",
		in:   []port{f32(m, n), f32(n, k)}, out: []port{f32(m, k)},
		reference: func(in []host, out [][]float32) {
			for i := range m {
				for j := range k {
					s := 0.0
					for l := range n {
						s += float64(in[0].f[i*n+l]) * float64(in[1].f[l*k+j])
					}
					out[0][i*k+j] = float32(s)
				}
			}
		},
		accumulates: []int{0},
		product: func(c *call) kernels.MatMul {
			return kernels.MatMul{Kind: kernels.NN, C: c.out[0].Mat(m, k), A: c.in[0].Mat(m, n), B: c.in[1].Mat(n, k), Acc: c.acc[0]}
		},
	}), dy, w)
}

// linearGradW is dW = dyᵀ·x with dy [M, N] and x [M, K].
func (g *Graph) linearGradW(dy, x *Node) *Node {
	m, n := matDims("linearGradW", dy)
	_, k := matDims("linearGradW", x)
	return g.apply(newOp(fused{
		name: "linear_grad_w", summed: []int{0},
		in: []port{f32(m, n), f32(m, k)}, out: []port{f32(n, k)},
		reference: func(in []host, out [][]float32) {
			for i := range n {
				for j := range k {
					s := 0.0
					for l := range m {
						s += float64(in[0].f[l*n+i]) * float64(in[1].f[l*k+j])
					}
					out[0][i*k+j] = float32(s)
				}
			}
		},
		accumulates: []int{0},
		product: func(c *call) kernels.MatMul {
			return kernels.MatMul{Kind: kernels.TN, C: c.out[0].Mat(n, k), A: c.in[0].Mat(m, n), B: c.in[1].Mat(m, k), Acc: c.acc[0]}
		},
	}), dy, x)
}

// LoRALinear is y = x·Wᵀ + scale·(x·Aᵀ)·Bᵀ with a [R, K] and b [N, R]
// (Hu et al. 2021; scale is lora_alpha/r).
func (g *Graph) LoRALinear(x, w, a, b *Node, scale float64) *Node {
	return g.linearAdd(g.Linear(x, w), g.Scale(g.Linear(x, a), scale), b)
}

// linearAdd is y = y0 + x·Wᵀ.
func (g *Graph) linearAdd(y0, x, w *Node) *Node {
	m, k := matDims("linearAdd", x)
	n, _ := matDims("linearAdd", w)
	return g.apply(newOp(fused{
		name: "linear_add",
		in:   []port{f32(m, n), f32(m, k), f32(n, k)}, out: []port{f32(m, n)},
		reference: func(in []host, out [][]float32) {
			matmulNT(out[0], in[1].f, in[2].f, m, n, k)
			for i, v := range in[0].f {
				out[0][i] += v
			}
		},
		diff: []bool{true, true, true},
		derive: func(g *Graph, in []*Node, _, grad *Node) []*Node {
			return []*Node{grad, g.linearGradX(grad, in[2]), g.linearGradW(grad, in[1])}
		},
		inPlace: [][2]int{{0, 0}},
		launch: func(dev kernels.Device, c *call) {
			c.copyUnlessShared(dev, 0, 0)
			dev.MatMulNT(c.out[0].Mat(m, n), c.in[1].Mat(m, k), c.in[2].Mat(n, k), true)
		},
	}), y0, x, w)
}

// Scale is y = alpha*x.
func (g *Graph) Scale(x *Node, alpha float64) *Node {
	shape := []int(x.Shape())
	return g.apply(newOp(fused{
		name: "scale", attrs: fmt.Sprint(alpha),
		in: []port{f32(shape...)}, out: []port{f32(shape...)},
		reference: func(in []host, out [][]float32) {
			for i, v := range in[0].f {
				out[0][i] = float32(alpha) * v
			}
		},
		diff: []bool{true},
		derive: func(g *Graph, _ []*Node, _, grad *Node) []*Node {
			return []*Node{g.Scale(grad, alpha)}
		},
		inPlace: [][2]int{{0, 0}},
		launch: func(dev kernels.Device, c *call) {
			dev.Scale(c.out[0], float32(alpha), c.in[0])
		},
	}), x)
}

// Add is y = a + b, the residual connection.
func (g *Graph) Add(a, b *Node) *Node {
	shape := []int(a.Shape())
	op := addOp(shape)
	return g.apply(op, a, b)
}

func addOp(shape []int) *fused {
	return newOp(fused{
		name: "add",
		in:   []port{f32(shape...), f32(shape...)}, out: []port{f32(shape...)},
		reference: func(in []host, out [][]float32) {
			for i, v := range in[0].f {
				out[0][i] = v + in[1].f[i]
			}
		},
		diff: []bool{true, true},
		derive: func(_ *Graph, _ []*Node, _, grad *Node) []*Node {
			return []*Node{grad, grad}
		},
		inPlace: [][2]int{{0, 0}, {0, 1}}, linear: []int{0, 1},
		launch: func(dev kernels.Device, c *call) { dev.Add(c.out[0], c.in[0], c.in[1]) },
	})
}

// copyUnlessShared copies operand in to result out unless they share memory.
func (k *call) copyUnlessShared(dev kernels.Device, out, in int) {
	if k.out[out] != k.in[in] {
		dev.Copy(k.out[out], k.in[in])
	}
}

// matmulNT is the reference product c[M,N] = a[M,K]·b[N,K]ᵀ.
func matmulNT(c, a, b []float32, m, n, k int) {
	for i := range m {
		for j := range n {
			c[i*n+j] = float32(dot(a[i*k:(i+1)*k], b[j*k:(j+1)*k]))
		}
	}
}

// sumOp adds its operand into its result's buffer, for gradients whose kernel
// cannot add by itself.
func sumOp(n int) *fused {
	return newOp(fused{
		name: "sum_over_micro_batches",
		in:   []port{f32(n)}, out: []port{f32(n)},
		accumulates: []int{0},
		launch: func(dev kernels.Device, c *call) {
			c.clearUnlessAdding(dev, 0)
			dev.Axpy(c.out[0], 1, c.in[0])
		},
	})
}
