package rng

import "math"

// normQuantile returns the x with Phi(x) = p, for p in (0, 1), to about 1e-15
// relative: algorithm AS 241, PPND16 (Wichura 1988, "The percentage points of
// the normal distribution"). One rational function serves the middle, two more
// serve the tails in r = sqrt(-log(min(p, 1-p))).
func normQuantile(p float64) float64 {
	q := p - 0.5
	if math.Abs(q) <= 0.425 {
		r := 0.180625 - float64(q*q)
		return q * polynomial(r, &middleNum) / polynomial(r, &middleDen)
	}
	tail := p
	if q > 0 {
		tail = 1 - p
	}
	r := math.Sqrt(-logReproducible(tail))
	var x float64
	if r <= 5 {
		x = polynomial(r-1.6, &nearNum) / polynomial(r-1.6, &nearDen)
	} else {
		x = polynomial(r-5, &farNum) / polynomial(r-5, &farDen)
	}
	return math.Copysign(x, q)
}

// Coefficients of AS 241 from the constant term upward: the middle
// (|p-0.5| <= 0.425), the near tail (r <= 5) and the far tail.
var (
	middleNum = [8]float64{
		3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
		4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3,
	}
	middleDen = [8]float64{
		1, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
		2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3,
	}
	nearNum = [8]float64{
		1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
		1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
	}
	nearDen = [8]float64{
		1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
		1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
	}
	farNum = [8]float64{
		6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
		2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
	}
	farDen = [8]float64{
		1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
		7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
	}
)

// polynomial evaluates c by Horner's rule. The conversions keep compilers for
// machines with fused multiply-add from rounding once instead of twice.
func polynomial(x float64, c *[8]float64) float64 {
	y := c[7]
	for i := 6; i >= 0; i-- {
		y = float64(y*x) + c[i]
	}
	return y
}

// logReproducible is the natural logarithm of a positive normal number to
// about 1e-15 relative. math.Log may be assembly or fused, so it can differ
// between machines in the last bit.
//
// With x = m*2^k and m in [sqrt(1/2), sqrt(2)): log(m) = 2*atanh(s) for
// s = (m-1)/(m+1), whose series in s² (at most 0.0295) needs eleven terms.
func logReproducible(x float64) float64 {
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = 2*m, k-1
	}
	s := (m - 1) / (m + 1)
	s2 := float64(s * s)
	sum := 0.0
	for n := 21; n >= 1; n -= 2 {
		sum = float64(sum*s2) + 1/float64(n)
	}
	return float64(float64(k)*math.Ln2) + float64(2*float64(s*sum))
}
