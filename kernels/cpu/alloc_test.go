package cpu

import (
	"testing"

	"huihai/kernels"
)

// fixture is a set of buffers for one small training step.
type fixture struct {
	t testing.TB
	d *Device
}

func (f fixture) buf(n int, typ kernels.DType) kernels.Buf {
	f.t.Helper()
	m, err := f.d.Alloc(typ.Bytes(n))
	if err != nil {
		f.t.Fatal(err)
	}
	return kernels.Buf{Mem: m, Len: n, Type: typ}
}

func (f fixture) mat(rows, cols int) kernels.Mat {
	b := f.buf(rows*cols, kernels.F32)
	v := make([]float32, rows*cols)
	for i := range v {
		v[i] = float32(i%17)/16 - 0.5
	}
	if err := kernels.Write(f.d, b, v); err != nil {
		f.t.Fatal(err)
	}
	return b.Mat(rows, cols)
}

// stored makes a matrix of any element type that products take.
func (f fixture) stored(rows, cols int, typ kernels.DType) kernels.Mat {
	f.t.Helper()
	if typ == kernels.F32 {
		return f.mat(rows, cols)
	}
	bytes := func(n int64) kernels.Buf {
		b := f.buf(int(n), kernels.U8)
		v := make([]byte, n)
		for i := range v {
			v[i] = byte(i*7%61 + 0x11)
		}
		if err := kernels.Write(f.d, b, v); err != nil {
			f.t.Fatal(err)
		}
		return b
	}
	b := bytes(typ.Bytes(rows * cols))
	b.Type, b.Len = typ, rows*cols
	m := b.Mat(rows, cols)
	switch typ {
	case kernels.I8:
		m.Scales = f.mat(1, rows).Buf
	case kernels.NF4:
		blocks := rows * cols / kernels.NF4Block
		m.Blocks = kernels.Blocks{Codes: bytes(int64(blocks)), Scales: f.mat(1, blocks/256+1).Buf, Offset: 0.5}
	}
	return m
}

// TestSteadyStateAllocatesNothing makes every computing call once as warm-up and
// then counts.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, path := range Paths() {
		for name, call := range steadyCalls(t, open(t, Options{Threads: 2, Path: path})) {
			if n := testing.AllocsPerRun(5, call); n != 0 {
				t.Errorf("%s, %s: %v allocations per call", path, name, n)
			}
		}
	}
}

