//go:build !noasm

package cpu

import (
	"math"
	"unsafe"

	"huihai/kernels"
)

func (p isa) widenTo(dst []float32, src []uint16, past bool) {
	n := p.vectors(len(dst))
	switch {
	case n == 0:
	case past && aligned(dst):
		_ = src[n-1]
		widenPastAVX2(&dst[0], &src[0], n)
	default:
		_ = src[n-1]
		widenAVX2(&dst[0], &src[0], n)
	}
	widenGo(dst[n:], src[n:])
}

func (p isa) narrow(dst []uint16, src []float32, past bool) {
	n := p.rowLanes(len(src))
	switch {
	case n == 0:
	case past && aligned(dst):
		_ = dst[n-1]
		narrowPastAVX2(&dst[0], &src[0], n)
	default:
		_ = dst[n-1]
		narrowAVX2(&dst[0], &src[0], n)
	}
	narrowGo(dst[n:], src[n:])
}

// vectors is how many of n elements assembly takes, eight at a time.
func (p isa) vectors(n int) int {
	if p == portable {
		return 0
	}
	return n &^ 7
}

// wideVectors is how many of n elements AVX-512 takes, sixteen at a time.
func (p isa) wideVectors(n int) int {
	if p != avx512 {
		return 0
	}
	return n &^ 15
}

func (p isa) add(dst, a, b []float32, past bool) {
	a, b = a[:len(dst)], b[:len(dst)]
	n := p.vectors(len(dst))
	switch {
	case n == 0:
	case past && aligned(dst):
		addPastAVX2(&dst[0], &a[0], &b[0], n)
	default:
		addAVX2(&dst[0], &a[0], &b[0], n)
	}
	addGo(dst[n:], a[n:], b[n:])
}

func (p isa) axpy(dst []float32, alpha float32, src []float32) {
	src = src[:len(dst)]
	n := p.vectors(len(dst))
	if n > 0 {
		axpyAVX2(&dst[0], &src[0], n, alpha)
	}
	axpyGo(dst[n:], alpha, src[n:])
}

func (p isa) scaleTo(dst []float32, alpha float32, src []float32, past bool) {
	src = src[:len(dst)]
	n := p.vectors(len(dst))
	switch {
	case n == 0:
	case past && aligned(dst):
		scalePastAVX2(&dst[0], &src[0], n, alpha)
	default:
		scaleAVX2(&dst[0], &src[0], n, alpha)
	}
	scaleGo(dst[n:], alpha, src[n:])
}

func (p isa) divide(y, x []float32, by float32, past bool) {
	x = x[:len(y)]
	n := p.vectors(len(y))
	switch {
	case n == 0:
	case past && aligned(y):
		dividePastAVX2(&y[0], &x[0], n, by)
	default:
		divideAVX2(&y[0], &x[0], n, by)
	}
	divideGo(y[n:], x[n:], by)
}

// rowLanes is how many of n elements the lane loops in assembly take.
func (p isa) rowLanes(n int) int {
	if p == portable {
		return 0
	}
	return n &^ (kernels.Lanes - 1)
}

func (p isa) dot16(a, b []float32) float32 {
	n := p.rowLanes(len(a))
	if n == 0 {
		return dot16Go(a, b)
	}
	b = b[:len(a)]
	var lanes [kernels.Lanes]float32
	dotLanesAVX2(&a[0], &b[0], n, &lanes)
	for i, v := range a[n:] {
		lanes[i] = kernels.FMA32(v, b[n+i], lanes[i])
	}
	return kernels.Tree16(&lanes)
}

func (p isa) divideDot(dy, x []float32, by float32) float32 {
	n := p.rowLanes(len(dy))
	if n == 0 {
		return divideDotGo(dy, x, by)
	}
	x = x[:len(dy)]
	var lanes [kernels.Lanes]float32
	divideDotLanesAVX2(&dy[0], &x[0], n, by, &lanes)
	for i, v := range dy[n:] {
		lanes[i] = kernels.FMA32(v, x[n+i]/by, lanes[i])
	}
	return kernels.Tree16(&lanes)
}

