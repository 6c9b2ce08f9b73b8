package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// streams writes the loops that memory bounds, n a multiple of 64 unless it is
// said otherwise.
func streams() {
	const vectors = 8 // of 32 bytes an iteration
	load := func(from Register) (v [vectors]VecVirtual) {
		for i := range v {
			v[i] = YMM()
			VMOVUPS(at(from, 8*i), v[i])
		}
		return v
	}

	routine("readAVX2", "func(src *float32, n int)")
	Doc("readAVX2 reads src and throws it away.")
	src := ptr("src")
	strips("loop", 8*vectors, func() { load(src) }, src)
	finish()

	routine("copyPastAVX2", "func(dst, src *float32, n int)")
	Doc("copyPastAVX2: dst = src, written past the caches; dst is aligned to 32 bytes.")
	dst, src := ptr("dst"), ptr("src")
	strips("loop", 8*vectors, func() {
		for i, x := range load(src) {
			VMOVNTPS(x, at(dst, 8*i))
		}
	}, dst, src)
	finish()

	routine("zeroPastAVX2", "func(dst *float32, n int)")
	Doc("zeroPastAVX2: dst = 0, written past the caches; dst is aligned to 32 bytes.")
	dst = ptr("dst")
	zero := YMM()
	VXORPS(zero, zero, zero)
	strips("loop", 8*vectors, func() {
		for i := range vectors {
			VMOVNTPS(zero, at(dst, 8*i))
		}
	}, dst)
	finish()

	routine("fenceAVX2", "func()")
	Doc("fenceAVX2 lets other processors see what was written past the caches.")
	SFENCE()
	RET()

	stores("narrowAVX2", "func(dst *uint16, src *float32, n int)", "dst = bfloat16(src), ties to even, n a multiple of 16", narrow)
	gainRows()
}

// stores writes a routine twice: with plain stores, and with stores past the
// caches for results far beyond them, whose lines should not be read before they
// are overwritten. A fence must follow the latter.
func stores(name, signature, doc string, body func(store func(x, m Op))) {
	for _, past := range []bool{false, true} {
		name, store := name, func(x, m Op) { VMOVUPS(x, m) }
		if past {
			name = strings.Replace(name, "AVX", "PastAVX", 1)
			store = func(x, m Op) { VMOVNTPS(x, m) }
			doc += ", written past the caches; what is written is aligned to a vector"
		}
		routine(name, signature)
		Doc(name + ": " + doc + ".")
		body(store)
		finish()
	}
}

// narrow rounds to bfloat16 as kernels.BF16FromF32 does.
func narrow(store func(x, m Op)) {
	dst, src := ptr("dst"), ptr("src")
	half, one, quiet := YMM(), YMM(), YMM()
	VMOVDQU(bits(0x7fff), half)
	VMOVDQU(bits(1), one)
	VMOVDQU(bits(0x40), quiet)
	strips("loop", 16, func() {
		var out [2]VecVirtual
		for i := range out {
			x, high, r, nan := YMM(), YMM(), YMM(), YMM()
			VMOVUPS(at(src, 8*i), x)
			VPSRLD(Imm(16), x, high)
			VPAND(one, high, r)
			VPADDD(half, r, r)
			VPADDD(x, r, r)
			VPSRLD(Imm(16), r, r)
			VPOR(quiet, high, high)
			VCMPPS(Imm(3), x, x, nan) // unordered with itself
			VBLENDVPS(nan, high, r, r)
			out[i] = r
		}
		packed := YMM()
		VPACKUSDW(out[1], out[0], packed)
		VPERMQ(Imm(0xd8), packed, packed)
		store(packed, Mem{Base: dst})
		ADDQ(Imm(32), dst)
	}, src)
}

// gainRows keeps the gradient of 64 gains in registers while it walks the rows.
func gainRows() {
	for _, w := range []int{64, 8} {
		name := map[int]string{64: "gainRows64AVX2", 8: "gainRows8AVX2"}[w]
		routine(name, "func(dGain, dy *float32, dyStride int, x *float32, xStride int, rstd *float32, rows int)")
		Doc(name + ": dGain[c] = fma(dy[r,c], x[r,c]*rstd[r], dGain[c]) over rows in order, for all c of one block.")
		dGain, dy, x, rstd, rows := ptr("dGain"), ptr("dy"), ptr("x"), ptr("rstd"), ptr("rows")
		dys, xs := ptr("dyStride"), ptr("xStride")
		SHLQ(Imm(2), dys)
		SHLQ(Imm(2), xs)
		var sum []VecVirtual
		for i := range w / 8 {
			sum = append(sum, YMM())
			VMOVUPS(at(dGain, 8*i), sum[i])
		}
		scale := YMM()
		JMP(LabelRef("test"))
		Label("loop")
		VBROADCASTSS(Mem{Base: rstd}, scale)
		for i := range sum {
			n := YMM()
			VMULPS(at(x, 8*i), scale, n)
			VFMADD231PS(at(dy, 8*i), n, sum[i])
		}
		ADDQ(xs, x)
		ADDQ(dys, dy)
		ADDQ(Imm(4), rstd)
		DECQ(rows)
		Label("test")
		TESTQ(rows, rows)
		JNE(LabelRef("loop"))
		for i := range sum {
			VMOVUPS(sum[i], at(dGain, 8*i))
		}
		finish()
	}
}
