package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rows16 addresses sixteen rows of a matrix, ld bytes apart.
type rows16 struct {
	base    [4]Register
	ld, ld3 Register
}

func newRows16(base, ld, ld3 Register) rows16 {
	r := rows16{base: [4]Register{base, GP64(), GP64(), GP64()}, ld: ld, ld3: ld3}
	r.spread()
	return r
}

// spread derives the other bases from the first.
func (r rows16) spread() {
	for i := 1; i < 4; i++ {
		LEAQ(Mem{Base: r.base[i-1], Index: r.ld, Scale: 4}, r.base[i])
	}
}

func (r rows16) row(i int) Mem {
	m := Mem{Base: r.base[i/4]}
	switch i % 4 {
	case 1, 2:
		m.Index, m.Scale = r.ld, uint8(i%4)
	case 3:
		m.Index, m.Scale = r.ld3, 1
	}
	return m
}

// transpose loads sixteen words of sixteen rows and hands them on as sixteen
// vectors across the rows, four at a time. Every row is read once, a whole cache
// line: rows of 4096 values all fall on the same few sets of the first cache.
func (r rows16) transpose(use func(word int, v VecVirtual)) {
	var in, t, u [16]VecVirtual
	for i := range in {
		in[i] = ZMM()
		VMOVUPS(r.row(i), in[i])
	}
	for i := 0; i < 16; i += 2 {
		t[i], t[i+1] = ZMM(), ZMM()
		VUNPCKLPS(in[i+1], in[i], t[i])
		VUNPCKHPS(in[i+1], in[i], t[i+1])
	}
	for i := 0; i < 16; i += 4 {
		for c := range 4 {
			u[i+c] = ZMM()
		}
		VUNPCKLPD(t[i+2], t[i], u[i])
		VUNPCKHPD(t[i+2], t[i], u[i+1])
		VUNPCKLPD(t[i+3], t[i+1], u[i+2])
		VUNPCKHPD(t[i+3], t[i+1], u[i+3])
	}
	var out [16]VecVirtual
	for c := range 4 {
		v0, v1, w0, w1 := ZMM(), ZMM(), ZMM(), ZMM()
		VSHUFF32X4(Imm(0x88), u[4+c], u[c], v0)
		VSHUFF32X4(Imm(0xdd), u[4+c], u[c], v1)
		VSHUFF32X4(Imm(0x88), u[12+c], u[8+c], w0)
		VSHUFF32X4(Imm(0xdd), u[12+c], u[8+c], w1)
		for word, p := range [][3]VecVirtual{{v0, w0}, {v1, w1}, {v0, w0}, {v1, w1}} {
			out[4*word+c] = ZMM()
			VSHUFF32X4(Imm([]uint64{0x88, 0x88, 0xdd, 0xdd}[word]), p[1], p[0], out[4*word+c])
		}
	}
	for i, v := range out {
		use(i, v)
	}
}

// groups512 is how many groups of sixteen rows of B a routine multiplies by m
// rows of A. The more values a word holds, the longer its chain, and the more of
// them must overlap.
func groups512(t wordType, m int) int {
	switch {
	case t.values == 1:
		return 1
	case t.values == 2 || m > 1:
		return 2
	}
	return 4
}

// dotsAVX512 writes the AVX-512 routines. While they walk down their rows they ask
// for what lies ahead bytes on, in the order of addresses: the next group, which
// arrives in the second cache as one stream.
func dotsAVX512() {
	for _, t := range wordTypes {
		for m := 1; m <= 4; m++ {
			dotAVX512(t, m)
		}
	}
}

func dotAVX512(t wordType, m int) {
	name := fmt.Sprintf("dot%sx%dAVX512", t.name, m)
	groups := groups512(t, m)
	routine(name, dotSignature)
	dotDoc(name, m, 16*groups, 16*t.values, t)
	a, ld, ld3, c := newARows(m), ptr("ldb"), GP64(), ptr("c")
	LEAQ(Mem{Base: ld, Index: ld, Scale: 2}, ld3)
	b := ptr("b")
	n, next := ptr("n"), ptr("ahead")
	ADDQ(b, next)
	var s [4][4]VecVirtual
	each := func(f func(i, g, at int)) {
		for i := range m {
			for g := range groups {
				f(i, g, 64*(i*groups+g))
			}
		}
	}
	each(func(i, g, at int) {
		s[i][g] = ZMM()
		VMOVUPS(Mem{Base: c, Disp: at}, s[i][g])
	})
	step := uint32(16 * t.values)
	if t.values == 1 {
		dot512Whole(a, newRows16(b, ld, ld3), n, next, m, s)
	} else {
		dot512Words(t, a, b, ld, ld3, n, next, m, groups, step, s)
	}
	each(func(i, g, at int) { VMOVUPS(s[i][g], Mem{Base: c, Disp: at}) })
	finish()
}

