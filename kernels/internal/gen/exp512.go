package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// Rows of scores and gates on sixteen lanes: one vector is the sixteen virtual
// lanes of a reduction. Constants stay in registers, since a broadcast from
// memory would cost a load for each use.

// all16 returns a register with sixteen copies of a float32.
func all16(v float32) VecVirtual { return all16Bits(math.Float32bits(v)) }

func all16Bits(u uint32) VecVirtual {
	r, x := GP32(), ZMM()
	MOVL(U32(u), r)
	VPBROADCASTD(r, x)
	return x
}

// broadcast16 loads a 32-bit parameter into all lanes.
func broadcast16(name string) VecVirtual {
	x := ZMM()
	m, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(m.Addr, x)
	return x
}

// exp16 holds the constants of exp.
type exp16 struct {
	lowest, top, magic, log2e, hi, lo VecVirtual
	c                                 [5]VecVirtual // c6 .. c2
	one                               VecVirtual
}

func newExp16(lowest float32) exp16 {
	e := exp16{lowest: all16(lowest), top: all16(expTop), magic: all16(expMagic), log2e: all16(expLog2E),
		hi: all16(expLn2Hi), lo: all16(expLn2Lo), one: all16(1)}
	for i, v := range []float32{expC6, expC5, expC4, expC3, expC2} {
		e.c[i] = all16(v)
	}
	return e
}

// of returns exp(x), or 0 below lowest, in the order of operations of
// kernels.Exp32. Its product with two powers of two is exact but for overflow, so
// scaling by one gives the same. x is lost.
func (e exp16) of(x VecVirtual) VecVirtual {
	under := K()
	t, n, p := ZMM(), ZMM(), ZMM()
	VCMPPS(Imm(lessOQ), e.lowest, x, under)
	KNOTW(under, under)
	VMINPS(x, e.top, x) // top < x ? top : x, so that NaN passes
	VMAXPS(x, e.lowest, x)
	VMOVAPS(e.magic, t)
	VFMADD231PS(e.log2e, x, t)
	VSUBPS(e.magic, t, n)
	VFNMADD231PS(e.hi, n, x)
	VFNMADD231PS(e.lo, n, x)
	VMOVAPS(e.c[0], p)
	for _, c := range append(e.c[1:], e.one, e.one) {
		VFMADD213PS(c, x, p)
	}
	VSCALEFPS_Z(n, p, under, p)
	return p
}

// scores16 computes masked attention scores of sixteen keys.
type scores16 struct {
	s, seg                Register
	n, want, scale, slope VecVirtual
	index, rel, step, low VecVirtual
}

func newScores16(segmented bool) scores16 {
	c := scores16{s: ptr("s"), scale: broadcast16("scale"), slope: broadcast16("slope"),
		n: broadcast16("visible"), rel: broadcast16("rel"), index: ZMM(), step: all16Bits(16), low: all16Bits(negInf)}
	if segmented {
		c.seg, c.want = ptr("seg"), broadcast16("want")
	}
	VPMOVZXBD(iota16(), c.index)
	return c
}

var iota16Row Mem

// iota16 returns the bytes 0..15.
func iota16() Mem {
	if iota16Row.Base == nil {
		iota16Row = GLOBL("iota16", attr.RODATA|attr.NOPTR)
		for i := range 16 {
			DATA(i, U8(i))
		}
	}
	return iota16Row
}

// next returns the scores of the sixteen keys at s and steps on.
func (c scores16) next() VecVirtual {
	v, x, mask := ZMM(), ZMM(), K()
	VPADDD(c.rel, c.index, v)
	VCVTDQ2PS(v, v)
	VMULPS(c.slope, v, v)
	VMOVUPS(at(c.s, 0), x)
	VFMADD231PS(x, c.scale, v)
	VPCMPGTD(c.index, c.n, mask)
	if c.seg != nil {
		seg, same := ZMM(), K()
		VMOVDQU32_Z(at(c.seg, 0), mask, seg)
		VPCMPEQD(c.want, seg, same)
		KANDW(same, mask, mask)
	}
	VPADDD(c.step, c.index, c.index)
	out := ZMM()
	VBLENDMPS(v, c.low, mask, out)
	return out
}

func (c scores16) pointers() []Register {
	if c.seg != nil {
		return []Register{c.s, c.seg}
	}
	return []Register{c.s}
}

