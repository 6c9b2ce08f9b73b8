package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"huihai/kernels"
)

// lossProblem is one call of HeadLoss.
type lossProblem struct {
	tokens, hidden, vocab, gap int
	ignored                    float64 // share of tokens without a label
	zWeight                    float32
}

func lossProblems() []lossProblem {
	return []lossProblem{
		{1, 1, 1, 0, 0, 0}, {1, 8, 5, 0, 0, 0.1}, {7, 9, 33, 3, 0.3, 0.05}, {20, 16, 50, 0, 0.5, 0},
		{6, 5, 40, 1, 1, 0.1}, {0, 5, 40, 0, 0, 0},
	}
}

type lossData struct {
	h, w, dw []float32
	labels   []int32
}

func (p lossProblem) data() lossData {
	src := newSource(uint64(p.tokens*31 + p.vocab))
	d := lossData{h: src.normal(p.tokens * p.hidden), w: src.normal(p.vocab * p.hidden), dw: src.normal(p.vocab * p.hidden)}
	for range p.tokens {
		label := int32(src.IntN(p.vocab))
		if src.Float64() < p.ignored {
			label = kernels.IgnoreLabel
		}
		d.labels = append(d.labels, label)
	}
	return d
}

// args places tokens [from, to) of a problem on a device; w and dw are shared.
func (p lossProblem) args(b *bench, d lossData, w, dw kernels.Mat, from, to int) kernels.HeadLossArgs {
	n := to - from
	h := d.h[from*p.hidden : to*p.hidden]
	return kernels.HeadLossArgs{H: b.mat("H", n, p.hidden, p.gap, h), W: w, Labels: b.ints("labels", d.labels[from:to]),
		NLL: b.vec("NLL", make([]float32, n)), MaxLogit: b.vec("MaxLogit", make([]float32, n)),
		DH: b.mat("DH", n, p.hidden, p.gap+1, h), DW: dw, InvCount: 0.125, ZWeight: p.zWeight,
		Scratch: b.scratch(b.dev.HeadLossScratch(n, p.hidden, p.vocab, true))}
}

func testHeadLoss(t *testing.T, dev kernels.Device) {
	for _, p := range lossProblems() {
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			b, d := newBench(t, dev), p.data()
			w, dw := b.mat("W", p.vocab, p.hidden, p.gap, d.w), b.mat("DW", p.vocab, p.hidden, p.gap+2, d.dw)
			a := p.args(b, d, w, dw, 0, p.tokens)
			dev.HeadLoss(a)
			hw, ww := wide(d.h), wide(d.w)
			nll, top, _ := refHeadLoss(hw, ww, d.labels, p.hidden, p.vocab, 0.125, float64(p.zWeight))
			near(t, "NLL", b.get(a.NLL), nll, 2e-6)
			near(t, "MaxLogit", b.get(a.MaxLogit), top, 2e-6)
			loss := func() float64 {
				_, _, l := refHeadLoss(hw, ww, d.labels, p.hidden, p.vocab, 0.125, float64(p.zWeight))
				return l
			}
			wantDW := slope(ww, loss)
			for i := range wantDW {
				wantDW[i] += float64(d.dw[i])
			}
			near(t, "DH", b.getMat(a.DH), slope(hw, loss), 5e-6)
			near(t, "DW", b.getMat(dw), wantDW, 5e-6)

			frozen := p.args(b, d, w, kernels.Mat{}, 0, p.tokens)
			dev.HeadLoss(frozen)
			same(t, "DH with a frozen head", b.getMat(frozen.DH), b.getMat(a.DH))
			forward := p.args(b, d, w, kernels.Mat{}, 0, p.tokens)
			forward.DH = kernels.Mat{}
			forward.Scratch = b.scratch(dev.HeadLossScratch(p.tokens, p.hidden, p.vocab, false))
			dev.HeadLoss(forward)
			same(t, "NLL, forward only", b.get(forward.NLL), b.get(a.NLL))
			same(t, "MaxLogit, forward only", b.get(forward.MaxLogit), b.get(a.MaxLogit))
			b.done()
		})
	}
	testHeadLossNorms(t, dev)
	testHeadLossBig(t, dev)
	testHeadLossTies(t, dev)
}

