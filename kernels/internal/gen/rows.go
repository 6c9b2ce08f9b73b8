package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// elementwise writes the vector loops over n elements, n a multiple of 8.
func elementwise() {
	stores("addAVX2", "func(dst, a, b *float32, n int)", "dst = a + b", func(store func(x, m Op)) {
		dst, a, b := ptr("dst"), ptr("a"), ptr("b")
		strips("loop", 8, func() {
			x := YMM()
			VMOVUPS(at(a, 0), x)
			VADDPS(at(b, 0), x, x)
			store(x, at(dst, 0))
		}, dst, a, b)
	})

	routine("axpyAVX2", "func(dst, src *float32, n int, alpha float32)")
	Doc("axpyAVX2: dst = fma(alpha, src, dst).")
	dst, a := ptr("dst"), ptr("src")
	alpha := broadcast("alpha")
	strips("loop", 8, func() {
		x := YMM()
		VMOVUPS(at(dst, 0), x)
		VFMADD231PS(at(a, 0), alpha, x)
		VMOVUPS(x, at(dst, 0))
	}, dst, a)
	finish()

	unary("scaleAVX2", "dst = alpha * src", func(x, alpha VecVirtual) { VMULPS(alpha, x, x) })
	unary("divideAVX2", "dst = src / alpha", func(x, alpha VecVirtual) { VDIVPS(alpha, x, x) })

	stores("widenAVX2", "func(dst *float32, src *uint16, n int)", "dst = float32(src), src bfloat16", func(store func(x, m Op)) {
		dst, src := ptr("dst"), ptr("src")
		strips("loop", 8, func() {
			x := YMM()
			VPMOVZXWD(Mem{Base: src}, x)
			VPSLLD(Imm(16), x, x)
			store(x, at(dst, 0))
			ADDQ(Imm(16), src)
		}, dst)
	})

	rotate()
}

// rotate turns the heads of a row, which share their angles.
func rotate() {
	routine("rotateAVX2", "func(x, table *float32, half, heads int, sign uint32)")
	Doc("rotateAVX2: lo, hi = fma(lo, cos, -(hi*sin)), fma(lo, sin, hi*cos) for the halves of each head, sin taken with sign; half is a multiple of 4.")
	lo, cos, half, heads := ptr("x"), ptr("table"), ptr("half"), ptr("heads")
	sign := broadcast("sign")
	SHLQ(Imm(2), half) // bytes
	sin, hi, i, last := GP64(), GP64(), GP64(), GP64()
	LEAQ(Mem{Base: cos, Index: half, Scale: 1}, sin)
	LEAQ(Mem{Base: half, Disp: -32}, last)
	// step turns as many pairs as a register holds, i bytes from the start.
	step := func(register func() VecVirtual, sign Op) {
		l, h, c, s, u, v := register(), register(), register(), register(), register(), register()
		VMOVUPS(Mem{Base: lo, Index: i, Scale: 1}, l)
		VMOVUPS(Mem{Base: hi, Index: i, Scale: 1}, h)
		VMOVUPS(Mem{Base: cos, Index: i, Scale: 1}, c)
		VXORPS(Mem{Base: sin, Index: i, Scale: 1}, sign, s)
		VMULPS(s, h, u)
		VFMSUB231PS(c, l, u) // l*c - u
		VMULPS(c, h, v)
		VFMADD231PS(s, l, v)
		VMOVUPS(u, Mem{Base: lo, Index: i, Scale: 1})
		VMOVUPS(v, Mem{Base: hi, Index: i, Scale: 1})
	}
	JMP(LabelRef("headtest"))
	Label("head")
	LEAQ(Mem{Base: lo, Index: half, Scale: 1}, hi)
	XORQ(i, i)
	JMP(LabelRef("test"))
	Label("loop")
	step(YMM, sign)
	ADDQ(Imm(32), i)
	Label("test")
	CMPQ(i, last)
	JLE(LabelRef("loop"))
	CMPQ(i, half)
	JEQ(LabelRef("next"))
	step(XMM, sign.AsX())
	Label("next")
	LEAQ(Mem{Base: lo, Index: half, Scale: 2}, lo)
	DECQ(heads)
	Label("headtest")
	TESTQ(heads, heads)
	JNE(LabelRef("head"))
	finish()
}

func finish() {
	VZEROUPPER()
	RET()
}

func unary(name, doc string, f func(x, alpha VecVirtual)) {
	stores(name, "func(dst, src *float32, n int, alpha float32)", doc, func(store func(x, m Op)) {
		dst, src := ptr("dst"), ptr("src")
		alpha := broadcast("alpha")
		strips("loop", 8, func() {
			x := YMM()
			VMOVUPS(at(src, 0), x)
			f(x, alpha)
			store(x, at(dst, 0))
		}, dst, src)
	})
}

