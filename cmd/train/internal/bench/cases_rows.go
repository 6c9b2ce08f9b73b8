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

// rotaryShape is rows of heads of one size.
type rotaryShape struct {
	rowsShape
	dim int
}

// normCases are the kernels on the residual stream, and rotary on its heads.
func normCases() []kernelCase {
	var cases []kernelCase
	for _, s := range []rowsShape{{stepT, stepC}, {bigT, bigC}, {1, bigC}} {
		cases = append(cases, normCase(s))
	}
	for _, s := range []rowsShape{{stepT, stepC}, {bigT, bigC}} {
		cases = append(cases, normGradCase(s))
	}
	for _, s := range []rotaryShape{
		{rowsShape{stepT, stepC}, stepD}, {rowsShape{stepT, 2 * stepC}, stepD}, {rowsShape{bigT, bigC}, bigD}, {rowsShape{1, bigC}, bigD},
	} {
		cases = append(cases, rotaryCase(s))
	}
	return cases
}

func normCase(s rowsShape) kernelCase {
	return perElement("RMSNorm", s, 8, func(b *bed) func() {
		y, x, gain := b.mat(s.rows, s.cols), b.mat(s.rows, s.cols), b.floats(s.cols)
		rstd := b.zeros(s.rows, kernels.F32)
		return func() { b.dev.RMSNorm(y, rstd, x, gain, 1e-6) }
	})
}

func normGradCase(s rowsShape) kernelCase {
	return perElement("RMSNormGrad", s, 12, func(b *bed) func() {
		dx, dy, x := b.mat(s.rows, s.cols), b.mat(s.rows, s.cols), b.mat(s.rows, s.cols)
		gain, dGain, rstd := b.floats(s.cols), b.zeros(s.cols, kernels.F32), b.zeros(s.rows, kernels.F32)
		if b.err == nil {
			b.dev.RMSNorm(dx, rstd, x, gain, 1e-6)
		}
		return func() { b.dev.RMSNormGrad(dx, dGain, dy, x, gain, rstd) }
	})
}

func rotaryCase(s rotaryShape) kernelCase {
	maxPos := max(stepT, s.rows)
	k := perElement("Rotary", s.rowsShape, 8, func(b *bed) func() {
		x, table := b.mat(s.rows, s.cols), b.values(kernels.RotaryTable(maxPos, s.dim, 10000))
		positions := b.ints(s.rows, func(i int) int { return maxPos - s.rows + i })
		return func() { b.dev.Rotary(x, table, positions, s.dim, false) }
	})
	k.shape += fmt.Sprintf(" D=%d", s.dim)
	k.bytes += 4 * float64(s.rows*s.dim) // the rows of the table
	return k
}

// elementCases are the kernels that treat elements alone, on the feed-forward
// activations, and those of the optimizer, on a matrix of weights.
func elementCases() []kernelCase {
	ffn, large, one, weights := rowsShape{stepT, stepF}, rowsShape{bigT, bigC}, rowsShape{1, bigF}, rowsShape{bigC, bigC}
	var cases []kernelCase
	for _, s := range []rowsShape{ffn, large, one} {
		cases = append(cases, perElement("SwiGLU", s, 12, func(b *bed) func() {
			h, gate, up := b.mat(s.rows, s.cols), b.mat(s.rows, s.cols), b.mat(s.rows, s.cols)
			return func() { b.dev.SwiGLU(h, gate, up) }
		}), perElement("Add", s, 12, func(b *bed) func() {
			dst, x, y := b.floats(s.len()), b.floats(s.len()), b.floats(s.len())
			return func() { b.dev.Add(dst, x, y) }
		}))
	}
	for _, s := range []rowsShape{ffn, large} {
		cases = append(cases, perElement("SwiGLUGrad", s, 20, func(b *bed) func() {
			dGate, dUp, dh := b.mat(s.rows, s.cols), b.mat(s.rows, s.cols), b.mat(s.rows, s.cols)
			gate, up := b.mat(s.rows, s.cols), b.mat(s.rows, s.cols)
			return func() { b.dev.SwiGLUGrad(dGate, dUp, dh, gate, up) }
		}))
	}
	larger := rowsShape{2 * bigT, bigC} // for those of a single array
	cases = append(cases, optimizerCases(weights)...)
	return append(append(cases, vectorCases(larger)...),
		sumSquaresCase(larger),
		perElement("AdamW", weights, 28, func(b *bed) func() {
			p, g, m, v := b.floats(weights.len()), b.floats(weights.len()), b.floats(weights.len()), b.zeros(weights.len(), kernels.F32)
			a := kernels.AdamWArgs{LR: 1e-4, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Corr1: 1, Corr2: 1, GradScale: 1}
			return func() { b.dev.AdamW(p, g, m, v, a) }
		}),
	)
}

// optimizerCases are the updates of the optimizers beside AdamW.
func optimizerCases(s rowsShape) []kernelCase {
	moment := func(b *bed) kernels.Moment8 {
		return kernels.Moment8{Codes: b.zeros(s.len(), kernels.U8), AbsMax: b.zeros((s.len()+255)/256, kernels.F32)}
	}
	return []kernelCase{
		perElement("AdamW8", s, 16, func(b *bed) func() {
			p, g, m, v := b.floats(s.len()), b.floats(s.len()), moment(b), moment(b)
			a := kernels.AdamWArgs{LR: 1e-4, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Corr1: 1, Corr2: 1, GradScale: 1}
			return func() { b.dev.AdamW8(p, g, m, v, a) }
		}),
		perElement("Lion", s, 20, func(b *bed) func() {
			p, g, m := b.floats(s.len()), b.floats(s.len()), b.zeros(s.len(), kernels.F32)
			a := kernels.LionArgs{LR: 1e-4, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1, GradScale: 1}
			return func() { b.dev.Lion(p, g, m, a) }
		}),
		perElement("Adafactor", s, 16, func(b *bed) func() {
			a := kernels.AdafactorArgs{
				P: b.mat(s.rows, s.cols), G: b.mat(s.rows, s.cols), Row: b.zeros(s.rows, kernels.F32), Col: b.zeros(s.cols, kernels.F32),
				Rate: 0.5, LR: 1e-3, Rho: 1e-3, Eps1: 1e-30, Eps2: 1e-3, Clip: 1, GradScale: 1,
			}
			return func() { b.dev.Adafactor(a) }
		}),
	}
}

// vectorCases are the kernels without arithmetic to speak of.
func vectorCases(s rowsShape) []kernelCase {
	return []kernelCase{
		perElement("Axpy", s, 12, func(b *bed) func() {
			dst, src := b.floats(s.len()), b.floats(s.len())
			return func() { b.dev.Axpy(dst, 1e-3, src) }
		}),
		perElement("Scale", s, 8, func(b *bed) func() {
			dst, src := b.floats(s.len()), b.floats(s.len())
			return func() { b.dev.Scale(dst, 0.5, src) }
		}),
		perElement("Zero", s, 4, func(b *bed) func() {
			dst := b.floats(s.len())
			return func() { b.dev.Zero(dst) }
		}),
		copyCase(s, kernels.F32, kernels.F32),
		copyCase(s, kernels.F32, kernels.BF16),
		copyCase(s, kernels.BF16, kernels.F32),
	}
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
	for _, t := range []struct {
		rowsShape
		vocab int
	}{{rowsShape{stepT, stepC}, stepV}, {rowsShape{stepT, stepC}, bigV}, {rowsShape{bigT, bigC}, 2 * stepV}} {
		s, vocab := t.rowsShape, t.vocab
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
