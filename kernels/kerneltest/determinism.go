package kerneltest

import (
	"fmt"
	"testing"

	"huihai/kernels"
)

// probe is a call whose outputs are compared bit for bit between devices.
type probe struct {
	name string
	run  func(b *bench) [][]float32
}

// probes covers every call that computes, on sizes that fill several units of
// work.
func probes() []probe {
	var all []probe
	for _, p := range append(products(), product{kind: "NT", m: 150, n: 300, k: 530}, product{kind: "TN", m: 200, n: 170, k: 300, acc: true}) {
		all = append(all, probe{p.String(), func(b *bench) [][]float32 {
			got, _ := p.run(b.t, b.dev)
			return [][]float32{got}
		}})
	}
	for _, a := range append(attentions(), attention{batch: 2, tq: 260, tk: 260, heads: 4, kvHeads: 2, dim: 64, alibi: true, segments: true},
		attention{batch: 1, tq: 700, tk: 800, heads: 2, kvHeads: 1, dim: 80}) {
		all = append(all, probe{"attention " + a.String(), func(b *bench) [][]float32 {
			d := a.place(b, a.operands(newSource(uint64(a.tk))))
			d.forward(b)
			d.backward(b)
			return [][]float32{b.getMat(d.out), b.get(d.lse), b.getMat(d.dq), b.getMat(d.dk), b.getMat(d.dv)}
		}})
	}
	for _, p := range append(lossProblems(), lossProblem{tokens: 300, hidden: 70, vocab: 333, gap: 1, ignored: 0.1, zWeight: 0.3}) {
		all = append(all, probe{fmt.Sprintf("head loss %+v", p), func(b *bench) [][]float32 { return p.outputs(b, []int{0, p.tokens}) }})
	}
	all = append(all, storedProbes()...)
	all = append(all, optimizerProbes()...)
	return append(all, rowProbes()...)
}

// outputs runs a loss problem with its tokens cut at the given places.
func (p lossProblem) outputs(b *bench, cuts []int) [][]float32 {
	d := p.data()
	w, dw := b.mat("W", p.vocab, p.hidden, 0, d.w), b.mat("DW", p.vocab, p.hidden, 0, d.dw)
	var nll, top, dh []float32
	for i := 1; i < len(cuts); i++ {
		a := p.args(b, d, w, dw, cuts[i-1], cuts[i])
		b.dev.HeadLoss(a)
		nll, top, dh = append(nll, b.get(a.NLL)...), append(top, b.get(a.MaxLogit)...), append(dh, b.getMat(a.DH)...)
	}
	return [][]float32{nll, top, dh, b.getMat(dw)}
}

func rowProbes() []probe {
	const rows, cols, dim = 70, 232, 58 // cols leave a rest of every vector
	mats := func(b *bench, n int) []kernels.Mat {
		src, ms := newSource(77), []kernels.Mat{}
		for i := range n {
			ms = append(ms, b.mat(fmt.Sprintf("m%d", i), rows, cols, i, src.normal(rows*cols)))
		}
		return ms
	}
	return []probe{
		{"RMSNorm", func(b *bench) [][]float32 {
			m, gain := mats(b, 4), b.vec("gain", newSource(1).normal(cols))
			rstd, dGain := b.vec("rstd", make([]float32, rows)), b.vec("dGain", newSource(2).normal(cols))
			b.dev.RMSNorm(m[1], rstd, m[0], gain, 1e-6)
			b.dev.RMSNormGrad(m[2], dGain, m[3], m[0], gain, rstd)
			return [][]float32{b.getMat(m[1]), b.get(rstd), b.getMat(m[2]), b.get(dGain)}
		}},
		{"RowNormalize", func(b *bench) [][]float32 {
			m, norms := mats(b, 5), b.vec("norms", make([]float32, rows))
			b.dev.RowNormalize(m[1], norms, m[0], 1e-12)
			b.dev.RowNormalizeGrad(m[2], m[3], m[0], norms, 1e-12, false)
			b.dev.RowNormalizeGrad(m[4], m[3], m[0], norms, 1e-12, true)
			return [][]float32{b.getMat(m[1]), b.get(norms), b.getMat(m[2]), b.getMat(m[4])}
		}},
		{"Rotary", func(b *bench) [][]float32 {
			m, pos := mats(b, 3), make([]int32, rows)
			for i := range pos {
				pos[i] = int32(i * 3)
			}
			table, p := b.vec("table", kernels.RotaryTable(3*rows, dim, 10000)), b.ints("positions", pos)
			b.dev.Rotary(m[0], table, p, dim, false)
			b.dev.Rotary(m[1], table, p, dim, true)
			// 8 x 29 columns: heads that no vector divides.
			b.dev.Rotary(m[2], b.vec("small table", kernels.RotaryTable(3*rows, 8, 10000)), p, 8, true)
			return [][]float32{b.getMat(m[0]), b.getMat(m[1]), b.getMat(m[2])}
		}},
		{"SwiGLU", func(b *bench) [][]float32 {
			m := mats(b, 6)
			b.dev.Scale(m[0].Buf.Slice(0, rows*cols), 9, m[0].Buf.Slice(0, rows*cols))
			b.dev.SwiGLU(m[2], m[0], m[1])
			b.dev.SwiGLUGrad(m[3], m[4], m[5], m[0], m[1])
			return [][]float32{b.getMat(m[2]), b.getMat(m[3]), b.getMat(m[4])}
		}},
		{"AdamW", func(b *bench) [][]float32 {
			const n = 100003
			src := newSource(3)
			p, g, m, v := b.vec("p", src.normal(n)), b.vec("g", src.normal(n)), b.vec("m", src.normal(n)), b.vec("v", make([]float32, n))
			a := kernels.AdamWArgs{LR: 3e-4, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Corr1: 0.1, Corr2: 0.05, GradScale: 0.5}
			b.dev.AdamW(p, g, m, v, a)
			b.dev.AdamW(p, g, m, v, a)
			return [][]float32{b.get(p), b.get(m), b.get(v)}
		}},
		{"AdamWRows", func(b *bench) [][]float32 {
			s := newSparseRun(b, 90, 1100, 3)
			for range 3 {
				s.step(b, 4)
			}
			return [][]float32{b.getMat(s.p), {float32(s.squares[2])}}
		}},
		{"EmbeddingGrad", func(b *bench) [][]float32 {
			m, ids := mats(b, 2), make([]int32, rows)
			for i := range ids {
				ids[i] = int32(i * i % 13)
			}
			b.dev.EmbeddingGrad(m[0], m[1], b.ints("ids", ids), -1)
			return [][]float32{b.getMat(m[0])}
		}},
		{"extremes", extremes},
	}
}