// softmax512 writes the two passes of a row of attention and its gradient, n a
// multiple of 16.
func softmax512() {
	for _, segmented := range []bool{false, true} {
		suffix, params := "AVX512", ""
		if segmented {
			suffix, params = "SegAVX512", ", seg *int32, want int32"
		}
		routine("scores"+suffix, "func(s *float32, n int, visible, rel int32, scale, slope float32"+params+") (top float32)")
		Doc("scores" + suffix + " writes masked scores in place and returns the largest.")
		c := newScores16(segmented)
		lane := all16Bits(negInf)
		strips("loop", 16, func() {
			v := c.next()
			VMOVUPS(v, at(c.s, 0))
			VMAXPS(lane, v, lane)
		}, c.pointers()...)
		Store(tree16(lane, func(lower, upper, dst Op) { VMAXPS(lower, upper, dst) }), ReturnIndex(0))
		finish()

		routine("softmaxGrad"+suffix, "func(s, dp *float32, n int, visible, rel int32, scale, slope, lse, delta float32"+params+")")
		Doc("softmaxGrad" + suffix + ": s = weight(score-lse), dp = scale*(s*(dp-delta)).")
		c = newScores16(segmented)
		dp, lse, delta := ptr("dp"), broadcast16("lse"), broadcast16("delta")
		exp := newExp16(weightCut)
		strips("loop", 16, func() {
			v := c.next()
			VSUBPS(lse, v, v)
			p := exp.of(v)
			VMOVUPS(p, at(c.s, 0))
			d := ZMM()
			VMOVUPS(at(dp, 0), d)
			VSUBPS(delta, d, d)
			VMULPS(p, d, d)
			VMULPS(c.scale, d, d)
			VMOVUPS(d, at(dp, 0))
		}, append(c.pointers(), dp)...)
		finish()
	}

	routine("expSumAVX512", "func(s *float32, n int, top float32) (sum float32)")
	Doc("expSumAVX512: s = weight(s-top), and the sum by lanes and tree.")
	s, top := ptr("s"), broadcast16("top")
	exp, lane := newExp16(weightCut), ZMM()
	VPXORD(lane, lane, lane)
	strips("loop", 16, func() {
		v := ZMM()
		VMOVUPS(at(s, 0), v)
		VSUBPS(top, v, v)
		e := exp.of(v)
		VMOVUPS(e, at(s, 0))
		VADDPS(e, lane, lane)
	}, s)
	Store(tree16(lane, func(lower, upper, dst Op) { VADDPS(upper, lower, dst) }), ReturnIndex(0))
	finish()
}

// tree16 combines the lanes of one vector in the order of kernels.Tree16.
func tree16(lanes VecVirtual, op func(lower, upper, dst Op)) VecVirtual {
	upper := YMM()
	VEXTRACTF64X4(Imm(1), lanes, upper)
	return tree(lanes.AsY().(VecVirtual), upper, op)
}

// sigmoid returns 1/(1+exp(-x)); x stays.
func (e exp16) sigmoid(x, sign VecVirtual) VecVirtual {
	m := ZMM()
	VPXORD(sign, x, m)
	y := e.of(m)
	VADDPS(y, e.one, y)
	VDIVPS(y, e.one, y)
	return y
}

// swiglu512 writes the gated unit and its gradient, n a multiple of 16.
func swiglu512() {
	stores("swigluAVX512", "func(h, gate, up *float32, n int)", "h = (gate*sigmoid(gate))*up", func(store func(x, m Op)) {
		h, gate, up := ptr("h"), ptr("gate"), ptr("up")
		exp, sign := newExp16(expLowest), all16Bits(signBit)
		strips("loop", 16, func() {
			g := ZMM()
			VMOVUPS(at(gate, 0), g)
			s := exp.sigmoid(g, sign)
			VMULPS(s, g, s)
			VMULPS(at(up, 0), s, s)
			store(s, at(h, 0))
		}, h, gate, up)
	})

	stores("swigluGradAVX512", "func(dGate, dUp, dh, gate, up *float32, n int)", "dUp = dh*(gate*s), dGate = (dh*up)*(s*fma(gate, 1-s, 1)), s = sigmoid(gate)", func(store func(x, m Op)) {
		dGate, dUp, dh := ptr("dGate"), ptr("dUp"), ptr("dh")
		gate, up := ptr("gate"), ptr("up")
		exp, sign := newExp16(expLowest), all16Bits(signBit)
		strips("loop", 16, func() {
			g, d, u, v := ZMM(), ZMM(), ZMM(), ZMM()
			VMOVUPS(at(gate, 0), g)
			s := exp.sigmoid(g, sign)
			VMOVUPS(at(dh, 0), d)
			VMULPS(at(up, 0), d, u)
			VMULPS(s, g, v)
			VMULPS(v, d, v)
			store(v, at(dUp, 0))
			VSUBPS(s, exp.one, v)
			VFMADD213PS(exp.one, g, v)
			VMULPS(v, s, v)
			VMULPS(v, u, v)
			store(v, at(dGate, 0))
		}, dGate, dUp, dh, gate, up)
	})
}
