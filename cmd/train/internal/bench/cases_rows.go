package bench

import (
	"fmt"

	"huihai/kernels"
)

// rowsShape is a matrix of a step (many rows) or of decoding (one).
type rowsShape struct{ rows, cols int }

func (s rowsShape) String() string { return fmt.Sprintf("%dx%d", s.rows, s.cols) }

func (s rowsShape) len() int { return s.rows * s.cols }

// perElement makes a case that moves so many bytes for each element of a matrix.
func perElement(kernel string, s rowsShape, bytes float64, build func(b *bed) func()) kernelCase {
	return kernelCase{kernel: kernel, shape: s.String(), bytes: bytes * float64(s.len()), build: build}
}

// normCases are the kernels on the residual stream, and rotary on its heads.
func normCases() []kernelCase {
	var cases []kernelCase
	for _, s := range []rowsShape{{stepT, stepC}, {1, bigC}} {
		cases = append(cases, perElement("RMSNorm", s, 8, func(b *bed) func() {
			y, x, gain := b.mat(s.rows, s.cols), b.mat(s.rows, s.cols), b.floats(s.cols)
			rstd := b.zeros(s.rows, kernels.F32)
			return func() { b.dev.RMSNorm(y, rstd, x, gain, 1e-6) }
		}))
	}
	s := rowsShape{stepT, stepC}
	cases = append(cases, perElement("RMSNormGrad", s, 12, func(b *bed) func() {
		dx, dy, x := b.mat(s.rows, s.cols), b.mat(s.rows, s.cols), b.mat(s.rows, s.cols)
		gain, dGain, rstd := b.floats(s.cols), b.zeros(s.cols, kernels.F32), b.zeros(s.rows, kernels.F32)
		if b.err == nil {
			b.dev.RMSNorm(dx, rstd, x, gain, 1e-6)
		}
		return func() { b.dev.RMSNormGrad(dx, dGain, dy, x, gain, rstd) }
	}))
	for _, r := range []struct {
		rowsShape
		dim int
	}{{rowsShape{stepT, stepC}, stepD}, {rowsShape{1, bigC}, bigD}} {
		k := perElement("Rotary", r.rowsShape, 8, func(b *bed) func() {
			x, table := b.mat(r.rows, r.cols), b.values(kernels.RotaryTable(stepT, r.dim, 10000))
			positions := b.ints(r.rows, func(i int) int { return stepT - r.rows + i })
			return func() { b.dev.Rotary(x, table, positions, r.dim, false) }
		})
		k.shape += fmt.Sprintf(" D=%d", r.dim)
		k.bytes += 4 * float64(r.rows*r.dim) // the rows of the table
		cases = append(cases, k)
	}
	return cases
}

// elementCases are the kernels that treat elements alone, on the feed-forward
// activations, and those of the optimizer, on a matrix of weights.
func elementCases() []kernelCase {
	ffn, one, weights := rowsShape{stepT, stepF}, rowsShape{1, bigF}, rowsShape{bigC, bigC}
	var cases []kernelCase
	for _, s := range []rowsShape{ffn, one} {
		cases = append(cases, perElement("SwiGLU", s, 12, func(b *bed) func() {
			h, gate, up := b.mat(s.rows, s.cols), b.mat(s.rows, s.cols), b.mat(s.rows, s.cols)
			return func() { b.dev.SwiGLU(h, gate, up) }
		}), perElement("Add", s, 12, func(b *bed) func() {
			dst, x, y := b.floats(s.len()), b.floats(s.len()), b.floats(s.len())
			return func() { b.dev.Add(dst, x, y) }
		}))
	}
	return append(cases,
		perElement("SwiGLUGrad", ffn, 20, func(b *bed) func() {
			dGate, dUp, dh := b.mat(ffn.rows, ffn.cols), b.mat(ffn.rows, ffn.cols), b.mat(ffn.rows, ffn.cols)
			gate, up := b.mat(ffn.rows, ffn.cols), b.mat(ffn.rows, ffn.cols)
			return func() { b.dev.SwiGLUGrad(dGate, dUp, dh, gate, up) }
		}),
		perElement("Axpy", weights, 12, func(b *bed) func() {
			dst, src := b.floats(weights.len()), b.floats(weights.len())
			return func() { b.dev.Axpy(dst, 1e-3, src) }
		}),
		perElement("Scale", weights, 8, func(b *bed) func() {
			dst, src := b.floats(weights.len()), b.floats(weights.len())
			return func() { b.dev.Scale(dst, 0.5, src) }
		}),
		perElement("Zero", weights, 4, func(b *bed) func() {
			dst := b.floats(weights.len())
			return func() { b.dev.Zero(dst) }
		}),
		copyCase(weights, kernels.F32, kernels.F32),
		copyCase(weights, kernels.F32, kernels.BF16),
		copyCase(weights, kernels.BF16, kernels.F32),
		sumSquaresCase(weights),
		perElement("AdamW", weights, 28, func(b *bed) func() {
			p, g, m, v := b.floats(weights.len()), b.floats(weights.len()), b.floats(weights.len()), b.zeros(weights.len(), kernels.F32)
			a := kernels.AdamWArgs{LR: 1e-4, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Corr1: 1, Corr2: 1, GradScale: 1}
			return func() { b.dev.AdamW(p, g, m, v, a) }
		}),
	)
}

func sumSquaresCase(s rowsShape) kernelCase {
	k := perElement("SumSquares", s, 4, func(b *bed) func() {
		x := b.floats(s.len())
		return func() {
			if _, err := b.dev.SumSquares(x); err != nil {
				b.err = err
			}
		}
	})
	k.readOnly = true
	return k
}

// copyCase times a copy, which converts where the types differ.
func copyCase(s rowsShape, from, to kernels.DType) kernelCase {
	k := perElement("Copy", s, float64(from.Bytes(1)+to.Bytes(1)), func(b *bed) func() {
		src, dst := b.floats(s.len()), b.zeros(s.len(), to)
		if from == kernels.BF16 {
			src = b.half(s.rows, s.cols).Buf
		}
		return func() { b.dev.Copy(dst, src) }
	})
	k.shape += fmt.Sprintf(" %s to %s", from, to)
	return k
}

// tableCases look tokens up in the embedding table and add their gradients.
func tableCases() []kernelCase {
	var cases []kernelCase
	for _, vocab := range []int{stepV, bigV} {
		s := rowsShape{stepT, stepC}
		ids := func(b *bed) kernels.Buf {
			return b.ints(s.rows, func(i int) int { return (i*7919 + 5) % vocab })
		}
		look := perElement("Embedding", s, 8, func(b *bed) func() {
			y, table, rows := b.mat(s.rows, s.cols), b.mat(vocab, s.cols), ids(b)
			return func() { b.dev.Embedding(y, table, rows) }
		})
		grad := perElement("EmbeddingGrad", s, 12, func(b *bed) func() {
			dTable, dy, rows := b.zeros(vocab*s.cols, kernels.F32).Mat(vocab, s.cols), b.mat(s.rows, s.cols), ids(b)
			return func() { b.dev.EmbeddingGrad(dTable, dy, rows, -1) }
		})
		for _, k := range []kernelCase{look, grad} {
			k.shape += fmt.Sprintf(" V=%d", vocab)
			cases = append(cases, k)
		}
	}
	return cases
}
