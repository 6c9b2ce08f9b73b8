package kernels

import "math"

// RotaryTable returns F32[maxPos, headDim], the table of [Device.Rotary]: row
// pos holds cos(pos*θ_i) for i < headDim/2, then sin(pos*θ_i), with
// θ_i = base^(-2i/headDim) (Su et al. 2021). Angles are computed in float64 and
// the results rounded once.
func RotaryTable(maxPos, headDim int, base float64) []float32 {
	half := headDim / 2
	table := make([]float32, maxPos*headDim)
	for i := range half {
		theta := math.Pow(base, -2*float64(i)/float64(headDim))
		for pos := range maxPos {
			sin, cos := math.Sincos(float64(pos) * theta)
			table[pos*headDim+i] = float32(cos)
			table[pos*headDim+half+i] = float32(sin)
		}
	}
	return table
}

// ALiBiSlopes returns the slope of each head (Press et al. 2022): for n heads,
// n a power of two, 2^(-8h/n) for h = 1..n. For other counts, with p the power
// of two below, the first p heads take the slopes of p heads and the rest every
// other slope of 2p heads, from the first.
func ALiBiSlopes(heads int) []float32 {
	p := 1
	for p*2 <= heads {
		p *= 2
	}
	slopes := make([]float32, heads)
	for h := range slopes {
		exponent := -8 * float64(h+1) / float64(p)
		if h >= p {
			exponent = -8 * float64(2*(h-p)+1) / float64(2*p)
		}
		slopes[h] = float32(math.Exp2(exponent))
	}
	return slopes
}