// testHeadLossNorms: rows divided as they are read give the bits of a stored
// copy, a row shorter than eps among them.
func testHeadLossNorms(t *testing.T, dev kernels.Device) {
	const eps = 0.02
	for _, p := range append(lossProblems(), lossProblem{tokens: 270, hidden: 301, vocab: 2100, gap: 1, ignored: 0.1, zWeight: 0.1}) {
		t.Run(fmt.Sprintf("norms %+v", p), func(t *testing.T) {
			b, d := newBench(t, dev), p.data()
			for i := range p.hidden {
				d.w[(p.vocab-1)*p.hidden+i] *= 1e-4
			}
			w, y := b.mat("W", p.vocab, p.hidden, p.gap, d.w), b.mat("Y", p.vocab, p.hidden, 0, d.w)
			norms, alone := b.vec("norms", make([]float32, p.vocab)), b.vec("norms alone", make([]float32, p.vocab))
			dev.RowNormalize(y, norms, w, eps)
			dev.RowNormalize(kernels.Mat{}, alone, w, eps)
			same(t, "norms without rows", b.get(alone), b.get(norms))
			dw, dy := b.mat("DW", p.vocab, p.hidden, 2, d.dw), b.mat("DY", p.vocab, p.hidden, 0, d.dw)
			stored, divided := p.args(b, d, y, dy, 0, p.tokens), p.args(b, d, w, dw, 0, p.tokens)
			divided.Norms, divided.Eps = norms, eps
			dev.HeadLoss(stored)
			dev.HeadLoss(divided)
			same(t, "NLL", b.get(divided.NLL), b.get(stored.NLL))
			same(t, "MaxLogit", b.get(divided.MaxLogit), b.get(stored.MaxLogit))
			same(t, "DH", b.getMat(divided.DH), b.getMat(stored.DH))
			same(t, "DW", b.getMat(dw), b.getMat(dy))
			b.done()
		})
	}
}

// testHeadLossBig checks many chunks against float64 with the analytic
// derivative on a few elements, and that scratch stays bounded.
func testHeadLossBig(t *testing.T, dev kernels.Device) {
	if s := dev.HeadLossScratch(1<<20, 512, 125696, true); s > 96<<20 {
		t.Errorf("HeadLossScratch of a million tokens is %d MiB", s>>20)
	}
	p := lossProblem{tokens: 600, hidden: 12, vocab: 70, ignored: 0.2, zWeight: 0.01}
	b, d := newBench(t, dev), p.data()
	w, dw := b.mat("W", p.vocab, p.hidden, 0, d.w), b.mat("DW", p.vocab, p.hidden, 0, d.dw)
	a := p.args(b, d, w, dw, 0, p.tokens)
	dev.HeadLoss(a)
	hw, ww := wide(d.h), wide(d.w)
	nll, _, _ := refHeadLoss(hw, ww, d.labels, p.hidden, p.vocab, 0.125, 0.01)
	near(t, "NLL of many chunks", b.get(a.NLL), nll, 2e-6)
	got := b.getMat(dw)
	loss := func() float64 {
		_, _, l := refHeadLoss(hw, ww, d.labels, p.hidden, p.vocab, 0.125, 0.01)
		return l
	}
	for _, i := range []int{0, 5, 130, 839} {
		want := slope(ww[i:i+1], loss)[0] + float64(d.dw[i])
		if math.Abs(float64(got[i])-want) > 1e-4 {
			t.Errorf("DW of many chunks, element %d: %g, want %g", i, got[i], want)
		}
	}
	b.done()
}

// testHeadLossTies: the first of several equal logits carries the max-z term.
func testHeadLossTies(t *testing.T, dev kernels.Device) {
	b := newBench(t, dev)
	const vocab = 40
	w := make([]float32, vocab)
	for v := range w {
		w[v] = -1
	}
	w[9], w[21], w[37] = 2, 2, 2
	m := b.mat("W", vocab, 1, 0, w)
	a := kernels.HeadLossArgs{H: b.mat("H", 1, 1, 0, []float32{1}), W: m, Labels: b.ints("labels", []int32{0}),
		NLL: b.vec("NLL", []float32{0}), MaxLogit: b.vec("MaxLogit", []float32{0}), DH: b.mat("DH", 1, 1, 0, []float32{0}),
		DW: b.mat("DW", vocab, 1, 0, make([]float32, vocab)), InvCount: 1, ZWeight: 0.25,
		Scratch: b.scratch(dev.HeadLossScratch(1, 1, vocab, true))}
	dev.HeadLoss(a)
	dw := b.getMat(a.DW)
	if !(dw[9] > 1) || dw[21] != dw[37] || dw[21] > 0.5 {
		t.Errorf("tied maxima: DW[9], [21], [37] = %g, %g, %g; only the first may carry the max-z term", dw[9], dw[21], dw[37])
	}
	b.done()
}
