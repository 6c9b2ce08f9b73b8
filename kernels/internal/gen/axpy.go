package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// axpyRows64 continues sums of rows, 64 or 8 columns at a time.
func axpyRows64() {
	for _, w := range []int{64, 8} {
		name := map[int]string{64: "axpyRows64AVX2", 8: "axpyRows8AVX2"}[w]
		routine(name, "func(c, a, b *float32, ldb, n int)")
		Doc(name + ": c[j] = fma(a[k], b[k*ldb+j], c[j]) over k < n in order, for all j of one block.")
		c, a, b, ld, n := ptr("c"), ptr("a"), ptr("b"), ptr("ldb"), ptr("n")
		SHLQ(Imm(2), ld)
		var s []VecVirtual
		for i := range w / 8 {
			s = append(s, YMM())
			VMOVUPS(Mem{Base: c, Disp: 32 * i}, s[i])
		}
		x := YMM()
		JMP(LabelRef("test"))
		Label("loop")
		VBROADCASTSS(Mem{Base: a}, x)
		next := GP64()
		LEAQ(Mem{Base: b, Index: ld, Scale: 8}, next)
		for line := 0; line < 4*w; line += 64 {
			PREFETCHT0(Mem{Base: next, Disp: line})
		}
		for i := range s {
			VFMADD231PS(Mem{Base: b, Disp: 32 * i}, x, s[i])
		}
		ADDQ(ld, b)
		ADDQ(Imm(4), a)
		DECQ(n)
		Label("test")
		TESTQ(n, n)
		JNE(LabelRef("loop"))
		for i := range s {
			VMOVUPS(s[i], Mem{Base: c, Disp: 32 * i})
		}
		VZEROUPPER()
		RET()
	}
}
