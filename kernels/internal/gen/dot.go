package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// Dot products of rows of A with rows of B that are read in place. A product is
// one chain over k, so vectors run across rows of B: 32-bit words, each one to
// eight values of a row, are transposed in registers and then taken apart.

// wordType is how many values of B a word holds.
type wordType struct {
	name   string
	values int // per word
}

var wordTypes = []wordType{{"F32", 1}, {"BF16", 2}, {"I8", 4}, {"NF4", 8}}

const dotSignature = "func(c, a *float32, lda int, b *byte, ldb, n, ahead int, scales, work *float32)"

// dotDoc describes a routine for m rows of A and w rows of B.
func dotDoc(name string, m, w, step int, t wordType) {
	Doc(fmt.Sprintf("%s: c[i*%d+j] = fma(a[i*lda+k], b(j,k), c[i*%d+j]) for i < %d, j < %d and k < n in order, n a multiple of %d; rows of b are ldb bytes apart, in %s.",
		name, w, w, m, w, step, t.name))
}

// aRows addresses element k of up to four rows of A.
type aRows struct{ a, ld, ld3 Register }

func newARows(m int) aRows {
	r := aRows{a: ptr("a")}
	if m > 1 {
		r.ld = ptr("lda")
		SHLQ(Imm(2), r.ld)
	}
	if m > 3 {
		r.ld3 = GP64()
		LEAQ(Mem{Base: r.ld, Index: r.ld, Scale: 2}, r.ld3)
	}
	return r
}

func (r aRows) at(i, k int) Mem {
	m := Mem{Base: r.a, Disp: 4 * k}
	switch i {
	case 1, 2:
		m.Index, m.Scale = r.ld, uint8(i)
	case 3:
		m.Index, m.Scale = r.ld3, 1
	}
	return m
}

// nf4Shift brings value q of a word, the high half of a byte first, to bit 0.
func nf4Shift(q int) uint64 { return uint64(8*(q/2) + 4*(1-q%2)) }

var codeBook Mem

// normalFloat returns the sixteen values of NF4.
func normalFloat() Mem {
	if codeBook.Base == nil {
		codeBook = GLOBL("normalFloat", attr.RODATA|attr.NOPTR)
		for i, v := range []float32{
			-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
			-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
			0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
			0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
		} {
			DATA(4*i, F32(v))
		}
	}
	return codeBook
}

// dotsAVX2 writes the AVX2 routines: sixteen rows of B for one row of A, so that
// two chains overlap, else eight.
func dotsAVX2() {
	for _, t := range wordTypes {
		for m := 1; m <= 4; m++ {
			dotAVX2(t, m)
		}
	}
}

func dotAVX2(t wordType, m int) {
	groups := 1
	if m == 1 {
		groups = 2
	}
	blocks := 1 // of four words per step
	if t.name == "NF4" {
		blocks = 2
	}
	name := fmt.Sprintf("dot%sx%dAVX2", t.name, m)
	routine(name, dotSignature)
	dotDoc(name, m, 8*groups, 4*blocks*t.values, t)
	a, ld, c := newARows(m), ptr("ldb"), ptr("c")
	rows := []rows8{newRows8(ptr("b"), ld)}
	if groups == 2 {
		rows = append(rows, high8(rows[0]))
	}
	var s [4][2]VecVirtual
	each := func(f func(i, g int, at int)) {
		for i := range m {
			for g := range groups {
				f(i, g, 32*(i*groups+g))
			}
		}
	}
	each(func(i, g, at int) {
		s[i][g] = YMM()
		VMOVUPS(Mem{Base: c, Disp: at}, s[i][g])
	})
	scales := ptr("scales")
	ahead := ptr("ahead")
	// step takes so many blocks of eight rows, then of the next eight: all of a
	// cache line at once, since rows of 4096 values fall on few sets of the cache.
	step := func(blocks int) {
		for g, r := range rows {
			for block := range blocks {
				for k, word := range r.transpose() {
					for q := range t.values {
						v := takeAVX2(t, word, q, Mem{Base: scales, Disp: 32 * g})
						for i := range m {
							x := YMM()
							VBROADCASTSS(a.at(i, (4*block+k)*t.values+q), x)
							VFMADD231PS(v, x, s[i][g])
						}
					}
				}
				r.advance(4)
			}
		}
		ADDQ(U32(uint32(16*t.values*blocks)), a.a)
		if t.name == "NF4" {
			ADDQ(Imm(uint64(32*groups)), scales)
		}
	}
	line := 4 // blocks
	if t.name == "NF4" {
		line = blocks // the code would be too long
	}
	n := ptr("n")
	loopDown("line", n, uint32(4*line*t.values), func() {
		for _, r := range rows {
			r.prefetch(ahead)
		}
		step(line)
	})
	if line > blocks {
		loopDown("step", n, uint32(4*blocks*t.values), func() { step(blocks) })
	}
	each(func(i, g, at int) { VMOVUPS(s[i][g], Mem{Base: c, Disp: at}) })
	finish()
}

// prefetch asks for all rows, ahead bytes on: they are more streams than the
// hardware follows. They go to the second cache: the first has no room for as many
// in one set.
func (r rows8) prefetch(ahead Register) {
	next := rows8{base: GP64(), base4: GP64(), ld: r.ld, ld3: r.ld3}
	LEAQ(Mem{Base: r.base, Index: ahead, Scale: 1}, next.base)
	LEAQ(Mem{Base: r.base4, Index: ahead, Scale: 1}, next.base4)
	for i := range 8 {
		PREFETCHT1(next.row(i))
	}
}

// takeAVX2 returns value q of the words as float32.
func takeAVX2(t wordType, word VecVirtual, q int, scales Mem) VecVirtual {
	v := word
	if t.values > 1 {
		v = YMM()
	}
	switch t.name {
	case "BF16":
		if q == 0 {
			VPSLLD(Imm(16), word, v)
		} else {
			VPAND(bits(0xffff0000), word, v)
		}
	case "I8": // in the top byte: 2^24 times the value
		if q < 3 {
			VPSLLD(Imm(uint64(24-8*q)), word, v)
			word = v
		}
		if q > 0 {
			VPAND(bits(0xff000000), word, v)
		}
		VCVTDQ2PS(v, v)
		VMULPS(scales, v, v)
	case "NF4": // bit 3 chooses the half of the code book
		if shift := nf4Shift(q); shift > 0 {
			VPSRLD(Imm(shift), word, v)
		} else {
			VMOVDQA(word, v)
		}
		low := YMM()
		book := normalFloat()
		VPERMPS(book, v, low)
		high := YMM()
		VPERMPS(book.Offset(32), v, high)
		VPSLLD(Imm(28), v, v)
		VBLENDVPS(v, high, low, v)
		VMULPS(scales, v, v)
	}
	return v
}

// high8 returns the eight rows after r.
func high8(r rows8) rows8 {
	h := rows8{base: GP64(), base4: GP64(), ld: r.ld, ld3: r.ld3}
	LEAQ(Mem{Base: r.base, Index: r.ld, Scale: 8}, h.base)
	LEAQ(Mem{Base: h.base, Index: r.ld, Scale: 4}, h.base4)
	return h
}
