package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const mr512, nr512 = 12, 32

// microAVX512 continues a 12x32 tile of C: 24 accumulators, two rows of B and
// broadcasts of A fill the 32 registers. A is read where it lies: the broadcasts
// follow any pair of strides.
func microAVX512() {
	routine("microAVX512", "func(kb int, a *float32, row, step int, b, c *float32, ldc int, zero bool)")
	Doc("microAVX512 continues a full 12x32 tile: c[i,j] = fma(a[i*row+p*step], b[p*32+j], c[i,j]) for p in order.")
	kb, b := ptr("kb"), ptr("b")
	out := loadFours("c", "ldc", mr512)
	var acc [mr512][2]VecVirtual
	all := func(f func(i, j int)) {
		for i := range mr512 {
			for j := range 2 {
				f(i, j)
			}
		}
	}
	all(func(i, j int) { acc[i][j] = ZMM() })
	zero := Load(Param("zero"), GP8())
	TESTB(zero, zero)
	JNE(LabelRef("clear"))
	all(func(i, j int) { VMOVUPS(out.at(i, 64*j), acc[i][j]) })
	JMP(LabelRef("begin"))
	Label("clear")
	all(func(i, j int) { VPXORD(acc[i][j], acc[i][j], acc[i][j]) })
	Label("begin")
	next := out.below(mr512) // the tile below comes next
	all(func(i, j int) { PREFETCHT0(next.at(i, 64*j)) })

	in, step := loadFours("a", "row", mr512), ptr("step")
	SHLQ(Imm(2), step)
	b0, b1 := ZMM(), ZMM()
	one := func(p int) {
		VMOVUPS(Mem{Base: b, Disp: 4 * nr512 * p}, b0)
		VMOVUPS(Mem{Base: b, Disp: 4*nr512*p + 64}, b1)
		for i := range mr512 {
			x := ZMM()
			VBROADCASTSS(in.at(i, 0), x)
			VFMADD231PS(b0, x, acc[i][0])
			VFMADD231PS(b1, x, acc[i][1])
		}
		in.advance(step)
	}
	stepped(kb, b, 4*nr512, 4, one)
	all(func(i, j int) { VMOVUPS(acc[i][j], out.at(i, 64*j)) })
	finish()
}

// peakAVX512 is the register loop that measures a core.
func peakAVX512() {
	routine("peakAVX512", "func(n int)")
	Doc("peakAVX512 runs n rounds of 12 independent fused multiply-adds on 16 lanes.")
	n := ptr("n")
	x := ZMM()
	VPXORD(x, x, x)
	var s [peakChains]VecVirtual
	for i := range s {
		s[i] = ZMM()
		VPXORD(s[i], s[i], s[i])
	}
	Label("loop")
	for i := range s {
		VFMADD231PS(x, x, s[i])
	}
	DECQ(n)
	JNE(LabelRef("loop"))
	finish()
}