func steadyCalls(t testing.TB, d *Device) map[string]func() {
	const rows, cols, vocab, heads = 64, 96, 200, 4
	f := fixture{t, d}
	x, y, z, w := f.mat(rows, cols), f.mat(rows, cols), f.mat(rows, cols), f.mat(vocab, cols)
	k, v, g1, g2 := f.mat(rows, cols), f.mat(rows, cols), f.mat(rows, cols), f.mat(rows, cols)
	dw, logits := f.mat(vocab, cols), f.mat(rows, vocab)
	half := f.buf(vocab*cols, kernels.BF16).Mat(vocab, cols)
	f8, f4 := f.stored(vocab, cols, kernels.I8), f.stored(vocab, 128, kernels.NF4)
	wideX, few := f.mat(rows, 128), f.mat(rows, vocab)
	gain, dGain, rstd := f.mat(1, cols).Buf, f.mat(1, cols).Buf, f.mat(1, rows).Buf
	norms, nll, top := f.mat(1, vocab).Buf, f.mat(1, rows).Buf, f.mat(1, rows).Buf
	ids, table := f.buf(rows, kernels.I32), f.mat(4, cols/heads).Buf
	p := kernels.AttentionParams{Batch: 2, Tq: rows / 2, Tk: rows / 2, Heads: heads, KVHeads: heads, HeadDim: cols / heads, Scale: 0.2,
		Slopes: f.mat(1, heads).Buf, Segments: f.buf(rows, kernels.I32)}
	lse := f.mat(1, rows*heads).Buf
	p.Scratch = f.buf(int(max(d.AttentionScratch(p, false), d.AttentionScratch(p, true))), kernels.U8)
	lossScratch := f.buf(int(d.HeadLossScratch(rows, cols, vocab, true)), kernels.U8)
	loss := kernels.HeadLossArgs{H: x, W: w, Labels: ids, NLL: nll, MaxLogit: top, DH: y, DW: dw, InvCount: 1, Scratch: lossScratch}
	adam := kernels.AdamWArgs{LR: 1e-3, Beta1: 0.9, Beta2: 0.9, Eps: 1e-8, Corr1: 1, Corr2: 1, GradScale: 1}
	m8 := kernels.Moment8{Codes: f.buf(rows*cols, kernels.U8), AbsMax: f.mat(1, rows*cols/kernels.Moment8Block).Buf}
	v8 := kernels.Moment8{Codes: f.buf(rows*cols, kernels.U8), AbsMax: f.mat(1, rows*cols/kernels.Moment8Block).Buf}
	lion := kernels.LionArgs{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, GradScale: 1}
	factor := kernels.AdafactorArgs{P: x, G: y, Row: f.buf(rows, kernels.F32), Col: f.buf(cols, kernels.F32), Rate: 0.5, LR: 1e-3, Rho: 1e-3, Eps1: 1e-7, Eps2: 1e-3, Clip: 1, GradScale: 1}
	return map[string]func(){
		"Zero":              func() { d.Zero(z.Buf) },
		"Copy":              func() { d.Copy(half.Buf, w.Buf) },
		"Add":               func() { d.Add(z.Buf, x.Buf, y.Buf) },
		"Axpy":              func() { d.Axpy(z.Buf, 0.1, x.Buf) },
		"Scale":             func() { d.Scale(z.Buf, 0.1, x.Buf) },
		"MatMulNT":          func() { d.MatMulNT(logits, x, w, false) },
		"MatMulNT bf16":     func() { d.MatMulNT(logits, x, half, false) },
		"MatMulNT int8 row": func() { d.MatMulNT(logits.RowRange(0, 1), x.RowRange(0, 1), f8, false) },
		"MatMulNT NF4 row":  func() { d.MatMulNT(few.RowRange(0, 1), wideX.RowRange(0, 1), f4, false) },
		"MatMulNT NF4":      func() { d.MatMulNT(few, wideX, f4, false) },
		"MatMulNT one row":  func() { d.MatMulNT(logits.RowRange(0, 1), x.RowRange(0, 1), w, false) },
		"MatMulNN":          func() { d.MatMulNN(z, logits, w, true) },
		"MatMulTN":          func() { d.MatMulTN(dw, logits, x, true) },
		"Embedding":         func() { d.Embedding(z, w, ids) },
		"EmbeddingGrad":     func() { d.EmbeddingGrad(dw, x, ids, -1) },
		"RMSNorm":           func() { d.RMSNorm(y, rstd, x, gain, 1e-6) },
		"RMSNormGrad":       func() { d.RMSNormGrad(z, dGain, y, x, gain, rstd) },
		"Rotary":            func() { d.Rotary(z, table, ids, cols/heads, false) },
		"Attention":         func() { d.Attention(y, lse, x, k, v, p) },
		"AttentionGrad":     func() { d.AttentionGrad(z, g1, g2, y, y, lse, x, k, v, p) },
		"SwiGLU":            func() { d.SwiGLU(z, x, y) },
		"SwiGLUGrad":        func() { d.SwiGLUGrad(g1, g2, z, x, y) },
		"RowNormalize":      func() { d.RowNormalize(dw, norms, w, 1e-12) },
		"RowNormalizeGrad":  func() { d.RowNormalizeGrad(dw, dw, w, norms, 1e-12, false) },
		"HeadLoss":          func() { d.HeadLoss(loss) },
		"AdamW":             func() { d.AdamW(x.Buf, y.Buf, z.Buf, k.Buf, adam) },
		"AdamW8":            func() { d.AdamW8(x.Buf, y.Buf, m8, v8, adam) },
		"Lion":              func() { d.Lion(x.Buf, y.Buf, z.Buf, lion) },
		"Adafactor":         func() { d.Adafactor(factor) },
		"SumSquares": func() {
			if _, err := d.SumSquares(x.Buf); err != nil {
				t.Error(err)
			}
		},
	}
}
