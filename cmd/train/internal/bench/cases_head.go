package bench

import (
	"fmt"
	"math"

	"huihai/kernels"
)

// headCases are the head with its loss, forward and with gradients, and the row
// normalisation of its weights (NormHead).
func headCases() []kernelCase {
	var cases []kernelCase
	for _, s := range []struct{ tokens, vocab int }{{stepT, stepV}, {256, bigV}} {
		cases = append(cases, headLossCase(s.tokens, s.vocab, false), headLossCase(s.tokens, s.vocab, true))
	}
	for _, vocab := range []int{stepV, bigV} {
		n := float64(vocab) * stepC
		shape := fmt.Sprintf("%dx%d", vocab, stepC)
		cases = append(cases, kernelCase{kernel: "RowNormalize", shape: shape, bytes: 8 * n, build: func(b *bed) func() {
			y, x, norms := b.mat(vocab, stepC), b.mat(vocab, stepC), b.zeros(vocab, kernels.F32)
			return func() { b.dev.RowNormalize(y, norms, x, 1e-12) }
		}}, kernelCase{kernel: "RowNormalizeGrad", shape: shape, bytes: 12 * n, build: func(b *bed) func() {
			dx, dy, y, x, norms := b.mat(vocab, stepC), b.mat(vocab, stepC), b.mat(vocab, stepC), b.mat(vocab, stepC), b.zeros(vocab, kernels.F32)
			if b.err == nil {
				b.dev.RowNormalize(y, norms, x, 1e-12)
			}
			return func() { b.dev.RowNormalizeGrad(dx, dy, x, norms, 1e-12, false) }
		}})
	}
	return cases
}

// headLossCase counts one product for the logits and two for the gradients.
func headLossCase(tokens, vocab int, grad bool) kernelCase {
	shape := fmt.Sprintf("T=%d C=%d V=%d", tokens, stepC, vocab)
	flops := 2 * float64(tokens) * float64(vocab) * stepC
	bytes := 4 * stepC * float64(tokens+vocab)
	if grad {
		// DH is written, DW read and written.
		shape, flops, bytes = shape+" grad", 3*flops, bytes+4*stepC*float64(tokens+2*vocab)
	}
	return kernelCase{kernel: "HeadLoss", shape: shape, flops: flops, bytes: bytes, build: func(b *bed) func() {
		a := kernels.HeadLossArgs{
			H: b.mat(tokens, stepC), W: b.mat(vocab, stepC),
			Labels: b.ints(tokens, func(i int) int { return (i*7919 + 5) % vocab }),
			NLL:    b.zeros(tokens, kernels.F32), MaxLogit: b.zeros(tokens, kernels.F32),
			InvCount: 1 / float32(tokens), ZWeight: 2e-4,
			Scratch: b.scratch(b.dev.HeadLossScratch(tokens, stepC, vocab, grad)),
		}
		if grad {
			a.DH, a.DW = b.mat(tokens, stepC), b.zeros(vocab*stepC, kernels.F32).Mat(vocab, stepC)
		}
		if b.err == nil {
			// Rows of W get a length near one, as NormHead makes them.
			b.dev.Scale(a.W.Buf, float32(math.Sqrt(3.0/stepC)), a.W.Buf)
		}
		return func() { b.dev.HeadLoss(a) }
	}}
}
