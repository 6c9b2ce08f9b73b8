package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// constants are 32-byte read-only rows of one repeated value.
var constants = map[uint32]Mem{}

// f32 returns a row of eight copies of v.
func f32(v float32) Mem { return bits(math.Float32bits(v)) }

// bits returns a row of eight copies of a bit pattern.
func bits(u uint32) Mem {
	if m, ok := constants[u]; ok {
		return m
	}
	m := constant(fmt.Sprintf("c%08x", u), u)
	constants[u] = m
	return m
}

// constant declares eight copies of u.
func constant(name string, u uint32) Mem {
	m := GLOBL(name, attr.RODATA|attr.NOPTR)
	for i := range 8 {
		DATA(4*i, U32(u))
	}
	return m
}

var iotaRow Mem

// iota8 returns the row 0..7.
func iota8() Mem {
	if iotaRow.Base == nil {
		iotaRow = GLOBL("iota8", attr.RODATA|attr.NOPTR)
		for i := range 8 {
			DATA(4*i, U32(i))
		}
	}
	return iotaRow
}

// ptr loads a pointer parameter.
func ptr(name string) Register { return Load(Param(name), GP64()) }

// broadcast loads a float32 parameter into all lanes.
func broadcast(name string) VecVirtual {
	x := YMM()
	m, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(m.Addr, x)
	return x
}

// strips loops over n elements (a parameter, a multiple of step), advancing the
// pointers by step elements each time.
func strips(name string, step int, body func(), pointers ...Register) {
	n := Load(Param("n"), GP64())
	JMP(LabelRef(name + "_test"))
	Label(name)
	body()
	for _, p := range pointers {
		if 4*step < 128 {
			ADDQ(Imm(uint64(4*step)), p)
		} else {
			ADDQ(U32(4*step), p)
		}
	}
	SUBQ(Imm(uint64(step)), n)
	Label(name + "_test")
	CMPQ(n, Imm(uint64(step)))
	JGE(LabelRef(name))
}

func at(base Register, element int) Mem { return Mem{Base: base, Disp: 4 * element} }

// routine begins a function whose pointers stay where they are.
func routine(name, signature string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
}

// loopDown runs body while n is at least step, which it is less by every time.
func loopDown(name string, n Register, step uint32, body func()) {
	JMP(LabelRef(name + "_test"))
	Label(name)
	body()
	SUBQ(U32(step), n)
	Label(name + "_test")
	CMPQ(n, U32(step))
	JGE(LabelRef(name))
}
