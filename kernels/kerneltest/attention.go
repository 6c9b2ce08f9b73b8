package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"huihai/kernels"
)

// attention is one attention problem.
type attention struct {
	batch, tq, tk, heads, kvHeads, dim int
	alibi, segments                    bool
	gap                                int
}

func (a attention) String() string {
	return fmt.Sprintf("b=%d tq=%d tk=%d h=%d/%d d=%d alibi=%v segments=%v", a.batch, a.tq, a.tk, a.heads, a.kvHeads, a.dim, a.alibi, a.segments)
}

func attentions() []attention {
	return []attention{
		{1, 1, 1, 1, 1, 8, false, false, 0},
		{2, 5, 5, 2, 2, 8, false, false, 3},
		{1, 1, 9, 3, 3, 16, true, false, 0},
		{2, 3, 70, 4, 2, 24, true, true, 5},
		{1, 17, 17, 3, 1, 16, true, false, 0},
		{2, 50, 50, 2, 2, 8, false, true, 0},
		{1, 49, 120, 2, 1, 40, true, true, 1},
		{1, 131, 131, 2, 2, 8, false, false, 0},
		{1, 300, 300, 1, 1, 8, true, true, 0},
		// Head sizes that fill no tile, blocks of queries and keys that end inside one.
		{1, 61, 61, 2, 2, 80, false, false, 0},
		{2, 53, 97, 2, 1, 96, true, true, 3},
		{1, 101, 260, 3, 3, 112, false, true, 1},
		{1, 43, 300, 1, 1, 72, true, false, 0},
		{1, 13, 13, 2, 1, 128, false, true, 0},
	}
}

// operands are the inputs of an attention problem on the host.
type operands struct {
	q, k, v, dOut []float32
	slopes        []float32
	segments      []int32
}

func (a attention) operands(src source) operands {
	o := operands{q: src.normal(a.batch * a.tq * a.heads * a.dim), dOut: src.normal(a.batch * a.tq * a.heads * a.dim),
		k: src.normal(a.batch * a.tk * a.kvHeads * a.dim), v: src.normal(a.batch * a.tk * a.kvHeads * a.dim)}
	if a.alibi {
		o.slopes = kernels.ALiBiSlopes(a.heads)
	}
	if a.segments {
		for range a.batch {
			doc := int32(7)
			for range a.tk {
				if src.IntN(max(2, a.tk/4)) == 0 {
					doc = int32(src.IntN(9)) // ids may come back: order is not promised
				}
				o.segments = append(o.segments, doc)
			}
		}
	}
	return o
}

// onDevice is an attention problem on a device.
type onDevice struct {
	p                              kernels.AttentionParams
	q, k, v, dOut, out, dq, dk, dv kernels.Mat
	lse                            kernels.Buf
}

func (a attention) place(b *bench, o operands) onDevice {
	p := kernels.AttentionParams{Batch: a.batch, Tq: a.tq, Tk: a.tk, Heads: a.heads, KVHeads: a.kvHeads,
		HeadDim: a.dim, Scale: float32(1 / math.Sqrt(float64(a.dim)))}
	if o.slopes != nil {
		p.Slopes = b.vec("slopes", o.slopes)
	}
	if o.segments != nil {
		p.Segments = b.ints("segments", o.segments)
	}
	qRows, kRows, qCols, kCols := a.batch*a.tq, a.batch*a.tk, a.heads*a.dim, a.kvHeads*a.dim
	q := func(name string, v []float32) kernels.Mat { return b.mat(name, qRows, qCols, a.gap, v) }
	k := func(name string, v []float32) kernels.Mat { return b.mat(name, kRows, kCols, a.gap*2, v) }
	return onDevice{p: p, q: q("q", o.q), k: k("k", o.k), v: k("v", o.v), dOut: q("dOut", o.dOut), out: q("out", o.dOut),
		dq: q("dq", o.q), dk: k("dk", o.k), dv: k("dv", o.v), lse: b.vec("lse", make([]float32, a.batch*a.heads*a.tq))}
}

func (d *onDevice) forward(b *bench) {
	d.p.Scratch = b.scratch(b.dev.AttentionScratch(d.p, false))
	b.dev.Attention(d.out, d.lse, d.q, d.k, d.v, d.p)
}

func (d *onDevice) backward(b *bench) {
	d.p.Scratch = b.scratch(b.dev.AttentionScratch(d.p, true))
	b.dev.AttentionGrad(d.dq, d.dk, d.dv, d.dOut, d.out, d.lse, d.q, d.k, d.v, d.p)
}

