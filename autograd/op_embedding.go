package autograd

import (
	"fmt"

	"huihai/kernels"
)

// Embedding looks up rows: y[t] = table[ids[t]]. table is [V, C], ids [T], the
// result [T, C]. The row pad receives no gradient; pad < 0 means none.
func (g *Graph) Embedding(table, ids *Node, pad int) *Node {
	v, c := matDims("Embedding", table)
	t := ids.Shape().TotalSize()
	return g.apply(newOp(fused{
		name: "embedding", attrs: fmt.Sprint(pad),
		in: []port{f32(v, c), i32(t)}, out: []port{f32(t, c)},
		reference: func(in []host, out [][]float32) {
			for i, id := range in[1].i {
				copy(out[0][i*c:(i+1)*c], in[0].f[int(id)*c:])
			}
		},
		diff: []bool{true, false},
		derive: func(g *Graph, in []*Node, _, grad *Node) []*Node {
			return []*Node{g.embeddingGrad(grad, in[1], v, pad), nil}
		},
		cheap: true,
		launch: func(dev kernels.Device, k *call) {
			dev.Embedding(k.out[0].Mat(t, c), k.in[0].Mat(v, c), k.in[1])
		},
	}), table, ids)
}

// embeddingGrad sums the rows of dy [T, C] into a table of v rows, in token
// order.
func (g *Graph) embeddingGrad(dy, ids *Node, v, pad int) *Node {
	t, c := matDims("embeddingGrad", dy)
	return g.apply(embeddingGradOp(t, v, c, pad), dy, ids)
}

const embeddingGradName = "embedding_grad"

func embeddingGradOp(t, v, c, pad int) *fused {
	return newOp(fused{
		name: embeddingGradName, attrs: fmt.Sprint(pad), attr: float64(pad), summed: []int{0},
		in: []port{f32(t, c), i32(t)}, out: []port{f32(v, c)},
		reference: func(in []host, out [][]float32) {
			for i, id := range in[1].i {
				if int(id) == pad {
					continue
				}
				for j := range c {
					out[0][int(id)*c+j] += in[0].f[i*c+j]
				}
			}
		},
		accumulates: []int{0},
		launch: func(dev kernels.Device, k *call) {
			k.clearUnlessAdding(dev, 0)
			dev.EmbeddingGrad(k.out[0].Mat(v, c), k.in[0].Mat(t, c), k.in[1], pad)
		},
	})
}

// clearUnlessAdding zeroes result i for kernels that always add.
func (k *call) clearUnlessAdding(dev kernels.Device, i int) {
	if !k.acc[i] {
		dev.Zero(k.out[i])
	}
}

func matDims(what string, n *Node) (rows, cols int) {
	s := n.Shape()
	if len(s) != 2 {
		failf("%s: %s has shape %v; a matrix is needed", what, n.Name(), s)
	}
	return s[0], s[1]
}