// extremes drives the exponentials through their whole range, with infinities
// and NaN, where paths are most likely to differ.
func extremes(b *bench) [][]float32 {
	var v []float32
	for i := range 4096 {
		v = append(v, float32(i-2048)/16)
	}
	n := len(v)
	ones := make([]float32, n)
	for i := range ones {
		ones[i] = 1 + float32(i%7)/8
	}
	gate, up := b.mat("gate", 1, n, 0, v), b.mat("up", 1, n, 0, ones)
	h, dg, du := b.mat("h", 1, n, 0, v), b.mat("dg", 1, n, 0, v), b.mat("du", 1, n, 0, v)
	b.dev.SwiGLU(h, gate, up)
	b.dev.SwiGLUGrad(dg, du, up, gate, up)
	x, z := b.vec("x", []float32{1e-30, -1e-38, 3e38, 1e-45, 0}), b.vec("z", make([]float32, 5))
	b.dev.Scale(z, 1e-5, x)
	return [][]float32{b.getMat(h), b.getMat(dg), b.getMat(du), b.get(z)}
}

// SameBits checks that devices give the bits of the first one for every call.
// The devices are closed afterwards.
func SameBits(t *testing.T, want kernels.Device, others ...kernels.Device) {
	defer closeDevice(t, want)
	for _, dev := range others {
		defer closeDevice(t, dev)
	}
	for _, p := range probes() {
		w := newBench(t, want)
		expected := p.run(w)
		w.done()
		for _, dev := range others {
			g := newBench(t, dev)
			for i, got := range p.run(g) {
				same(t, fmt.Sprintf("%s, output %d: %s against %s", p.name, i, dev.Name(), want.Name()), got, expected[i])
			}
			g.done()
		}
	}
}

// testThreads: the number of threads changes no bit.
func testThreads(t *testing.T, open func(threads int) kernels.Device) {
	SameBits(t, open(1), open(2), open(3), open(7))
}

// cuts splits n tokens into pieces of nearly equal size.
func cuts(n, pieces int) []int {
	at := make([]int, pieces+1)
	for i := range at {
		at[i] = i * n / pieces
	}
	return at
}

// testTokenSplit: sums over tokens continue exactly where the last piece
// stopped.
func testTokenSplit(t *testing.T, dev kernels.Device) {
	const tokens, m, n = 301, 45, 70
	b, src := newBench(t, dev), newSource(12)
	a, x := b.mat("a", tokens, m, 1, src.normal(tokens*m)), b.mat("x", tokens, n, 0, src.normal(tokens*n))
	y, gain := b.mat("y", tokens, n, 0, src.normal(tokens*n)), b.vec("gain", src.normal(n))
	start, startGain := src.normal(m*n), src.normal(n)
	rstd := b.vec("rstd", make([]float32, tokens))
	dev.RMSNorm(y, rstd, x, gain, 1e-6)
	ids := make([]int32, tokens)
	for i := range ids {
		ids[i] = int32(src.IntN(m))
	}
	at := b.ints("ids", ids)
	loss := lossProblem{tokens: 530, hidden: 24, vocab: 90, gap: 2, ignored: 0.15, zWeight: 0.1}
	run := func(pieces int) [][]float32 {
		dw, dTable := b.mat("dw", m, n, 3, start), b.mat("dTable", m, n, 3, start)
		dGain, dx := b.vec("dGain", startGain), b.mat("dx", tokens, n, 0, make([]float32, tokens*n))
		c := cuts(tokens, pieces)
		for i := range pieces {
			f, e := c[i], c[i+1]
			dev.MatMulTN(dw, a.RowRange(f, e), x.RowRange(f, e), true)
			dev.EmbeddingGrad(dTable, x.RowRange(f, e), at.Slice(f, e), 3)
			dev.RMSNormGrad(dx.RowRange(f, e), dGain, y.RowRange(f, e), x.RowRange(f, e), gain, rstd.Slice(f, e))
		}
		return append(loss.outputs(b, cuts(loss.tokens, pieces)), b.getMat(dw), b.getMat(dTable), b.get(dGain), b.getMat(dx))
	}
	want := run(1)
	for _, pieces := range []int{2, 4, 8} {
		for i, got := range run(pieces) {
			same(t, fmt.Sprintf("%d pieces, output %d", pieces, i), got, want[i])
		}
	}
	b.done()
}
