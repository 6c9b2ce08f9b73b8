package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// adamw writes one AdamW step, n a multiple of 8. k points at the scalars in
// the order of type adamStep.
func adamw() {
	routine("adamwAVX2", "func(w, grad, m, v *float32, n int, k *float32)")
	Doc("adamwAVX2 is one step of AdamW; k holds the fields of adamStep in order.")
	w, g, m, v, k := ptr("w"), ptr("grad"), ptr("m"), ptr("v"), ptr("k")
	var c [10]VecVirtual
	for i := range c {
		c[i] = YMM()
		VBROADCASTSS(at(k, i), c[i])
	}
	gradScale, beta1, rest1, beta2, rest2 := c[0], c[1], c[2], c[3], c[4]
	corr1, corr2, eps, negLR, negDecay := c[5], c[6], c[7], c[8], c[9]
	strips("loop", 8, func() {
		x, a, b := YMM(), YMM(), YMM()
		VMULPS(at(g, 0), gradScale, x)
		VMULPS(x, rest1, a)
		VFMADD231PS(at(m, 0), beta1, a)
		flush(a)
		VMOVUPS(a, at(m, 0))
		VMULPS(x, rest2, b)
		VMULPS(x, b, b)
		VFMADD231PS(at(v, 0), beta2, b)
		flush(b)
		VMOVUPS(b, at(v, 0))
		VDIVPS(corr2, b, b)
		VSQRTPS(b, b)
		VADDPS(eps, b, b)
		VDIVPS(corr1, a, a)
		VDIVPS(b, a, a)
		VMOVUPS(at(w, 0), x)
		VFMADD231PS(x, negDecay, x)
		VFMADD231PS(a, negLR, x)
		VMOVUPS(x, at(w, 0))
	}, w, g, m, v)
	finish()
}

// flush replaces subnormal lanes by zero; NaN stays.
func flush(x VecVirtual) {
	t := YMM()
	VANDPS(bits(^uint32(signBit)), x, t)
	VCMPPS(Imm(lessOQ), f32(0x1p-126), t, t)
	VANDNPS(x, t, x)
}
