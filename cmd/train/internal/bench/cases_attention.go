package bench

import (
	"fmt"
	"math"

	"huihai/kernels"
)

// attentionShape is one attention call.
type attentionShape struct {
	batch, tq, tk, heads, dim int
	alibi                     bool
	documents                 int // per row; 0 leaves the segments out
}

func (a attentionShape) String() string {
	s := fmt.Sprintf("B=%d T=%d H=%d D=%d", a.batch, a.tk, a.heads, a.dim)
	if a.tq != a.tk {
		s = fmt.Sprintf("B=%d Tq=%d T=%d H=%d D=%d", a.batch, a.tq, a.tk, a.heads, a.dim)
	}
	if a.alibi {
		s += " ALiBi"
	}
	if a.documents > 0 {
		s += fmt.Sprintf(" %d documents", a.documents)
	}
	return s
}

// pairs counts the visible (query, key) pairs of all heads.
func (a attentionShape) pairs() float64 {
	n := 0
	for i := range a.tq {
		pos := i + a.tk - a.tq
		n += pos + 1
		if a.documents > 0 {
			n -= a.documentStart(pos)
		}
	}
	return float64(n) * float64(a.batch*a.heads)
}

// document returns the document of a position of a row, and documentStart where
// that document begins. Documents are equally long, but for rounding.
func (a attentionShape) document(pos int) int { return pos * a.documents / a.tk }

func (a attentionShape) documentStart(pos int) int {
	d := a.document(pos)
	return (d*a.tk + a.documents - 1) / a.documents
}

func attentionCases() []kernelCase {
	train := []attentionShape{
		{batch: 4, tq: 512, tk: 512, heads: 8, dim: 64},
		{batch: 1, tq: 2048, tk: 2048, heads: 8, dim: 64},
		{batch: 1, tq: 2048, tk: 2048, heads: 8, dim: 80},
		{batch: 1, tq: 2048, tk: 2048, heads: 4, dim: 128},
		{batch: 1, tq: 2048, tk: 2048, heads: 4, dim: 128, alibi: true},
		{batch: 1, tq: 2048, tk: 2048, heads: 8, dim: 64, documents: 8},
	}
	var cases []kernelCase
	for _, a := range train {
		cases = append(cases, a.forward(), a.backward())
	}
	decode := attentionShape{batch: 1, tq: 1, tk: 2048, heads: bigC / bigD, dim: bigD}
	return append(cases, decode.forward())
}

// operands returns the parameters, with scratch memory for the forward pass and
// for the backward pass if that is asked for, and a maker of [rows, H*D] matrices.
func (a attentionShape) operands(b *bed, grad bool) (kernels.AttentionParams, func(rows int) kernels.Mat) {
	p := kernels.AttentionParams{
		Batch: a.batch, Tq: a.tq, Tk: a.tk, Heads: a.heads, KVHeads: a.heads, HeadDim: a.dim,
		Scale: float32(1 / math.Sqrt(float64(a.dim))),
	}
	if a.alibi {
		p.Slopes = b.values(kernels.ALiBiSlopes(a.heads))
	}
	if a.documents > 0 {
		p.Segments = b.ints(a.batch*a.tk, func(i int) int { return a.document(i % a.tk) })
	}
	bytes := b.dev.AttentionScratch(p, false)
	if grad {
		bytes = max(bytes, b.dev.AttentionScratch(p, true))
	}
	p.Scratch = b.scratch(bytes)
	return p, func(rows int) kernels.Mat { return b.mat(a.batch*rows, a.heads*a.dim) }
}

// queries and keys are the elements of a matrix of either kind.
func (a attentionShape) queries() float64 { return float64(a.batch * a.tq * a.heads * a.dim) }
func (a attentionShape) keys() float64    { return float64(a.batch * a.tk * a.heads * a.dim) }

// forward counts two products per visible pair.
func (a attentionShape) forward() kernelCase {
	return kernelCase{
		kernel: "Attention", shape: a.String(), readOnly: a.tq == 1,
		flops: 4 * float64(a.dim) * a.pairs(), bytes: 4 * (2*a.queries() + 2*a.keys()),
		build: func(b *bed) func() {
			p, mat := a.operands(b, false)
			out, q, k, v := mat(a.tq), mat(a.tq), mat(a.tk), mat(a.tk)
			lse := b.zeros(a.batch*a.heads*a.tq, kernels.F32)
			if a.tq == 1 {
				lse = kernels.Buf{} // as in decoding
			}
			return func() { b.dev.Attention(out, lse, q, k, v, p) }
		},
	}
}

// backward counts five products per visible pair, the recomputed scores among
// them.
func (a attentionShape) backward() kernelCase {
	return kernelCase{
		kernel: "AttentionGrad", shape: a.String(),
		flops: 10 * float64(a.dim) * a.pairs(), bytes: 4 * (4*a.queries() + 4*a.keys()),
		build: func(b *bed) func() {
			p, mat := a.operands(b, true)
			out, q, k, v := mat(a.tq), mat(a.tq), mat(a.tk), mat(a.tk)
			dOut, dq, dk, dv := mat(a.tq), mat(a.tq), mat(a.tk), mat(a.tk)
			lse := b.zeros(a.batch*a.heads*a.tq, kernels.F32)
			if b.err == nil {
				b.dev.Attention(out, lse, q, k, v, p)
			}
			return func() { b.dev.AttentionGrad(dq, dk, dv, dOut, out, lse, q, k, v, p) }
		},
	}
}
