package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

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