func testAttention(t *testing.T, dev kernels.Device) {
	for _, a := range attentions() {
		t.Run(a.String(), func(t *testing.T) {
			b, o := newBench(t, dev), a.operands(newSource(uint64(a.tk)))
			d := a.place(b, o)
			d.forward(b)
			qw, kw, vw := wide(o.q), wide(o.k), wide(o.v)
			var slopes []float64
			if o.slopes != nil {
				slopes = wide(o.slopes)
			}
			out, lse := refAttention(qw, kw, vw, d.p, slopes, o.segments)
			near(t, "out", b.getMat(d.out), out, 5e-6)
			near(t, "lse", b.get(d.lse), lse, 5e-6)
			noLSE := a.place(b, o)
			noLSE.lse = kernels.Buf{}
			noLSE.forward(b)
			same(t, "out without lse", b.getMat(noLSE.out), b.getMat(d.out))
			d.backward(b)
			if len(kw)*len(out)*a.tk < 3e7 && a.dim <= 40 {
				dw := wide(o.dOut)
				loss := func() float64 { y, _ := refAttention(qw, kw, vw, d.p, slopes, o.segments); return dot(y, dw) }
				near(t, "dq", b.getMat(d.dq), slope(qw, loss), 2e-5)
				near(t, "dk", b.getMat(d.dk), slope(kw, loss), 2e-5)
				near(t, "dv", b.getMat(d.dv), slope(vw, loss), 2e-5)
			}
			dq, dk, dv := refAttentionGrad(qw, kw, vw, wide(o.dOut), d.p, slopes, o.segments)
			near(t, "dq", b.getMat(d.dq), dq, 2e-5)
			near(t, "dk", b.getMat(d.dk), dk, 2e-5)
			near(t, "dv", b.getMat(d.dv), dv, 2e-5)
			b.done()
		})
	}
}

// testAttentionDocuments: documents in one row, wherever they begin, are as good
// as rows of their own, to the bit where they begin at a multiple of the lanes of
// a row's sums.
func testAttentionDocuments(t *testing.T, dev kernels.Device) {
	for _, aligned := range []bool{true, false} {
		whole := attention{batch: 1, tq: 410, tk: 410, heads: 2, kvHeads: 1, dim: 24, alibi: true}
		src := newSource(77)
		o := whole.operands(src)
		ends := []int{32, 96, 256, 416}
		if !aligned {
			ends = []int{5, 13, 70, 74, 215, 400}
		}
		o.segments = make([]int32, whole.tk)
		for i := range o.segments {
			for n, end := range ends {
				if i >= end {
					o.segments[i] = int32(7 - n)
				}
			}
		}
		b := newBench(t, dev)
		d := whole.place(b, o)
		d.forward(b)
		d.backward(b)
		got := [][]float32{b.getMat(d.out), b.getMat(d.dq), b.getMat(d.dk), b.getMat(d.dv)}
		for n, from := range append([]int{0}, ends...) {
			to := whole.tk
			if n < len(ends) {
				to = min(to, ends[n])
			}
			if from >= to {
				continue
			}
			alone := whole
			alone.tq, alone.tk = to-from, to-from
			q, k := whole.heads*whole.dim, whole.kvHeads*whole.dim
			part := operands{q: o.q[from*q : to*q], dOut: o.dOut[from*q : to*q], k: o.k[from*k : to*k], v: o.v[from*k : to*k], slopes: o.slopes}
			pd := alone.place(b, part)
			pd.forward(b)
			pd.backward(b)
			for i, want := range [][]float32{b.getMat(pd.out), b.getMat(pd.dq), b.getMat(pd.dk), b.getMat(pd.dv)} {
				width := q
				if i > 1 {
					width = k
				}
				what := fmt.Sprintf("document %d..%d, output %d", from, to, i)
				if have := got[i][from*width : to*width]; aligned {
					same(t, what, have, want)
				} else {
					near(t, what, have, wide(want), 5e-6)
				}
			}
		}
		b.done()
	}
}