// norms writes the loops of RMSNorm and RowNormalize over n elements, n a
// multiple of 8.
func norms() {
	stores("normApplyAVX2", "func(y, x, gain *float32, n int, rstd float32)", "y = (x*rstd)*gain", func(store func(x, m Op)) {
		y, x, gain := ptr("y"), ptr("x"), ptr("gain")
		rstd := broadcast("rstd")
		strips("loop", 8, func() {
			v := YMM()
			VMULPS(at(x, 0), rstd, v)
			VMULPS(at(gain, 0), v, v)
			store(v, at(y, 0))
		}, y, x, gain)
	})

	stores("normGradApplyAVX2", "func(dx, dy, x, gain *float32, n int, rstd, s float32)", "dx = rstd*fma(-(x*rstd), s, dy*gain)", func(store func(x, m Op)) {
		dx, dy, x, gain := ptr("dx"), ptr("dy"), ptr("x"), ptr("gain")
		rstd, s := broadcast("rstd"), broadcast("s")
		strips("loop", 8, func() {
			g, n := YMM(), YMM()
			VMOVUPS(at(dy, 0), g)
			VMULPS(at(gain, 0), g, g)
			VMULPS(at(x, 0), rstd, n)
			VFNMADD231PS(s, n, g)
			VMULPS(g, rstd, g)
			store(g, at(dx, 0))
		}, dx, dy, x, gain)
	})

	grad := func(store func(x, m Op), acc bool) {
		dx, dy, x := ptr("dx"), ptr("dy"), ptr("x")
		by, s := broadcast("by"), broadcast("s")
		strips("loop", 8, func() {
			g, n := YMM(), YMM()
			VMOVUPS(at(x, 0), n)
			VDIVPS(by, n, n)
			VMOVUPS(at(dy, 0), g)
			VFNMADD231PS(s, n, g)
			VDIVPS(by, g, g)
			if acc {
				VADDPS(at(dx, 0), g, g)
			}
			store(g, at(dx, 0))
		}, dx, dy, x)
	}
	const signature = "func(dx, dy, x *float32, n int, by, s float32)"
	stores("rowNormGradAVX2", signature, "dx = fma(-(x/by), s, dy)/by", func(store func(x, m Op)) { grad(store, false) })
	routine("rowNormGradAddAVX2", signature)
	Doc("rowNormGradAddAVX2: dx += fma(-(x/by), s, dy)/by.")
	grad(func(x, m Op) { VMOVUPS(x, m) }, true)
	finish()
}

// reductions writes the loops that keep the sixteen lanes of a row reduction, n
// a multiple of 16.
func reductions() {
	laned("dotLanesAVX2", "func(a, b *float32, n int, lanes *[16]float32)", "lanes of a*b", "a", "b", false,
		func(a, b Register, i int, lane VecVirtual) {
			x := YMM()
			VMOVUPS(at(a, i), x)
			VFMADD231PS(at(b, i), x, lane)
		})
	laned("rowMaxLanesAVX2", "func(a *float32, n int, lanes *[16]float32)", "lanes of the maximum", "a", "", true,
		func(a, _ Register, i int, lane VecVirtual) {
			x := YMM()
			VMOVUPS(at(a, i), x)
			VMAXPS(lane, x, lane) // x > lane ? x : lane
		})

	routine("divideDotLanesAVX2", "func(a, b *float32, n int, by float32, lanes *[16]float32)")
	Doc("divideDotLanesAVX2: lanes of a*(b/by).")
	by := broadcast("by")
	lanedBody(ptr("a"), ptr("b"), false, func(a, b Register, i int, lane VecVirtual) {
		x := YMM()
		VMOVUPS(at(b, i), x)
		VDIVPS(by, x, x)
		VFMADD231PS(at(a, i), x, lane)
	})

	routine("normGradLanesAVX2", "func(a, b, gain *float32, n int, rstd float32, lanes *[16]float32)")
	Doc("normGradLanesAVX2: lanes of (a*gain)*(b*rstd).")
	gain, rstd := ptr("gain"), broadcast("rstd")
	lanedBody(ptr("a"), ptr("b"), false, func(a, b Register, i int, lane VecVirtual) {
		g, n := YMM(), YMM()
		VMOVUPS(at(a, i), g)
		VMULPS(at(gain, i), g, g)
		VMULPS(at(b, i), rstd, n)
		VFMADD231PS(n, g, lane)
	}, gain)

	routine("squareLanesAVX2", "func(a *float32, n int, lanes *[16]float64)")
	Doc("squareLanesAVX2: float64 lanes of a².")
	a := ptr("a")
	var lane [4]VecVirtual
	for i := range lane {
		lane[i] = YMM()
		VXORPD(lane[i], lane[i], lane[i])
	}
	strips("loop", 16, func() {
		for i := range lane {
			x := YMM()
			VCVTPS2PD(at(a, 4*i), x)
			VFMADD231PD(x, x, lane[i])
		}
	}, a)
	out := ptr("lanes")
	for i := range lane {
		VMOVUPD(lane[i], Mem{Base: out, Disp: 32 * i})
	}
	finish()
}

func laned(name, signature, doc, first, second string, lowest bool, f func(a, b Register, i int, lane VecVirtual)) {
	routine(name, signature)
	Doc(name + ": " + doc + ".")
	a, b := ptr(first), Register(nil)
	if second != "" {
		b = ptr(second)
	}
	lanedBody(a, b, lowest, f)
}

func lanedBody(a, b Register, lowest bool, f func(a, b Register, i int, lane VecVirtual), more ...Register) {
	l0, l1 := YMM(), YMM()
	if lowest {
		VMOVUPS(bits(negInf), l0)
		VMOVUPS(bits(negInf), l1)
	} else {
		VXORPS(l0, l0, l0)
		VXORPS(l1, l1, l1)
	}
	pointers := append([]Register{a}, more...)
	if b != nil {
		pointers = append(pointers, b)
	}
	strips("loop", 16, func() {
		f(a, b, 0, l0)
		f(a, b, 8, l1)
	}, pointers...)
	storeLanes(l0, l1)
	finish()
}

func storeLanes(l0, l1 VecVirtual) {
	out := ptr("lanes")
	VMOVUPS(l0, Mem{Base: out})
	VMOVUPS(l1, Mem{Base: out, Disp: 32})
}
