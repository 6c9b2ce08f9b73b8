package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const mr512, nr512 = 12, 32

// microAVX512 continues a 12x32 tile of C: 24 accumulators, two rows of B and
// six broadcasts of A fill the 32 registers.
func microAVX512() {
	routine("microAVX512", "func(kb int, a, b, c *float32, ldc int, zero bool)")
	Doc("microAVX512 continues a full 12x32 tile: c[i,j] = fma(a[p*12+i], b[p*32+j], c[i,j]) for p in order.")
	kb, a, b, c := ptr("kb"), ptr("a"), ptr("b"), ptr("c")
	ldc := Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	ldc3 := GP64()
	LEAQ(Mem{Base: ldc, Index: ldc, Scale: 2}, ldc3)
	base := []Register{c, GP64(), GP64()}
	LEAQ(Mem{Base: base[0], Index: ldc, Scale: 4}, base[1])
	LEAQ(Mem{Base: base[1], Index: ldc, Scale: 4}, base[2])
	row := func(i, j int) Mem {
		m := Mem{Base: base[i/4], Disp: 64 * j}
		switch i % 4 {
		case 1, 2:
			m.Index, m.Scale = ldc, uint8(i%4)
		case 3:
			m.Index, m.Scale = ldc3, 1
		}
		return m
	}
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
	all(func(i, j int) { VMOVUPS(row(i, j), acc[i][j]) })
	JMP(LabelRef("begin"))
	Label("clear")
	all(func(i, j int) { VPXORD(acc[i][j], acc[i][j], acc[i][j]) })
	Label("begin")
	next := []Register{GP64(), GP64(), GP64()}
	for i, r := range base { // the tile below comes next
		LEAQ(Mem{Base: r, Index: ldc3, Scale: 4}, next[i])
	}
	all(func(i, j int) {
		m := row(i, j)
		m.Base = next[i/4]
		PREFETCHT0(m)
	})
	b0, b1 := ZMM(), ZMM()
	step := func(p int) {
		VMOVUPS(Mem{Base: b, Disp: 4 * nr512 * p}, b0)
		VMOVUPS(Mem{Base: b, Disp: 4*nr512*p + 64}, b1)
		for i := range mr512 {
			x := ZMM()
			VBROADCASTSS(Mem{Base: a, Disp: 4 * (mr512*p + i)}, x)
			VFMADD231PS(b0, x, acc[i][0])
			VFMADD231PS(b1, x, acc[i][1])
		}
	}
	const unroll = 4
	JMP(LabelRef("test"))
	Label("loop")
	for p := range unroll {
		step(p)
	}
	ADDQ(U32(4*mr512*unroll), a)
	ADDQ(U32(4*nr512*unroll), b)
	SUBQ(Imm(unroll), kb)
	Label("test")
	CMPQ(kb, Imm(unroll))
	JGE(LabelRef("loop"))
	JMP(LabelRef("tailtest"))
	Label("tail")
	step(0)
	ADDQ(U32(4*mr512), a)
	ADDQ(U32(4*nr512), b)
	DECQ(kb)
	Label("tailtest")
	TESTQ(kb, kb)
	JNE(LabelRef("tail"))
	all(func(i, j int) { VMOVUPS(acc[i][j], row(i, j)) })
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
