package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// peakChains is how many independent chains keep every fused multiply-add unit
// busy; package cpu counts operations by it.
const peakChains = 12

// peak writes the register loop that measures a core.
func peak() {
	TEXT("peakAVX2", NOSPLIT, "func(n int)")
	Doc("peakAVX2 runs n rounds of 12 independent fused multiply-adds on 8 lanes.")
	n := ptr("n")
	var s [peakChains]VecVirtual
	for i := range s {
		s[i] = YMM()
		VXORPS(s[i], s[i], s[i])
	}
	x := YMM()
	VXORPS(x, x, x)
	Label("loop")
	for i := range s {
		VFMADD231PS(x, x, s[i])
	}
	DECQ(n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