// dot512Whole is the loop over words that are float32.
func dot512Whole(a aRows, r rows16, n, next Register, m int, s [4][4]VecVirtual) {
	loopDown("loop", n, 16, func() {
		r.spread()
		r.transpose(func(k int, v VecVirtual) {
			for i := range m {
				VFMADD231PS_BCST(a.at(i, k), v, s[i][0])
			}
		})
		for i := range 16 {
			PREFETCHT1(Mem{Base: next, Disp: 64 * i})
		}
		ADDQ(Imm(64), r.base[0])
		ADDQ(U32(1024), next)
		ADDQ(Imm(64), a.a)
	})
}

// dot512Words is the loop over words of several values. The transposed words go
// through work, so that the loop over them is short and as many groups as are
// wanted take turns in it.
func dot512Words(t wordType, a aRows, b, ld, ld3, n, next Register, m, groups int, step uint32, s [4][4]VecVirtual) {
	work, scales := ptr("work"), ptr("scales")
	var sc [4]VecVirtual
	loadScales := func(at int) {
		for g := range groups {
			if sc[g] == nil {
				sc[g] = ZMM()
			}
			VMOVUPS(Mem{Base: scales, Disp: 64 * (at*groups + g)}, sc[g])
		}
	}
	var book VecVirtual
	switch t.name {
	case "I8":
		loadScales(0)
	case "NF4":
		book = ZMM()
		VMOVUPS(normalFloat(), book)
	}
	mask := ZMM()
	if t.name == "BF16" || t.name == "I8" {
		VPBROADCASTD(bits(map[string]uint32{"BF16": 0xffff0000, "I8": 0xff000000}[t.name]), mask)
	}
	from, turns := GP64(), GP64()
	r := rows16{base: [4]Register{GP64(), GP64(), GP64(), GP64()}, ld: ld, ld3: ld3}
	loopDown("loop", n, step, func() {
		MOVQ(b, r.base[0])
		for g := range groups {
			r.spread()
			r.transpose(func(k int, v VecVirtual) { VMOVUPS(v, Mem{Base: work, Disp: 1024*g + 64*k}) })
			if g+1 < groups {
				LEAQ(Mem{Base: r.base[3], Index: ld, Scale: 4}, r.base[0])
			}
		}
		MOVQ(work, from)
		halves := 1
		if t.name == "NF4" {
			halves = 2
		}
		for half := range halves {
			if t.name == "NF4" {
				loadScales(half)
			}
			label := fmt.Sprintf("words%d", half)
			MOVQ(U32(uint32(16/halves)), turns)
			Label(label)
			var words [4]VecVirtual
			for g := range groups {
				words[g] = ZMM()
				VMOVUPS(Mem{Base: from, Disp: 1024 * g}, words[g])
			}
			for q := range t.values {
				var x [4]VecVirtual
				for i := range m {
					x[i] = ZMM()
					VBROADCASTSS(a.at(i, q), x[i])
				}
				for g := range groups {
					v := take512(t, words[g], q, mask, book, sc[g])
					for i := range m {
						VFMADD231PS(x[i], v, s[i][g])
					}
				}
			}
			for g := range groups {
				PREFETCHT1(Mem{Base: next, Disp: 64 * g})
			}
			ADDQ(U32(uint32(64*groups)), next)
			ADDQ(Imm(64), from)
			ADDQ(Imm(uint64(4*t.values)), a.a)
			DECQ(turns)
			JNE(LabelRef(label))
		}
		if t.name == "NF4" {
			ADDQ(U32(uint32(2*64*groups)), scales)
		}
		ADDQ(Imm(64), b)
	})
}

// take512 returns value q of the words as float32.
func take512(t wordType, words VecVirtual, q int, mask, book, scale VecVirtual) VecVirtual {
	v := ZMM()
	switch t.name {
	case "BF16":
		if q == 0 {
			VPSLLD(Imm(16), words, v)
		} else {
			VPANDD(words, mask, v)
		}
	case "I8": // in the top byte: 2^24 times the value
		switch q {
		case 3:
			VPANDD(words, mask, v)
		default:
			VPSLLD(Imm(uint64(24-8*q)), words, v)
			if q > 0 {
				VPANDD(mask, v, v)
			}
		}
		VCVTDQ2PS(v, v)
		VMULPS(scale, v, v)
	case "NF4": // VPERMPS looks at four bits of an index
		if shift := nf4Shift(q); shift > 0 {
			VPSRLD(Imm(shift), words, v)
			words = v
		}
		VPERMPS(book, words, v)
		VMULPS(scale, v, v)
	}
	return v
}