// testAttentionRandom draws shapes and compares with the loops.
func testAttentionRandom(t *testing.T, dev kernels.Device) {
	src := newSource(42)
	for range 30 {
		a := attention{batch: 1 + src.IntN(2), tq: 1 + src.IntN(70), kvHeads: 1 + src.IntN(2), dim: 8 * (1 + src.IntN(14)),
			alibi: src.IntN(2) == 0, segments: src.IntN(2) == 0, gap: src.IntN(5)}
		a.tk, a.heads = a.tq+src.IntN(2)*src.IntN(90), a.kvHeads*(1+src.IntN(3))
		b, o := newBench(t, dev), a.operands(src)
		d := a.place(b, o)
		d.forward(b)
		d.backward(b)
		var slopes []float64
		if o.slopes != nil {
			slopes = wide(o.slopes)
		}
		qw, kw, vw := wide(o.q), wide(o.k), wide(o.v)
		out, lse := refAttention(qw, kw, vw, d.p, slopes, o.segments)
		dq, dk, dv := refAttentionGrad(qw, kw, vw, wide(o.dOut), d.p, slopes, o.segments)
		near(t, "out of "+a.String(), b.getMat(d.out), out, 5e-6)
		near(t, "lse of "+a.String(), b.get(d.lse), lse, 5e-6)
		near(t, "dq of "+a.String(), b.getMat(d.dq), dq, 3e-5)
		near(t, "dk of "+a.String(), b.getMat(d.dk), dk, 3e-5)
		near(t, "dv of "+a.String(), b.getMat(d.dv), dv, 3e-5)
		b.done()
	}
}

// refAttentionGrad differentiates refAttention by the chain rule; the finite
// differences of the small problems check it in turn.
func refAttentionGrad(q, k, v, dOut []float64, p kernels.AttentionParams, slopes []float64, segments []int32) (dq, dk, dv []float64) {
	dim, shift := p.HeadDim, p.Tk-p.Tq
	dq, dk, dv = make([]float64, len(q)), make([]float64, len(k)), make([]float64, len(v))
	out, lse := refAttention(q, k, v, p, slopes, segments)
	for b := range p.Batch {
		for h := range p.Heads {
			kv := h / (p.Heads / p.KVHeads)
			for i := range p.Tq {
				qi := ((b*p.Tq+i)*p.Heads + h) * dim
				delta := dot(dOut[qi:qi+dim], out[qi:qi+dim])
				for j := range i + shift + 1 {
					if segments != nil && segments[b*p.Tk+j] != segments[b*p.Tk+i+shift] {
						continue
					}
					kj := ((b*p.Tk+j)*p.KVHeads + kv) * dim
					s := float64(p.Scale) * dot(q[qi:qi+dim], k[kj:kj+dim])
					if slopes != nil {
						s += slopes[h] * float64(j-i-shift)
					}
					w := math.Exp(s - lse[(b*p.Heads+h)*p.Tq+i])
					ds := float64(p.Scale) * w * (dot(dOut[qi:qi+dim], v[kj:kj+dim]) - delta)
					for d := range dim {
						dv[kj+d] += w * dOut[qi+d]
						dq[qi+d] += ds * k[kj+d]
						dk[kj+d] += ds * q[qi+d]
					}
				}
			}
		}
	}
	return dq, dk, dv
}

// testAttentionPrefix: what a query sees to its right, how many queries are
// asked for at a time and whether they are decoded one by one change no bit.
func testAttentionPrefix(t *testing.T, dev kernels.Device) {
	for _, alibi := range []bool{false, true} {
		whole := attention{batch: 1, tq: 130, tk: 130, heads: 2, kvHeads: 1, dim: 16, alibi: alibi}
		b, o := newBench(t, dev), whole.operands(newSource(9))
		d := whole.place(b, o)
		d.forward(b)
		want := b.getMat(d.out)
		for _, cut := range [][2]int{{1, 1}, {60, 60}, {129, 129}, {1, 77}, {2, 130}, {4, 97}, {5, 100}, {100, 130}, {49, 128}} {
			part := whole
			part.tq, part.tk = cut[0], cut[1]
			qRow, kRow := whole.heads*whole.dim, whole.kvHeads*whole.dim
			po := o
			from := (part.tk - part.tq) * qRow
			po.q, po.dOut = o.q[from:part.tk*qRow], o.dOut[from:part.tk*qRow]
			po.k, po.v = o.k[:part.tk*kRow], o.v[:part.tk*kRow]
			pd := part.place(b, po)
			pd.forward(b)
			same(t, fmt.Sprintf("alibi=%v queries %d..%d", alibi, part.tk-part.tq, part.tk), b.getMat(pd.out), want[from:part.tk*qRow])
		}
		b.done()
	}
}
