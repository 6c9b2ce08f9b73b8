package autograd

import (
	"fmt"
	"math"
	"slices"

	"huihai/kernels"
)

// RMSNorm scales each row of x [T, C] by 1/sqrt(mean(x²)+eps) and by gain [C].
// (Zhang and Sennrich 2019.)
func (g *Graph) RMSNorm(x, gain *Node, eps float64) *Node {
	t, c := matDims("RMSNorm", x)
	packed := g.apply(newOp(fused{
		name: "rms_norm", attrs: fmt.Sprint(eps), results: []string{"", "1/sqrt(mean square)"},
		in: []port{f32(t, c), f32(c)}, out: []port{f32(t, c), f32(t)},
		reference: func(in []host, out [][]float32) {
			for r := range t {
				row := in[0].f[r*c : (r+1)*c]
				rstd := 1 / math.Sqrt(dot(row, row)/float64(c)+eps)
				out[1][r] = float32(rstd)
				for j, v := range row {
					out[0][r*c+j] = float32(float64(v) * rstd * float64(in[1].f[j]))
				}
			}
		},
		diff: []bool{true, true},
		derive: func(g *Graph, in []*Node, out, grad *Node) []*Node {
			d := g.rmsNormGrad(grad, in[0], in[1], g.pick(out, 1))
			return []*Node{g.pick(d, 0), g.pick(d, 1)}
		},
		cheap: true, optional: []int{1},
		lost:   func(x, y []float32) int { return zeroedByOverflow(x, y, c) },
		lostBy: "the sum of the squares of the row overflowed float32, so 1/sqrt(mean square) became 0 and the row with it",
		launch: func(dev kernels.Device, k *call) {
			dev.RMSNorm(k.out[0].Mat(t, c), k.out[1], k.in[0].Mat(t, c), k.in[1], float32(eps))
		},
	}), x, gain)
	return g.pick(packed, 0)
}

// zeroedByOverflow finds a row of y that is zero because the squares of that row of
// x have no finite sum in float32. It returns the element of x that is largest.
func zeroedByOverflow(x, y []float32, c int) int {
	for at := 0; at < len(y); at += c {
		row := x[at : at+c]
		if slices.ContainsFunc(y[at:at+c], func(v float32) bool { return v != 0 }) || dot(row, row) <= 0.999*math.MaxFloat32 {
			continue
		}
		top := 0
		for j, v := range row {
			if math.Abs(float64(v)) > math.Abs(float64(row[top])) {
				top = j
			}
		}
		return at + top
	}
	return -1
}

// rmsNormGrad returns (dx, dGain). With n = x*rstd and g = dy*gain:
// dx = rstd*(g - n*mean(g*n)), dGain = Σ_t dy*n.
func (g *Graph) rmsNormGrad(dy, x, gain, rstd *Node) *Node {
	t, c := matDims("rmsNormGrad", x)
	return g.apply(newOp(fused{
		name: "rms_norm_grad", results: []string{"the gradient of its input", "the gradient of its gain"}, summed: []int{1},
		in:  []port{f32(t, c), f32(t, c), f32(c), f32(t)},
		out: []port{f32(t, c), f32(c)},
		reference: func(in []host, out [][]float32) {
			dGain := make([]float64, c)
			for r := range t {
				rs := float64(in[3].f[r])
				s := 0.0
				for j := range c {
					n := float64(in[1].f[r*c+j]) * rs
					s += float64(in[0].f[r*c+j]) * float64(in[2].f[j]) * n
					dGain[j] += float64(in[0].f[r*c+j]) * n
				}
				s /= float64(c)
				for j := range c {
					n := float64(in[1].f[r*c+j]) * rs
					out[0][r*c+j] = float32(rs * (float64(in[0].f[r*c+j])*float64(in[2].f[j]) - n*s))
				}
			}
			narrow(out[1], dGain)
		},
		optional: []int{1}, accumulates: []int{1}, inPlace: [][2]int{{0, 0}},
		launch: func(dev kernels.Device, k *call) {
			if !k.out[1].IsZero() {
				k.clearUnlessAdding(dev, 1)
			}
			dev.RMSNormGrad(k.out[0].Mat(t, c), k.out[1], k.in[0].Mat(t, c), k.in[1].Mat(t, c), k.in[2], k.in[3])
		},
	}), dy, x, gain, rstd)
}

// RowNormalize divides each row of w [V, C] by max(‖row‖₂, eps): NormHead's
// weight. It depends on parameters alone, so a program runs it once per step; a
// HeadLoss that reads it needs the norms only.
func (g *Graph) RowNormalize(w *Node, eps float64) *Node {
	v, c := matDims("RowNormalize", w)
	packed := g.apply(newOp(fused{
		name: rowNormalizeName, attrs: fmt.Sprint(eps), attr: eps, results: []string{"", "the norms of the rows"},
		in: []port{f32(v, c)}, out: []port{f32(v, c), f32(v)},
		reference: func(in []host, out [][]float32) {
			for r := range v {
				row := in[0].f[r*c : (r+1)*c]
				norm := math.Sqrt(dot(row, row))
				out[1][r] = float32(norm)
				for j, x := range row {
					out[0][r*c+j] = float32(float64(x) / max(norm, eps))
				}
			}
		},
		diff: []bool{true},
		derive: func(g *Graph, in []*Node, out, grad *Node) []*Node {
			return []*Node{g.rowNormalizeGrad(grad, in[0], g.pick(out, 1), eps)}
		},
		optional: []int{0},
		launch: func(dev kernels.Device, k *call) {
			var y kernels.Mat
			if !k.out[0].IsZero() {
				y = k.out[0].Mat(v, c)
			}
			dev.RowNormalize(y, k.out[1], k.in[0].Mat(v, c), float32(eps))
		},
	}), w)
	return g.pick(packed, 0)
}

const rowNormalizeName = "row_normalize"

// rowNormalizeGrad: with m = max(norm, eps) and y = w/m,
// dw = (dy - y*(dy·y))/m, or dy/m where the norm is at most eps.
func (g *Graph) rowNormalizeGrad(dy, w, norms *Node, eps float64) *Node {
	v, c := matDims("rowNormalizeGrad", w)
	return g.apply(newOp(fused{
		name: "row_normalize_grad", attrs: fmt.Sprint(eps),
		in: []port{f32(v, c), f32(v, c), f32(v)}, out: []port{f32(v, c)},
		reference: func(in []host, out [][]float32) {
			for r := range v {
				norm := float64(in[2].f[r])
				m := max(norm, eps)
				s := 0.0
				if norm > eps {
					s = dot(in[0].f[r*c:(r+1)*c], in[1].f[r*c:(r+1)*c]) / m
				}
				for j := r * c; j < (r+1)*c; j++ {
					out[0][j] = float32((float64(in[0].f[j]) - float64(in[1].f[j])/m*s) / m)
				}
			}
		},
		inPlace: [][2]int{{0, 0}}, accumulates: []int{0}, linear: []int{0},
		launch: func(dev kernels.Device, k *call) {
			dev.RowNormalizeGrad(k.out[0].Mat(v, c), k.in[0].Mat(v, c), k.in[1].Mat(v, c), k.in[2], float32(eps), k.acc[0])
		},
	}), dy, w, norms)
}

// dot is the float64 inner product of float32 vectors.
func dot(a, b []float32) float64 {
	s := 0.0
	for i, v := range a {
		s += float64(v) * float64(b[i])
	}
	return s
}

func narrow(dst []float32, src []float64) {
	for i, v := range src {
		dst[i] = float32(v)
	}
}
