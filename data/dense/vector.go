package dense

import "math"

// dot returns the product of two vectors of equal length, a multiple of 16:
// lanes 0..15 sum the components of their own in order, and a tree of four
// levels the lanes. The conversions keep compilers from fusing, so that the bits
// are the same on all machines.
func dot(a, b []float32) float32 {
	var s [16]float32
	for len(a) >= 16 && len(b) >= 16 {
		x, y := (*[16]float32)(a), (*[16]float32)(b)
		s[0] += float32(x[0] * y[0])
		s[1] += float32(x[1] * y[1])
		s[2] += float32(x[2] * y[2])
		s[3] += float32(x[3] * y[3])
		s[4] += float32(x[4] * y[4])
		s[5] += float32(x[5] * y[5])
		s[6] += float32(x[6] * y[6])
		s[7] += float32(x[7] * y[7])
		s[8] += float32(x[8] * y[8])
		s[9] += float32(x[9] * y[9])
		s[10] += float32(x[10] * y[10])
		s[11] += float32(x[11] * y[11])
		s[12] += float32(x[12] * y[12])
		s[13] += float32(x[13] * y[13])
		s[14] += float32(x[14] * y[14])
		s[15] += float32(x[15] * y[15])
		a, b = a[16:], b[16:]
	}
	for n := 8; n > 0; n /= 2 {
		for i := range n {
			s[i] += s[i+n]
		}
	}
	return s[0]
}

// unitLength divides v by its length and says whether it has one.
func unitLength(v []float32) bool {
	square := 0.0
	for _, x := range v {
		square += float64(float64(x) * float64(x))
	}
	if !(square > 1e-12) {
		return false
	}
	length := math.Sqrt(square)
	for i, x := range v {
		v[i] = float32(float64(x) / length)
	}
	return true
}
