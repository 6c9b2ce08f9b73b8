package kernels

import "math"

// Constants of [Exp32], exported to the generators of device code by value: the
// polynomial approximates (exp(r)-1-r)/r² on |r| <= ln(2)/2 with a relative
// error of exp below 4e-9 (weighted minimax fit).
const (
	ExpLog2E  float32 = 1.44269504088896341
	ExpMagic  float32 = 12582912 // 1.5 * 2^23: adding it rounds to an integer
	ExpLn2Hi  float32 = 0.693359375
	ExpLn2Lo  float32 = -2.12194440e-4
	ExpC2     float32 = 0.49999993431660505
	ExpC3     float32 = 0.16666520394430387
	ExpC4     float32 = 0.041668390877274857
	ExpC5     float32 = 0.008368745537541003
	ExpC6     float32 = 0.0013814535713500104
	ExpLowest float32 = -87.336544 // ln of the smallest normal float32, rounded up
	ExpTop    float32 = 89         // everything from here on overflows

	// WeightCut bounds the weights of a softmax from below, see [Weight32].
	WeightCut float32 = -44
)

// Exp32 is the exponential function of every device, to within 1 ulp:
//
//	n = round(x*log2(e)), r = x - n*ln2 (two steps), exp(x) = P(r) * 2^n
//
// each step one fused multiply-add. Below ExpLowest, where float32 would be
// subnormal, the result is 0. NaN gives NaN, +Inf gives +Inf.
func Exp32(x float32) float32 {
	if x < ExpLowest {
		return 0
	}
	if x > ExpTop {
		x = ExpTop
	}
	t := FMA32(x, ExpLog2E, ExpMagic)
	n := t - ExpMagic
	r := FMA32(n, -ExpLn2Hi, x)
	r = FMA32(n, -ExpLn2Lo, r)
	p := FMA32(ExpC6, r, ExpC5)
	p = FMA32(p, r, ExpC4)
	p = FMA32(p, r, ExpC3)
	p = FMA32(p, r, ExpC2)
	p = FMA32(p, r, 1)
	p = FMA32(p, r, 1)
	// Two exact powers of two, since 2^128 itself is not a float32.
	e := int32(math.Float32bits(t)) - int32(math.Float32bits(ExpMagic))
	h := e >> 1
	p *= math.Float32frombits(uint32(h+127) << 23)
	return p * math.Float32frombits(uint32(e-h+127)<<23)
}

// Weight32 is the weight of a score that lies x below the largest one (or x from
// the log of the sum): Exp32(x), and 0 below WeightCut. Such a weight is less than
// 2^-63 of the sum and cannot be seen in it, but products with it would be
// subnormal, which costs processors a hundred times the time of a normal one.
func Weight32(x float32) float32 {
	if x < WeightCut {
		return 0
	}
	return Exp32(x)
}

// Log32 returns the natural logarithm of a positive finite x, computed in
// float64 with a fixed series so that it is the same on every machine. It is
// NaN for NaN and negative numbers, -Inf for 0 and +Inf for +Inf.
func Log32(x float32) float32 {
	if !(x > 0) || math.IsInf(float64(x), 1) {
		return float32(math.Log(float64(x)))
	}
	m, e := math.Frexp(float64(x))
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	// ln m = 2 artanh(s), s = (m-1)/(m+1), |s| < 0.172.
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	sum := 1.0 / 21
	for d := 19; d >= 1; d -= 2 {
		sum = float64(sum*z) + 1/float64(d)
	}
	return float32(float64(2*s*sum) + float64(float64(e)*math.Ln2))
}

// Sigmoid32 is 1/(1+exp(-x)) with [Exp32].
func Sigmoid32(x float32) float32 { return 1 / (1 + Exp32(-x)) }
