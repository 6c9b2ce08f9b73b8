package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const mr, nr = 6, 16

// fours addresses rows of a matrix, ld bytes apart, by a pointer to every fourth.
type fours struct {
	bases   []Register
	ld, ld3 Register
}

func newFours(base, ld Register, rows int) fours {
	f := fours{bases: []Register{base}, ld: ld, ld3: GP64()}
	LEAQ(Mem{Base: ld, Index: ld, Scale: 2}, f.ld3)
	for r := 4; r < rows; r += 4 {
		f.bases = append(f.bases, GP64())
		LEAQ(Mem{Base: f.bases[r/4-1], Index: ld, Scale: 4}, f.bases[r/4])
	}
	return f
}

// loadFours takes the base and the stride, in elements, from parameters.
func loadFours(base, stride string, rows int) fours {
	ld := ptr(stride)
	SHLQ(Imm(2), ld)
	return newFours(ptr(base), ld, rows)
}

// at is the element disp bytes along row i.
func (f fours) at(i, disp int) Mem {
	m := Mem{Base: f.bases[i/4], Disp: disp}
	switch i % 4 {
	case 1, 2:
		m.Index, m.Scale = f.ld, uint8(i%4)
	case 3:
		m.Index, m.Scale = f.ld3, 1
	}
	return m
}

// below returns the rows that follow; rows is what f covers, a multiple of two.
func (f fours) below(rows int) fours {
	n := fours{ld: f.ld, ld3: f.ld3}
	last, rest := f.bases[len(f.bases)-1], uint8(rows-4*(len(f.bases)-1))
	for range f.bases {
		r := GP64()
		LEAQ(Mem{Base: last, Index: f.ld, Scale: rest}, r)
		n.bases, last, rest = append(n.bases, r), r, 4
	}
	return n
}

func (f fours) advance(bytes Register) {
	for _, b := range f.bases {
		ADDQ(bytes, b)
	}
}

// stepped runs one(p) kb times in order, unrolled; b advances by row bytes a
// step, p is the step since b last moved.
func stepped(kb, b Register, row, unroll int, one func(p int)) {
	JMP(LabelRef("test"))
	Label("loop")
	for p := range unroll {
		one(p)
	}
	ADDQ(U32(uint32(row*unroll)), b)
	SUBQ(Imm(uint64(unroll)), kb)
	Label("test")
	CMPQ(kb, Imm(uint64(unroll)))
	JGE(LabelRef("loop"))
	JMP(LabelRef("tailtest"))
	Label("tail")
	one(0)
	ADDQ(U32(uint32(row)), b)
	DECQ(kb)
	Label("tailtest")
	TESTQ(kb, kb)
	JNE(LabelRef("tail"))
}

// microAVX2 continues a 6x16 tile of C: 12 accumulators, two rows of B and two
// broadcasts of A fill the sixteen registers. A is read where it lies.
func microAVX2() {
	routine("microAVX2", "func(kb int, a *float32, row, step int, b, c *float32, ldc int, zero bool)")
	Doc("microAVX2 continues a full 6x16 tile: c[i,j] = fma(a[i*row+p*step], b[p*16+j], c[i,j]) for p in order.")
	kb, b := ptr("kb"), ptr("b")
	out := loadFours("c", "ldc", mr)
	var acc [mr][2]VecVirtual
	for i := range mr {
		acc[i][0], acc[i][1] = YMM(), YMM()
	}
	zero := Load(Param("zero"), GP8())
	TESTB(zero, zero)
	JNE(LabelRef("clear"))
	each(func(i, j int) { VMOVUPS(out.at(i, 32*j), acc[i][j]) })
	JMP(LabelRef("begin"))
	Label("clear")
	each(func(i, j int) { VXORPS(acc[i][j], acc[i][j], acc[i][j]) })
	Label("begin")
	next := out.below(mr) // the tile below comes next
	for i := range mr {
		PREFETCHT0(next.at(i, 0))
	}
	in, step := loadFours("a", "row", mr), ptr("step")
	SHLQ(Imm(2), step)
	b0, b1, x, y := YMM(), YMM(), YMM(), YMM()
	stepped(kb, b, 4*nr, 4, func(p int) {
		VMOVUPS(Mem{Base: b, Disp: 4 * nr * p}, b0)
		VMOVUPS(Mem{Base: b, Disp: 4*nr*p + 32}, b1)
		for i := 0; i < mr; i += 2 {
			VBROADCASTSS(in.at(i, 0), x)
			VBROADCASTSS(in.at(i+1, 0), y)
			VFMADD231PS(b0, x, acc[i][0])
			VFMADD231PS(b1, x, acc[i][1])
			VFMADD231PS(b0, y, acc[i+1][0])
			VFMADD231PS(b1, y, acc[i+1][1])
		}
		in.advance(step)
	})
	each(func(i, j int) { VMOVUPS(acc[i][j], out.at(i, 32*j)) })
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
