package autograd

import (
	"fmt"

	"huihai/kernels"
)

// Rotary applies rotary position embedding (Su et al. 2021), rotate-half
// pairing (i, i+D/2), to the first heads*headDim columns of qkv [T, W]; the
// other columns pass through. positions is [T]; table is [maxPos, D] as made by
// kernels.RotaryTable.
func (g *Graph) Rotary(qkv, positions, table *Node, heads, headDim int) *Node {
	return g.rotary(qkv, positions, table, heads, headDim, false)
}

func (g *Graph) rotary(qkv, positions, table *Node, heads, headDim int, inverse bool) *Node {
	t, w := matDims("Rotary", qkv)
	maxPos, d := matDims("Rotary", table)
	if d != headDim || heads*headDim > w {
		failf("Rotary: %d heads of %d with a table of width %d do not fit in rows of %d", heads, headDim, d, w)
	}
	return g.apply(newOp(fused{
		name: "rotary", attrs: fmt.Sprint(heads, headDim, inverse),
		in: []port{f32(t, w), i32(t), f32(maxPos, d)}, out: []port{f32(t, w)},
		reference: func(in []host, out [][]float32) {
			copy(out[0], in[0].f)
			for r := range t {
				row := out[0][r*w:]
				angles := in[2].f[int(in[1].i[r])*d:]
				for h := range heads {
					rotateHalf(row[h*d:(h+1)*d], angles, inverse)
				}
			}
		},
		diff: []bool{true, false, false},
		derive: func(g *Graph, in []*Node, _, grad *Node) []*Node {
			return []*Node{g.rotary(grad, in[1], in[2], heads, headDim, !inverse), nil, nil}
		},
		inPlace: [][2]int{{0, 0}},
		launch: func(dev kernels.Device, k *call) {
			k.copyUnlessShared(dev, 0, 0)
			dev.Rotary(k.out[0].Mat(t, w).ColRange(0, heads*headDim), k.in[2], k.in[1], headDim, inverse)
		},
	}), qkv, positions, table)
}

func rotateHalf(x, angles []float32, inverse bool) {
	half := len(x) / 2
	for i := range half {
		cos, sin := float64(angles[i]), float64(angles[half+i])
		if inverse {
			sin = -sin
		}
		a, b := float64(x[i]), float64(x[half+i])
		x[i] = float32(a*cos - b*sin)
		x[half+i] = float32(b*cos + a*sin)
	}
}
