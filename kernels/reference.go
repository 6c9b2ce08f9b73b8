package kernels

import "math"

// Lanes is the number of virtual lanes of every row reduction.
const Lanes = 16

// Tree16 combines the 16 lanes of a row reduction in the one fixed order that
// every device uses: lane l with l+8, then l+4, l+2, l+1.
func Tree16(lanes *[Lanes]float32) float32 {
	var t [8]float32
	for l := range t {
		t[l] = lanes[l] + lanes[l+8]
	}
	a, b := (t[0]+t[4])+(t[2]+t[6]), (t[1]+t[5])+(t[3]+t[7])
	return a + b
}

// Tree16F64 is [Tree16] in float64.
func Tree16F64(lanes *[Lanes]float64) float64 {
	var t [8]float64
	for l := range t {
		t[l] = lanes[l] + lanes[l+8]
	}
	a, b := (t[0]+t[4])+(t[2]+t[6]), (t[1]+t[5])+(t[3]+t[7])
	return a + b
}

// FMA32 returns a*b + c rounded once to float32, on every machine. The product
// of two float32 is exact in float64; only a sum that lands on the midpoint of
// two float32, or near the subnormal range, can be spoilt by the second
// rounding, and then the sum is redone with rounding to odd (Boldo and
// Melquiond 2008).
func FMA32(a, b, c float32) float32 {
	s := float64(a)*float64(b) + float64(c)
	u := math.Float64bits(s)
	if u&(1<<29-1) != 1<<28 && u&(1<<63-1) >= normalF32 {
		return float32(s)
	}
	return fma32Slow(a, b, c)
}

// normalF32 is the bit pattern of 2^-125 as float64: below it float32 keeps
// fewer digits and the midpoints lie elsewhere.
const normalF32 = (1023 - 125) << 52

func fma32Slow(a, b, c float32) float32 {
	p, q := float64(a)*float64(b), float64(c)
	s := p + q
	// The error of the float64 sum, exact (Knuth's two-sum).
	v := s - p
	e := (p - (s - v)) + (q - v)
	if e == 0 || e != e || math.IsInf(s, 0) {
		return float32(s)
	}
	// Round to odd: an inexact sum with an even last bit moves to its odd
	// neighbour on the side of the exact value.
	u := math.Float64bits(s)
	if u&1 == 0 {
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
	}
	return float32(math.Float64frombits(u))
}

// Sqrt32 returns the float32 square root, correctly rounded.
func Sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
