package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The constants of kernels.Exp32; the compliance suite holds the results of both
// to the same bits.
const (
	expLog2E  float32 = 1.44269504088896341
	expMagic  float32 = 12582912
	expLn2Hi  float32 = 0.693359375
	expLn2Lo  float32 = -2.12194440e-4
	expC2     float32 = 0.49999993431660505
	expC3     float32 = 0.16666520394430387
	expC4     float32 = 0.041668390877274857
	expC5     float32 = 0.008368745537541003
	expC6     float32 = 0.0013814535713500104
	expLowest float32 = -87.336544
	expTop    float32 = 89
	weightCut float32 = -44

	negInf  = 0xff800000
	signBit = 0x80000000
	lessOQ  = 0x11
)

// exp8 returns exp(x), or 0 below lowest, in the order of operations of
// kernels.Exp32. x is lost.
func exp8(x VecVirtual, lowest float32) VecVirtual {
	under, t, n, p, e := YMM(), YMM(), YMM(), YMM(), YMM()
	VCMPPS(Imm(lessOQ), f32(lowest), x, under)
	limit := YMM()
	VMOVUPS(f32(expTop), limit)
	VMINPS(x, limit, x) // top < x ? top : x, so that NaN passes
	VMOVUPS(f32(lowest), limit)
	VMAXPS(x, limit, x)
	VMOVUPS(f32(expMagic), t)
	VFMADD231PS(f32(expLog2E), x, t)
	VSUBPS(f32(expMagic), t, n)
	VFNMADD231PS(f32(expLn2Hi), n, x)
	VFNMADD231PS(f32(expLn2Lo), n, x)
	VMOVUPS(f32(expC6), p)
	for _, c := range []float32{expC5, expC4, expC3, expC2, 1, 1} {
		VFMADD213PS(f32(c), x, p)
	}
	VPSUBD(bits(math.Float32bits(expMagic)), t, e)
	h := YMM()
	VPSRAD(Imm(1), e, h)
	VPSUBD(h, e, e)
	for _, power := range []VecVirtual{h, e} {
		VPADDD(bits(127), power, power)
		VPSLLD(Imm(23), power, power)
		VMULPS(power, p, p)
	}
	VANDNPS(p, under, p)
	return p
}

// scores computes masked attention scores of eight keys.
type scores struct {
	s, seg                Register
	n, want, scale, slope VecVirtual
	index, rel            VecVirtual
	segmented             bool
}

func newScores(segmented bool) scores {
	c := scores{s: ptr("s"), segmented: segmented, scale: broadcast("scale"), slope: broadcast("slope"),
		n: broadcast("visible"), rel: broadcast("rel"), index: YMM()}
	if segmented {
		c.seg, c.want = ptr("seg"), broadcast("want")
	}
	VMOVDQU(iota8(), c.index)
	return c
}

// next returns the scores of the eight keys at element i and steps on.
func (c scores) next(i int) VecVirtual {
	v, mask := YMM(), YMM()
	VPADDD(c.rel, c.index, v)
	VCVTDQ2PS(v, v)
	VMULPS(c.slope, v, v)
	x := YMM()
	VMOVUPS(at(c.s, i), x)
	VFMADD231PS(x, c.scale, v)
	VPCMPGTD(c.index, c.n, mask)
	if c.segmented {
		seg := YMM()
		VPMASKMOVD(at(c.seg, i), mask, seg)
		VPCMPEQD(c.want, seg, seg)
		VPAND(seg, mask, mask)
	}
	low := YMM()
	VMOVUPS(bits(negInf), low)
	VBLENDVPS(mask, v, low, v)
	VPADDD(bits(8), c.index, c.index)
	return v
}

func (c scores) pointers() []Register {
	if c.segmented {
		return []Register{c.s, c.seg}
	}
	return []Register{c.s}
}

