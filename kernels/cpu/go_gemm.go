package cpu

import k "huihai/kernels"

// Tile of the portable micro-kernel.
const (
	goMR = 4
	goNR = 16
)

// microGo continues a full tile: c[i,j] = fma(a[i*row+p*step], b[p*nr+j], c[i,j])
// for p in order, from zero when zero is set.
func microGo(kb int, a []float32, row, step int, b, c []float32, ldc int, zero bool) {
	var t [goMR * goNR]float32
	if !zero {
		for i := range goMR {
			copy(t[i*goNR:(i+1)*goNR], c[i*ldc:])
		}
	}
	for p := range kb {
		bp := (*[goNR]float32)(b[p*goNR:])
		for i := range goMR {
			av := a[i*row+p*step]
			acc := (*[goNR]float32)(t[i*goNR:])
			for j := range bp {
				acc[j] = k.FMA32(av, bp[j], acc[j])
			}
		}
	}
	for i := range goMR {
		copy(c[i*ldc:i*ldc+goNR], t[i*goNR:])
	}
}

// dotRowsGo: c[j] = chain over p of fma(a[p], b[j*ldb+p], c[j]), from zero when
// zero is set.
func dotRowsGo(c, a, b []float32, ldb int, zero bool) {
	for j := range c {
		s := c[j]
		if zero {
			s = 0
		}
		row := b[j*ldb : j*ldb+len(a)]
		for p, v := range a {
			s = k.FMA32(v, row[p], s)
		}
		c[j] = s
	}
}

// axpyRowsGo: c[j] = chain over p of fma(a[p], b[p*ldb+j], c[j]).
func axpyRowsGo(c, a, b []float32, ldb int) {
	for p, v := range a {
		axpyGo(c, v, b[p*ldb:p*ldb+len(c)])
	}
}

func widenGo(dst []float32, src []uint16) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = k.F32FromBF16(v)
	}
}

func narrowGo(dst []uint16, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = k.BF16FromF32(v)
	}
}

// peakGo runs rounds of four independent chains and returns how many operations
// it did.
func peakGo(rounds int) float64 {
	var s [4]float32
	x := float32(rounds) * 1e-9
	for range rounds / 4 {
		for i := range s {
			s[i] = k.FMA32(x, x, s[i])
		}
	}
	sink := s[0] + s[1] + s[2] + s[3]
	if sink < 0 { // never; keeps the loop
		return 0
	}
	return float64(rounds/4) * 4 * 2
}
