package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// widenings writes the loops that turn int8 and NF4 weights into float32, n a multiple
// of 8.
func widenings() {
	routine("widenI8AVX2", "func(dst *float32, src *int8, n int, scale float32)")
	Doc("widenI8AVX2: dst = float32(src)*scale.")
	dst, src := ptr("dst"), ptr("src")
	scale := broadcast("scale")
	strips("loop", 8, func() {
		x := YMM()
		VPMOVSXBD(Mem{Base: src}, x)
		VCVTDQ2PS(x, x)
		VMULPS(scale, x, x)
		VMOVUPS(x, at(dst, 0))
		ADDQ(Imm(8), src)
	}, dst)
	finish()

	routine("widenNF4AVX2", "func(dst *float32, src *byte, n int, absmax float32)")
	Doc("widenNF4AVX2: dst = normalFloat[src]*absmax, two values a byte, the first in the high half.")
	dst, src = ptr("dst"), ptr("src")
	absmax := broadcast("absmax")
	shifts, low, high := YMM(), YMM(), YMM()
	VMOVDQU(nf4Shifts(), shifts)
	VMOVUPS(normalFloat(), low)
	VMOVUPS(normalFloat().Offset(32), high)
	strips("loop", 8, func() {
		x, l, h := YMM(), YMM(), YMM()
		VPBROADCASTD(Mem{Base: src}, x)
		VPSRLVD(shifts, x, x)
		VPERMPS(low, x, l)
		VPERMPS(high, x, h)
		VPSLLD(Imm(28), x, x)
		VBLENDVPS(x, h, l, x)
		VMULPS(absmax, x, x)
		VMOVUPS(x, at(dst, 0))
		ADDQ(Imm(4), src)
	}, dst)
	finish()
}

// nf4Shifts returns the shifts that bring the eight values of a word to bit 0.
func nf4Shifts() Mem {
	m := GLOBL("nf4Shifts", attr.RODATA|attr.NOPTR)
	for q := range 8 {
		DATA(4*q, U32(nf4Shift(q)))
	}
	return m
}