// softmax writes the two passes of a row of attention and its gradient, n a
// multiple of 16.
func softmax() {
	for _, segmented := range []bool{false, true} {
		suffix, params := "AVX2", ""
		if segmented {
			suffix, params = "SegAVX2", ", seg *int32, want int32"
		}
		routine("scores"+suffix, "func(s *float32, n int, visible, rel int32, scale, slope float32"+params+") (top float32)")
		Doc("scores" + suffix + " writes masked scores in place and returns the largest.")
		c := newScores(segmented)
		l0, l1 := YMM(), YMM()
		VMOVUPS(bits(negInf), l0)
		VMOVUPS(bits(negInf), l1)
		strips("loop", 16, func() {
			for i, lane := range []VecVirtual{l0, l1} {
				v := c.next(8 * i)
				VMOVUPS(v, at(c.s, 8*i))
				VMAXPS(lane, v, lane)
			}
		}, c.pointers()...)
		top := tree(l0, l1, func(lower, upper, dst Op) { VMAXPS(lower, upper, dst) })
		Store(top, ReturnIndex(0))
		finish()

		routine("softmaxGrad"+suffix, "func(s, dp *float32, n int, visible, rel int32, scale, slope, lse, delta float32"+params+")")
		Doc("softmaxGrad" + suffix + ": s = weight(score-lse), dp = scale*(s*(dp-delta)).")
		c = newScores(segmented)
		dp, lse, delta := ptr("dp"), broadcast("lse"), broadcast("delta")
		strips("loop", 8, func() {
			v := c.next(0)
			VSUBPS(lse, v, v)
			p := exp8(v, weightCut)
			VMOVUPS(p, at(c.s, 0))
			d := YMM()
			VMOVUPS(at(dp, 0), d)
			VSUBPS(delta, d, d)
			VMULPS(p, d, d)
			VMULPS(c.scale, d, d)
			VMOVUPS(d, at(dp, 0))
		}, append(c.pointers(), dp)...)
		finish()
	}

	routine("expSumAVX2", "func(s *float32, n int, top float32) (sum float32)")
	Doc("expSumAVX2: s = weight(s-top), and the sum by lanes and tree.")
	s, top := ptr("s"), broadcast("top")
	l0, l1 := YMM(), YMM()
	VXORPS(l0, l0, l0)
	VXORPS(l1, l1, l1)
	strips("loop", 16, func() {
		for i, lane := range []VecVirtual{l0, l1} {
			v := YMM()
			VMOVUPS(at(s, 8*i), v)
			VSUBPS(top, v, v)
			e := exp8(v, weightCut)
			VMOVUPS(e, at(s, 8*i))
			VADDPS(e, lane, lane)
		}
	}, s)
	Store(tree(l0, l1, func(lower, upper, dst Op) { VADDPS(upper, lower, dst) }), ReturnIndex(0))
	finish()
}

// sigmoid8 returns 1/(1+exp(-x)).
func sigmoid8(x VecVirtual) VecVirtual {
	m := YMM()
	VXORPS(bits(signBit), x, m)
	e, one := exp8(m, expLowest), YMM()
	VMOVUPS(f32(1), one)
	VADDPS(e, one, e)
	VDIVPS(e, one, e)
	return e
}

// swiglu writes the gated unit and its gradient, n a multiple of 8.
func swiglu() {
	stores("swigluAVX2", "func(h, gate, up *float32, n int)", "h = (gate*sigmoid(gate))*up", func(store func(x, m Op)) {
		h, gate, up := ptr("h"), ptr("gate"), ptr("up")
		strips("loop", 8, func() {
			g := YMM()
			VMOVUPS(at(gate, 0), g)
			s := sigmoid8(g)
			VMULPS(s, g, s)
			VMULPS(at(up, 0), s, s)
			store(s, at(h, 0))
		}, h, gate, up)
	})

	stores("swigluGradAVX2", "func(dGate, dUp, dh, gate, up *float32, n int)", "dUp = dh*(gate*s), dGate = (dh*up)*(s*fma(gate, 1-s, 1)), s = sigmoid(gate)", func(store func(x, m Op)) {
		dGate, dUp, dh := ptr("dGate"), ptr("dUp"), ptr("dh")
		gate, up := ptr("gate"), ptr("up")
		strips("loop", 8, func() {
			g, d, u, one, v := YMM(), YMM(), YMM(), YMM(), YMM()
			VMOVUPS(at(gate, 0), g)
			s := sigmoid8(g)
			VMOVUPS(at(dh, 0), d)
			VMULPS(at(up, 0), d, u)
			VMULPS(s, g, v)
			VMULPS(v, d, v)
			store(v, at(dUp, 0))
			VMOVUPS(f32(1), one)
			VSUBPS(s, one, v)
			VFMADD213PS(one, g, v)
			VMULPS(v, s, v)
			VMULPS(v, u, v)
			store(v, at(dGate, 0))
		}, dGate, dUp, dh, gate, up)
	})
}

// tree combines sixteen lanes in the order of kernels.Tree16; op gets the lower
// and the upper half of what is left.
func tree(l0, l1 VecVirtual, op func(lower, upper, dst Op)) VecVirtual {
	op(l0, l1, l0)
	upper := XMM()
	VEXTRACTF128(Imm(1), l0, upper)
	x := l0.AsX()
	op(x, upper, x)
	VMOVHLPS(x, x, upper)
	op(x, upper, x)
	VMOVSHDUP(x, upper)
	op(x, upper, x)
	return x.(VecVirtual)
}
