package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const mr, nr = 6, 16

// microAVX2 continues a 6x16 tile of C: 12 accumulators, two rows of B and two
// broadcasts of A fill the sixteen registers.
func microAVX2() {
	routine("microAVX2", "func(kb int, a, b, c *float32, ldc int, zero bool)")
	Doc("microAVX2 continues a full 6x16 tile: c[i,j] = fma(a[p*6+i], b[p*16+j], c[i,j]) for p in order.")
	kb, a, b, c := ptr("kb"), ptr("a"), ptr("b"), ptr("c")
	ldc := Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	ldc3, c3 := GP64(), GP64()
	LEAQ(Mem{Base: ldc, Index: ldc, Scale: 2}, ldc3)
	LEAQ(Mem{Base: c, Index: ldc3, Scale: 1}, c3)
	row := func(i, j int) Mem {
		base := c
		if i >= 3 {
			base, i = c3, i-3
		}
		m := Mem{Base: base, Disp: 32 * j}
		if i > 0 {
			m.Index, m.Scale = ldc, uint8(i)
		}
		return m
	}
	var acc [mr][2]VecVirtual
	for i := range mr {
		acc[i][0], acc[i][1] = YMM(), YMM()
	}
	zero := Load(Param("zero"), GP8())
	TESTB(zero, zero)
	JNE(LabelRef("clear"))
	each(func(i, j int) { VMOVUPS(row(i, j), acc[i][j]) })
	JMP(LabelRef("begin"))
	Label("clear")
	each(func(i, j int) { VXORPS(acc[i][j], acc[i][j], acc[i][j]) })
	Label("begin")
	next := []Register{GP64(), GP64()}
	LEAQ(Mem{Base: c, Index: ldc3, Scale: 2}, next[0]) // the tile below comes next
	LEAQ(Mem{Base: c3, Index: ldc3, Scale: 2}, next[1])
	for i := range mr {
		m := row(i, 0)
		m.Base = next[i/3]
		PREFETCHT0(m)
	}
	b0, b1, x, y := YMM(), YMM(), YMM(), YMM()
	step := func(p int) {
		VMOVUPS(Mem{Base: b, Disp: 64 * p}, b0)
		VMOVUPS(Mem{Base: b, Disp: 64*p + 32}, b1)
		for i := 0; i < mr; i += 2 {
			VBROADCASTSS(Mem{Base: a, Disp: 4 * (mr*p + i)}, x)
			VBROADCASTSS(Mem{Base: a, Disp: 4 * (mr*p + i + 1)}, y)
			VFMADD231PS(b0, x, acc[i][0])
			VFMADD231PS(b1, x, acc[i][1])
			VFMADD231PS(b0, y, acc[i+1][0])
			VFMADD231PS(b1, y, acc[i+1][1])
		}
	}
	const unroll = 8
	JMP(LabelRef("test"))
	Label("loop")
	for p := range unroll {
		step(p)
	}
	ADDQ(U32(4*mr*unroll), a)
	ADDQ(U32(4*nr*unroll), b)
	SUBQ(Imm(unroll), kb)
	Label("test")
	CMPQ(kb, Imm(unroll))
	JGE(LabelRef("loop"))
	JMP(LabelRef("tailtest"))
	Label("tail")
	step(0)
	ADDQ(Imm(4*mr), a)
	ADDQ(Imm(4*nr), b)
	DECQ(kb)
	Label("tailtest")
	TESTQ(kb, kb)
	JNE(LabelRef("tail"))
	each(func(i, j int) { VMOVUPS(acc[i][j], row(i, j)) })
	VZEROUPPER()
	RET()
}

func each(f func(i, j int)) {
	for i := range mr {
		for j := range 2 {
			f(i, j)
		}
	}
}
