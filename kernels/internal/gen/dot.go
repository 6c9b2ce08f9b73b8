package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// strip16 runs body over n elements in steps of 4. Every 16 it prefetches all
// rows, `ahead` bytes on: sixteen rows at once are more streams than the hardware
// follows.
func strip16(n, ahead Register, fetch []rows8, body func()) {
	JMP(LabelRef("test"))
	Label("loop")
	for _, r := range fetch {
		next := rows8{base: GP64(), base4: GP64(), ld: r.ld, ld3: r.ld3}
		LEAQ(Mem{Base: r.base, Index: ahead, Scale: 1}, next.base)
		LEAQ(Mem{Base: r.base4, Index: ahead, Scale: 1}, next.base4)
		for i := range 8 {
			PREFETCHT0(next.row(i))
		}
	}
	for range 4 {
		body()
	}
	SUBQ(Imm(16), n)
	Label("test")
	CMPQ(n, Imm(16))
	JGE(LabelRef("loop"))
	JMP(LabelRef("resttest"))
	Label("rest")
	body()
	SUBQ(Imm(4), n)
	Label("resttest")
	CMPQ(n, Imm(4))
	JGE(LabelRef("rest"))
}

// high8 returns the eight rows after r.
func high8(r rows8) rows8 {
	h := rows8{base: GP64(), base4: GP64(), ld: r.ld, ld3: r.ld3}
	LEAQ(Mem{Base: r.base, Index: r.ld, Scale: 8}, h.base)
	LEAQ(Mem{Base: h.base, Index: r.ld, Scale: 4}, h.base4)
	return h
}

// dotRows16 continues sixteen dot products at once: rows are transposed in
// registers so that each product keeps its order over k.
func dotRows16() {
	routine("dotRows16AVX2", "func(c, a, b *float32, ldb, n, ahead int)")
	Doc("dotRows16AVX2: c[j] = fma(a[k], b[j*ldb+k], c[j]) for j < 16 and k < n in order, n a multiple of 4.")
	c, a, b, ld := ptr("c"), ptr("a"), ptr("b"), ptr("ldb")
	SHLQ(Imm(2), ld)
	low := newRows8(b, ld)
	high := high8(low)
	s0, s1 := YMM(), YMM()
	VMOVUPS(Mem{Base: c}, s0)
	VMOVUPS(Mem{Base: c, Disp: 32}, s1)
	strip16(ptr("n"), ptr("ahead"), []rows8{low, high}, func() {
		k0, k1 := low.transpose(), high.transpose()
		for i := range 4 {
			x := YMM()
			VBROADCASTSS(Mem{Base: a, Disp: 4 * i}, x)
			VFMADD231PS(k0[i], x, s0)
			VFMADD231PS(k1[i], x, s1)
		}
		low.advance(4)
		high.advance(4)
		ADDQ(Imm(16), a)
	})
	VMOVUPS(s0, Mem{Base: c})
	VMOVUPS(s1, Mem{Base: c, Disp: 32})
	finish()

	dotRows16BF16()
	dotRows8x4()
}

// dotRows16BF16 transposes pairs of bfloat16 as if they were single elements
// and then takes the halves apart, even depths first.
func dotRows16BF16() {
	routine("dotRows16BF16AVX2", "func(c, a *float32, b *uint16, ldb, n, ahead int)")
	Doc("dotRows16BF16AVX2 is dotRows16AVX2 with b in bfloat16, n a multiple of 8.")
	c, a, b, ld, n := ptr("c"), ptr("a"), ptr("b"), ptr("ldb"), ptr("n")
	SHLQ(Imm(1), ld)
	SHRQ(Imm(1), n) // pairs
	low := newRows8(b, ld)
	high := high8(low)
	s, odd := [2]VecVirtual{YMM(), YMM()}, YMM()
	VMOVUPS(Mem{Base: c}, s[0])
	VMOVUPS(Mem{Base: c, Disp: 32}, s[1])
	VMOVUPS(bits(0xffff0000), odd)
	strip16(n, ptr("ahead"), []rows8{low, high}, func() {
		pairs := [2][4]VecVirtual{low.transpose(), high.transpose()}
		for i := range 4 {
			x, y := YMM(), YMM()
			VBROADCASTSS(Mem{Base: a, Disp: 8 * i}, x)
			VBROADCASTSS(Mem{Base: a, Disp: 8*i + 4}, y)
			for g := range s {
				even := YMM()
				VPSLLD(Imm(16), pairs[g][i], even)
				VFMADD231PS(even, x, s[g])
				VPAND(odd, pairs[g][i], pairs[g][i])
				VFMADD231PS(pairs[g][i], y, s[g])
			}
		}
		low.advance(4)
		high.advance(4)
		ADDQ(Imm(32), a)
	})
	VMOVUPS(s[0], Mem{Base: c})
	VMOVUPS(s[1], Mem{Base: c, Disp: 32})
	finish()
}

// dotRows8x4 shares the transposed rows of B between four rows of A.
func dotRows8x4() {
	routine("dotRows8x4AVX2", "func(c, a *float32, lda int, b *float32, ldb, n, ahead int)")
	Doc("dotRows8x4AVX2: c[i*8+j] = fma(a[i*lda+k], b[j*ldb+k], c[i*8+j]) for i < 4, j < 8 and k < n in order, n a multiple of 4.")
	c, a, lda, b, ld := ptr("c"), ptr("a"), ptr("lda"), ptr("b"), ptr("ldb")
	SHLQ(Imm(2), lda)
	SHLQ(Imm(2), ld)
	r := newRows8(b, ld)
	a3 := GP64()
	LEAQ(Mem{Base: lda, Index: lda, Scale: 2}, a3)
	var s [4]VecVirtual
	for i := range s {
		s[i] = YMM()
		VMOVUPS(Mem{Base: c, Disp: 32 * i}, s[i])
	}
	strip16(ptr("n"), ptr("ahead"), []rows8{r}, func() {
		for k, v := range r.transpose() {
			for i, m := range []Mem{{Base: a}, {Base: a, Index: lda, Scale: 1}, {Base: a, Index: lda, Scale: 2}, {Base: a, Index: a3, Scale: 1}} {
				x := YMM()
				m.Disp = 4 * k
				VBROADCASTSS(m, x)
				VFMADD231PS(v, x, s[i])
			}
		}
		r.advance(4)
		ADDQ(Imm(16), a)
	})
	for i := range s {
		VMOVUPS(s[i], Mem{Base: c, Disp: 32 * i})
	}
	finish()
}

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
