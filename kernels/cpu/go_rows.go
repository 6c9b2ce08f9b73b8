package cpu

import (
	"math"

	k "huihai/kernels"
)

func addGo(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func axpyGo(dst []float32, alpha float32, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = k.FMA32(alpha, v, dst[i])
	}
}

func scaleGo(dst []float32, alpha float32, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = alpha * v
	}
}

func divideGo(y, x []float32, by float32) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] = v / by
	}
}

// dot16Go: lane i%16 of fma(a[i], b[i], lane), then the tree.
func dot16Go(a, b []float32) float32 {
	var lanes [k.Lanes]float32
	b = b[:len(a)]
	for i, v := range a {
		lanes[i%k.Lanes] = k.FMA32(v, b[i], lanes[i%k.Lanes])
	}
	return k.Tree16(&lanes)
}

// divideDotGo is dot16Go of dy and x/by.
func divideDotGo(dy, x []float32, by float32) float32 {
	var lanes [k.Lanes]float32
	x = x[:len(dy)]
	for i, v := range dy {
		lanes[i%k.Lanes] = k.FMA32(v, x[i]/by, lanes[i%k.Lanes])
	}
	return k.Tree16(&lanes)
}

// sumSquares64Go sums squares in float64, lane i%16, then the tree.
func sumSquares64Go(x []float32) float64 {
	var lanes [k.Lanes]float64
	for i, v := range x {
		lanes[i%k.Lanes] += float64(float64(v) * float64(v))
	}
	return k.Tree16F64(&lanes)
}

// rowMaxGo keeps the larger in each lane and combines the lanes by the tree; NaN
// is passed over, and nothing but NaN gives -Inf.
func rowMaxGo(x []float32) float32 {
	var lanes [k.Lanes]float32
	for l := range lanes {
		lanes[l] = float32(math.Inf(-1))
	}
	for i, v := range x {
		if v > lanes[i%k.Lanes] {
			lanes[i%k.Lanes] = v
		}
	}
	return treeMax(&lanes)
}

func treeMax(lanes *[k.Lanes]float32) float32 {
	t := *lanes
	for n := k.Lanes / 2; n >= 1; n /= 2 {
		for l := range n {
			if t[l+n] > t[l] {
				t[l] = t[l+n]
			}
		}
	}
	return t[0]
}

// normApplyGo: y = (x*rstd)*gain.
func normApplyGo(y, x, gain []float32, rstd float32) {
	x, gain = x[:len(y)], gain[:len(y)]
	for i, v := range x {
		y[i] = float32(v*rstd) * gain[i]
	}
}

// normGradDotGo: the lane sum of (dy*gain) * (x*rstd).
func normGradDotGo(dy, x, gain []float32, rstd float32) float32 {
	var lanes [k.Lanes]float32
	x, gain = x[:len(dy)], gain[:len(dy)]
	for i, v := range dy {
		g, n := float32(v*gain[i]), float32(x[i]*rstd)
		lanes[i%k.Lanes] = k.FMA32(g, n, lanes[i%k.Lanes])
	}
	return k.Tree16(&lanes)
}

// normGradApplyGo: dx = rstd * fma(-(x*rstd), s, dy*gain).
func normGradApplyGo(dx, dy, x, gain []float32, rstd, s float32) {
	dy, x, gain = dy[:len(dx)], x[:len(dx)], gain[:len(dx)]
	for i, v := range dy {
		g, n := float32(v*gain[i]), float32(x[i]*rstd)
		dx[i] = rstd * k.FMA32(-n, s, g)
	}
}

// gainRowsGo: dGain[c] = fma(dy[r,c], x[r,c]*rstd[r], dGain[c]) over rows in order.
func gainRowsGo(dGain []float32, dy, x mat, rstd []float32) {
	for r, scale := range rstd {
		dy, x := dy.at(r, 0, len(dGain)), x.at(r, 0, len(dGain))
		for i, v := range dy {
			dGain[i] = k.FMA32(v, float32(x[i]*scale), dGain[i])
		}
	}
}

// rowNormGradGo: dx = fma(-(x/by), s, dy)/by, added to dx when acc.
func rowNormGradGo(dx, dy, x []float32, by, s float32, acc bool) {
	dy, x = dy[:len(dx)], x[:len(dx)]
	for i, v := range dy {
		g := k.FMA32(-float32(x[i]/by), s, v) / by
		if acc {
			g = dx[i] + g
		}
		dx[i] = g
	}
}

// rotateGo turns the pairs (lo, hi) of the halves of each head by the angles of
// table, cosines before sines: lo*cos - hi*sin and lo*sin + hi*cos, the second
// product rounded first.
func rotateGo(x, table []float32, dim int, inverse bool) {
	half := dim / 2
	for ; len(x) >= dim; x = x[dim:] {
		lo, hi := x[:half], x[half:dim]
		for i, a := range lo {
			b, c, s := hi[i], table[i], table[half+i]
			if inverse {
				s = -s
			}
			lo[i] = k.FMA32(a, c, -float32(b*s))
			hi[i] = k.FMA32(a, s, float32(b*c))
		}
	}
}