func (p isa) normGradDot(dy, x, gain []float32, rstd float32) float32 {
	n := p.rowLanes(len(dy))
	if n == 0 {
		return normGradDotGo(dy, x, gain, rstd)
	}
	x, gain = x[:len(dy)], gain[:len(dy)]
	var lanes [kernels.Lanes]float32
	normGradLanesAVX2(&dy[0], &x[0], &gain[0], n, rstd, &lanes)
	for i, v := range dy[n:] {
		g, m := float32(v*gain[n+i]), float32(x[n+i]*rstd)
		lanes[i] = kernels.FMA32(g, m, lanes[i])
	}
	return kernels.Tree16(&lanes)
}

func (p isa) sumSquares64(x []float32) float64 {
	n := p.rowLanes(len(x))
	if n == 0 {
		return sumSquares64Go(x)
	}
	var lanes [kernels.Lanes]float64
	squareLanesAVX2(&x[0], n, &lanes)
	for i, v := range x[n:] {
		lanes[i] += float64(float64(v) * float64(v))
	}
	return kernels.Tree16F64(&lanes)
}

func (p isa) rowMax(x []float32) float32 {
	n := p.rowLanes(len(x))
	if n == 0 {
		return rowMaxGo(x)
	}
	var lanes [kernels.Lanes]float32
	rowMaxLanesAVX2(&x[0], n, &lanes)
	for i, v := range x[n:] {
		if v > lanes[i] {
			lanes[i] = v
		}
	}
	return treeMax(&lanes)
}

func (p isa) normApply(y, x, gain []float32, rstd float32, past bool) {
	x, gain = x[:len(y)], gain[:len(y)]
	n := p.vectors(len(y))
	switch {
	case n == 0:
	case past && aligned(y):
		normApplyPastAVX2(&y[0], &x[0], &gain[0], n, rstd)
	default:
		normApplyAVX2(&y[0], &x[0], &gain[0], n, rstd)
	}
	normApplyGo(y[n:], x[n:], gain[n:], rstd)
}

func (p isa) normGradApply(dx, dy, x, gain []float32, rstd, s float32, past bool) {
	dy, x, gain = dy[:len(dx)], x[:len(dx)], gain[:len(dx)]
	n := p.vectors(len(dx))
	switch {
	case n == 0:
	case past && aligned(dx):
		normGradApplyPastAVX2(&dx[0], &dy[0], &x[0], &gain[0], n, rstd, s)
	default:
		normGradApplyAVX2(&dx[0], &dy[0], &x[0], &gain[0], n, rstd, s)
	}
	normGradApplyGo(dx[n:], dy[n:], x[n:], gain[n:], rstd, s)
}

func (p isa) gainRows(dGain []float32, dy, x mat, rstd []float32) {
	c, n := 0, p.vectors(len(dGain))
	if len(rstd) == 0 {
		return
	}
	for ; c+64 <= n; c += 64 {
		gainRows64AVX2(&dGain[c], &dy.f[c], dy.stride, &x.f[c], x.stride, &rstd[0], len(rstd))
	}
	for ; c < n; c += 8 {
		gainRows8AVX2(&dGain[c], &dy.f[c], dy.stride, &x.f[c], x.stride, &rstd[0], len(rstd))
	}
	if c < len(dGain) {
		gainRowsGo(dGain[c:], dy.shift(c), x.shift(c), rstd)
	}
}

func (p isa) rowNormGrad(dx, dy, x []float32, by, s float32, acc, past bool) {
	dy, x = dy[:len(dx)], x[:len(dx)]
	n := p.vectors(len(dx))
	switch {
	case n > 0 && acc:
		rowNormGradAddAVX2(&dx[0], &dy[0], &x[0], n, by, s)
	case n > 0 && past && aligned(dx):
		rowNormGradPastAVX2(&dx[0], &dy[0], &x[0], n, by, s)
	case n > 0:
		rowNormGradAVX2(&dx[0], &dy[0], &x[0], n, by, s)
	}
	rowNormGradGo(dx[n:], dy[n:], x[n:], by, s, acc)
}

func (p isa) rotate(x, table []float32, dim int, inverse bool) {
	if p == portable || dim%8 != 0 || len(x) == 0 {
		rotateGo(x, table, dim, inverse)
		return
	}
	sign := uint32(0)
	if inverse {
		sign = 1 << 31
	}
	_ = table[dim-1]
	rotateAVX2(&x[0], &table[0], dim/2, len(x)/dim, sign)
}

