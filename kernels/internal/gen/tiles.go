package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tiles writes the products of attention: both sides are read where they lie, so
// that neither scores nor queries are packed.
func tiles(suffix string, rows []int, register func() VecVirtual, bytes int, masked bool) {
	for _, m := range rows {
		for _, vectors := range []int{2, 1} {
			tile(suffix, m, vectors, register, bytes, masked)
		}
	}
}

// tile continues m rows by so many vectors of C. With masked the last vector may
// be partly absent.
func tile(suffix string, m, vectors int, register func() VecVirtual, bytes int, masked bool) {
	name := fmt.Sprintf("tile%dx%d%s", m, vectors*bytes/4, suffix)
	params := ""
	if masked {
		params = ", mask uint32"
	}
	routine(name, "func(kb int, a *float32, row, step int, b *float32, ldb int, c *float32, ldc int, zero bool"+params+")")
	Doc(fmt.Sprintf("%s: c[i*ldc+j] = fma(a[i*row+p*step], b[p*ldb+j], c[i*ldc+j]) for i < %d and p < kb in order.", name, m))
	var mask Register
	if masked { // of the last vector
		mask = K()
		KMOVW(Load(Param("mask"), GP32()), mask)
	}
	load := func(from Mem, v int, to VecVirtual) {
		if masked && v == vectors-1 {
			VMOVUPS_Z(from, mask, to)
			return
		}
		VMOVUPS(from, to)
	}
	acc := make([][]VecVirtual, m)
	each := func(f func(i, v int)) {
		for i := range m {
			for v := range vectors {
				f(i, v)
			}
		}
	}
	for i := range acc {
		for range vectors {
			acc[i] = append(acc[i], register())
		}
	}
	zero := Load(Param("zero"), GP8())
	TESTB(zero, zero)
	JNE(LabelRef("clear"))
	c := loadFours("c", "ldc", m)
	each(func(i, v int) { load(c.at(i, v*bytes), v, acc[i][v]) })
	JMP(LabelRef("begin"))
	Label("clear")
	each(func(i, v int) {
		if bytes == 64 {
			VPXORD(acc[i][v], acc[i][v], acc[i][v])
		} else {
			VXORPS(acc[i][v], acc[i][v], acc[i][v])
		}
	})
	Label("begin")
	a, b, kb := loadFours("a", "row", m), ptr("b"), ptr("kb")
	step, ldb := ptr("step"), ptr("ldb")
	SHLQ(Imm(2), step)
	SHLQ(Imm(2), ldb)
	right := make([]VecVirtual, vectors)
	for v := range right {
		right[v] = register()
	}
	JMP(LabelRef("test"))
	Label("loop")
	for v := range right {
		load(Mem{Base: b, Disp: v * bytes}, v, right[v])
	}
	ADDQ(ldb, b)
	for i := range m {
		x := register()
		VBROADCASTSS(a.at(i, 0), x)
		for v := range right {
			VFMADD231PS(right[v], x, acc[i][v])
		}
	}
	a.advance(step)
	DECQ(kb)
	Label("test")
	TESTQ(kb, kb)
	JNE(LabelRef("loop"))
	c = loadFours("c", "ldc", m)
	each(func(i, v int) {
		if masked && v == vectors-1 {
			VMOVUPS(acc[i][v], mask, c.at(i, v*bytes))
			return
		}
		VMOVUPS(acc[i][v], c.at(i, v*bytes))
	})
	finish()
}

// prefetchRows asks for the cache lines of a few rows ahead of their use: rows of
// one head lie apart, which the hardware does not foresee.
func prefetchRows() {
	routine("prefetchRowsAVX2", "func(src *float32, stride, rows, lines int)")
	Doc("prefetchRowsAVX2 asks for so many cache lines of each of some rows, stride elements apart; it changes nothing.")
	src, stride, rows, lines := ptr("src"), ptr("stride"), ptr("rows"), ptr("lines")
	SHLQ(Imm(2), stride)
	line, left := GP64(), GP64()
	JMP(LabelRef("rowtest"))
	Label("row")
	MOVQ(src, line)
	MOVQ(lines, left)
	JMP(LabelRef("linetest"))
	Label("line")
	PREFETCHT1(Mem{Base: line})
	ADDQ(Imm(64), line)
	DECQ(left)
	Label("linetest")
	TESTQ(left, left)
	JNE(LabelRef("line"))
	ADDQ(stride, src)
	DECQ(rows)
	Label("rowtest")
	TESTQ(rows, rows)
	JNE(LabelRef("row"))
	RET()
}
