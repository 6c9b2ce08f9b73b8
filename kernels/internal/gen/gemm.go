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
	c3 := GP64()
	LEAQ(Mem{Base: ldc, Index: ldc, Scale: 2}, c3)
	ADDQ(c, c3)
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

// rows8 addresses eight rows of a matrix, ld bytes apart.
type rows8 struct{ base, base4, ld, ld3 Register }

func newRows8(base, ld Register) rows8 {
	r := rows8{base: base, base4: GP64(), ld: ld, ld3: GP64()}
	LEAQ(Mem{Base: base, Index: ld, Scale: 4}, r.base4)
	LEAQ(Mem{Base: ld, Index: ld, Scale: 2}, r.ld3)
	return r
}

func (r rows8) row(i int) Mem {
	m := Mem{Base: r.base}
	if i >= 4 {
		m.Base, i = r.base4, i-4
	}
	switch i {
	case 1:
		m.Index, m.Scale = r.ld, 1
	case 2:
		m.Index, m.Scale = r.ld, 2
	case 3:
		m.Index, m.Scale = r.ld3, 1
	}
	return m
}

func (r rows8) advance(elements int) {
	ADDQ(Imm(uint64(4*elements)), r.base)
	ADDQ(Imm(uint64(4*elements)), r.base4)
}

// transpose loads four columns of eight rows and returns them as four vectors.
func (r rows8) transpose() (k [4]VecVirtual) {
	var in, t [4]VecVirtual
	for i := range 4 {
		x := XMM()
		VMOVUPS(r.row(i), x)
		in[i] = YMM()
		VINSERTF128(Imm(1), r.row(i+4), x.AsY(), in[i])
	}
	for i := range 4 {
		t[i], k[i] = YMM(), YMM()
	}
	VUNPCKLPS(in[1], in[0], t[0])
	VUNPCKHPS(in[1], in[0], t[1])
	VUNPCKLPS(in[3], in[2], t[2])
	VUNPCKHPS(in[3], in[2], t[3])
	VUNPCKLPD(t[2], t[0], k[0])
	VUNPCKHPD(t[2], t[0], k[1])
	VUNPCKLPD(t[3], t[1], k[2])
	VUNPCKHPD(t[3], t[1], k[3])
	return k
}

// packCols8 lays eight rows out as columns of a panel. A store writes eight
// elements, so panels narrower than that are overwritten in ascending order.
func packCols8() {
	routine("packCols8AVX2", "func(dst, src *float32, stride, width, n int)")
	Doc("packCols8AVX2: dst[k*width+j] = src[j*stride+k] for j < 8 and k < n, n a multiple of 4; stores are 8 wide.")
	dst, src, ld, width := ptr("dst"), ptr("src"), ptr("stride"), ptr("width")
	SHLQ(Imm(2), ld)
	SHLQ(Imm(2), width)
	r := newRows8(src, ld)
	n := ptr("n")
	JMP(LabelRef("test"))
	Label("loop")
	for _, k := range r.transpose() {
		VMOVUPS(k, Mem{Base: dst})
		ADDQ(width, dst)
	}
	r.advance(4)
	SUBQ(Imm(4), n)
	Label("test")
	CMPQ(n, Imm(4))
	JGE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// packRows copies short rows into a panel: 16 wide, or 8 wide over narrower
// panels.
func packRows() {
	for _, w := range []int{8, 16} {
		name := map[int]string{8: "packRows8AVX2", 16: "packRows16AVX2"}[w]
		routine(name, "func(dst, src *float32, stride, width, n int)")
		Doc(name + ": dst[k*width+j] = src[k*stride+j] for k < n and all j of one store.")
		dst, src, ld, width, n := ptr("dst"), ptr("src"), ptr("stride"), ptr("width"), ptr("n")
		SHLQ(Imm(2), ld)
		SHLQ(Imm(2), width)
		x, y := YMM(), YMM()
		JMP(LabelRef("test"))
		Label("loop")
		VMOVUPS(Mem{Base: src}, x)
		if w == 16 {
			VMOVUPS(Mem{Base: src, Disp: 32}, y)
			VMOVUPS(y, Mem{Base: dst, Disp: 32})
		}
		VMOVUPS(x, Mem{Base: dst})
		ADDQ(ld, src)
		ADDQ(width, dst)
		DECQ(n)
		Label("test")
		TESTQ(n, n)
		JNE(LabelRef("loop"))
		VZEROUPPER()
		RET()
	}
}

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