func (p isa) softmax(s []float32, r *scoreRow) (top, sum float32) {
	if p == portable || len(s) == 0 {
		return softmaxGo(s, r)
	}
	visible, rel := r.clamped(len(s))
	plain := r.segments == nil || visible == 0
	if p == avx512 {
		if plain {
			top = scoresAVX512(&s[0], len(s), visible, rel, r.scale, r.slope)
		} else {
			top = scoresSegAVX512(&s[0], len(s), visible, rel, r.scale, r.slope, &r.segments[0], r.want)
		}
		return top, expSumAVX512(&s[0], len(s), top)
	}
	if plain {
		top = scoresAVX2(&s[0], len(s), visible, rel, r.scale, r.slope)
	} else {
		top = scoresSegAVX2(&s[0], len(s), visible, rel, r.scale, r.slope, &r.segments[0], r.want)
	}
	return top, expSumAVX2(&s[0], len(s), top)
}

func (p isa) softmaxGrad(s, dp []float32, r *scoreRow, lse, delta float32) {
	if p == portable || len(s) == 0 {
		softmaxGradGo(s, dp, r, lse, delta)
		return
	}
	visible, rel := r.clamped(len(s))
	_ = dp[len(s)-1]
	plain := r.segments == nil || visible == 0
	switch {
	case plain && p == avx512:
		softmaxGradAVX512(&s[0], &dp[0], len(s), visible, rel, r.scale, r.slope, lse, delta)
	case p == avx512:
		softmaxGradSegAVX512(&s[0], &dp[0], len(s), visible, rel, r.scale, r.slope, lse, delta, &r.segments[0], r.want)
	case plain:
		softmaxGradAVX2(&s[0], &dp[0], len(s), visible, rel, r.scale, r.slope, lse, delta)
	default:
		softmaxGradSegAVX2(&s[0], &dp[0], len(s), visible, rel, r.scale, r.slope, lse, delta, &r.segments[0], r.want)
	}
}

// clamped returns the visible keys of a row of n and its first distance as the
// 32-bit numbers that assembly compares.
func (r *scoreRow) clamped(n int) (visible, rel int32) {
	return int32(min(r.n, n)), int32(max(r.rel, math.MinInt32))
}

func (p isa) swiglu(h, gate, up []float32, past bool) {
	gate, up = gate[:len(h)], up[:len(h)]
	n := p.wideVectors(len(h))
	switch {
	case n == 0:
	case past && aligned(h):
		swigluPastAVX512(&h[0], &gate[0], &up[0], n)
	default:
		swigluAVX512(&h[0], &gate[0], &up[0], n)
	}
	m := p.vectors(len(h) - n)
	switch {
	case m == 0:
	case past && aligned(h[n:]):
		swigluPastAVX2(&h[n], &gate[n], &up[n], m)
	default:
		swigluAVX2(&h[n], &gate[n], &up[n], m)
	}
	n += m
	swigluGo(h[n:], gate[n:], up[n:])
}

func (p isa) swigluGrad(dGate, dUp, dh, gate, up []float32, past bool) {
	dUp, dh, gate, up = dUp[:len(dGate)], dh[:len(dGate)], gate[:len(dGate)], up[:len(dGate)]
	n := p.wideVectors(len(dGate))
	past = past && aligned(dGate) && aligned(dUp)
	switch {
	case n == 0:
	case past:
		swigluGradPastAVX512(&dGate[0], &dUp[0], &dh[0], &gate[0], &up[0], n)
	default:
		swigluGradAVX512(&dGate[0], &dUp[0], &dh[0], &gate[0], &up[0], n)
	}
	m := p.vectors(len(dGate) - n)
	switch {
	case m == 0:
	case past:
		swigluGradPastAVX2(&dGate[n], &dUp[n], &dh[n], &gate[n], &up[n], m)
	default:
		swigluGradAVX2(&dGate[n], &dUp[n], &dh[n], &gate[n], &up[n], m)
	}
	n += m
	swigluGradGo(dGate[n:], dUp[n:], dh[n:], gate[n:], up[n:])
}

func (p isa) adamw(w, g, m, v []float32, s *adamStep) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	n := p.vectors(len(w))
	if n > 0 {
		adamwAVX2(&w[0], &g[0], &m[0], &v[0], n, (*float32)(unsafe.Pointer(s)))
	}
	adamwGo(w[n:], g[n:], m[n:], v[n:], s)
}
