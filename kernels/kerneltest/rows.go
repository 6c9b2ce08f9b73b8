package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"huihai/kernels"
)

// rowShapes are rows, columns and the gap between rows.
var rowShapes = [][3]int{{1, 1, 0}, {2, 17, 3}, {5, 48, 0}, {7, 100, 9}, {40, 129, 1}}

func testRMSNorm(t *testing.T, dev kernels.Device) {
	const eps = 0.5
	for _, s := range rowShapes {
		rows, cols, gap := s[0], s[1], s[2]
		name := fmt.Sprintf(" %v", s)
		b, src := newBench(t, dev), newSource(4)
		xv, gv, dyv, dg0 := src.normal(rows*cols), src.normal(cols), src.normal(rows*cols), src.normal(cols)
		x, gain := b.mat("x", rows, cols, gap, xv), b.vec("gain", gv)
		y, rstd := b.mat("y", rows, cols, gap+1, dyv), b.vec("rstd", make([]float32, rows))
		dev.RMSNorm(y, rstd, x, gain, eps)
		xw, gw, dyw := wide(xv), wide(gv), wide(dyv)
		wantY, wantR := refRMSNorm(xw, gw, rows, cols, eps)
		near(t, "y"+name, b.getMat(y), wantY, 1e-6)
		near(t, "rstd"+name, b.get(rstd), wantR, 1e-6)
		y2 := b.mat("y without rstd", rows, cols, 0, dyv)
		dev.RMSNorm(y2, kernels.Buf{}, x, gain, eps)
		same(t, "y without rstd"+name, b.getMat(y2), b.getMat(y))

		loss := func() float64 { out, _ := refRMSNorm(xw, gw, rows, cols, eps); return dot(out, dyw) }
		dx, dGain := b.mat("dx", rows, cols, gap, dyv), b.vec("dGain", dg0)
		dy := b.mat("dy", rows, cols, gap+2, dyv)
		dev.RMSNormGrad(dx, dGain, dy, x, gain, rstd)
		wantDx, wantDg := slope(xw, loss), slope(gw, loss)
		for c := range wantDg {
			wantDg[c] += float64(dg0[c])
		}
		near(t, "dx"+name, b.getMat(dx), wantDx, 5e-6)
		near(t, "dGain"+name, b.get(dGain), wantDg, 5e-6)
		exactNorm(t, "rstd"+name, b.get(rstd), xv, rows, cols, func(ss float32) float32 {
			return 1 / kernels.Sqrt32(ss/float32(cols)+eps)
		})
		got, gotGain := b.getMat(dx), b.get(dGain)
		frozen := b.mat("dx, frozen gain", rows, cols, 0, dyv)
		dev.RMSNormGrad(frozen, kernels.Buf{}, dy, x, gain, rstd)
		same(t, "dx with a frozen gain"+name, b.getMat(frozen), got)
		again := b.vec("dGain again", dg0)
		dev.RMSNormGrad(dy, again, dy, x, gain, rstd)
		same(t, "dx in place"+name, b.getMat(dy), got)
		same(t, "dGain in place"+name, b.get(again), gotGain)
		b.done()
	}
}

// exactNorm holds a value per row to the lane order of the contract: f of the sum
// of squares.
func exactNorm(t *testing.T, what string, got, x []float32, rows, cols int, f func(ss float32) float32) {
	t.Helper()
	want := make([]float32, rows)
	for r := range want {
		var lanes [kernels.Lanes]float32
		for c, v := range x[r*cols : (r+1)*cols] {
			lanes[c%kernels.Lanes] = kernels.FMA32(v, v, lanes[c%kernels.Lanes])
		}
		want[r] = f(kernels.Tree16(&lanes))
	}
	same(t, what, got, want)
}

func testRowNormalize(t *testing.T, dev kernels.Device) {
	const eps = 1e-2
	for _, s := range rowShapes {
		rows, cols, gap := s[0], s[1], s[2]
		name := fmt.Sprintf(" %v", s)
		b, src := newBench(t, dev), newSource(5)
		xv, dyv, old := src.normal(rows*cols), src.normal(rows*cols), src.normal(rows*cols)
		for c := range cols { // a row shorter than eps
			xv[(rows-1)*cols+c] *= 1e-4
		}
		x := b.mat("x", rows, cols, gap, xv)
		y, norms := b.mat("y", rows, cols, gap+1, dyv), b.vec("norms", make([]float32, rows))
		dev.RowNormalize(y, norms, x, eps)
		xw, dyw := wide(xv), wide(dyv)
		wantY, wantN := refRowNormalize(xw, rows, cols, eps)
		near(t, "y"+name, b.getMat(y), wantY, 1e-6)
		near(t, "norms"+name, b.get(norms), wantN, 1e-6)
		exactNorm(t, "norms"+name, b.get(norms), xv, rows, cols, kernels.Sqrt32)

		loss := func() float64 { out, _ := refRowNormalize(xw, rows, cols, eps); return dot(out, dyw) }
		want := slope(xw, loss)
		dx, dy := b.mat("dx", rows, cols, gap, old), b.mat("dy", rows, cols, gap+2, dyv)
		dev.RowNormalizeGrad(dx, dy, x, norms, eps, false)
		near(t, "dx"+name, b.getMat(dx), want, 5e-6)
		got := b.getMat(dx)
		acc := b.mat("dx accumulated", rows, cols, 0, old)
		dev.RowNormalizeGrad(acc, dy, x, norms, eps, true)
		sum := make([]float32, len(got))
		for i := range sum {
			sum[i] = old[i] + got[i]
		}
		same(t, "dx accumulated"+name, b.getMat(acc), sum)
		dev.RowNormalizeGrad(dy, dy, x, norms, eps, false)
		same(t, "dx in place"+name, b.getMat(dy), got)
		b.done()
	}
}

func testRotary(t *testing.T, dev kernels.Device) {
	const maxPos = 50
	for _, s := range [][4]int{{1, 1, 8, 0}, {5, 3, 16, 7}, {9, 2, 40, 0}, {4, 5, 128, 3}, {3, 2, 6, 1}, {2, 3, 72, 0}, {3, 1, 112, 2}} {
		rows, heads, dim, gap := s[0], s[1], s[2], s[3]
		cols := heads * dim
		b, src := newBench(t, dev), newSource(6)
		xv := src.normal(rows * cols)
		positions := make([]int32, rows)
		for r := range positions {
			positions[r] = int32(src.IntN(maxPos))
		}
		positions[0] = maxPos - 1
		x := b.mat("x", rows, cols, gap, xv)
		table, pos := b.vec("table", kernels.RotaryTable(maxPos, dim, 10000)), b.ints("positions", positions)
		dev.Rotary(x, table, pos, dim, false)
		near(t, fmt.Sprintf("rotary %v", s), b.getMat(x), refRotary(wide(xv), positions, rows, cols, dim, 10000, false), 1e-6)
		dev.Rotary(x, table, pos, dim, true)
		near(t, fmt.Sprintf("rotary back %v", s), b.getMat(x), wide(xv), 1e-6)
		b.done()
	}
	b := newBench(t, dev)
	x := b.mat("x", 2, 8, 0, newSource(1).normal(16))
	dev.Rotary(x, b.vec("table", kernels.RotaryTable(4, 8, 10000)), b.ints("positions", []int32{4, -1}), 8, false)
	for i, v := range b.getMat(x) {
		if !math.IsNaN(float64(v)) {
			t.Errorf("position outside the table: element %d is %g, want NaN", i, v)
		}
	}
	b.done()
}

func testEmbedding(t *testing.T, dev kernels.Device) {
	for _, s := range [][4]int{{1, 1, 1, 0}, {9, 5, 17, 3}, {30, 4, 200, 0}, {12, 7, 192, 5}} {
		tokens, vocab, cols, gap := s[0], s[1], s[2], s[3]
		b, src := newBench(t, dev), newSource(8)
		table, dy, acc := src.normal(vocab*cols), src.normal(tokens*cols), src.normal(vocab*cols)
		ids := make([]int32, tokens)
		for i := range ids {
			ids[i] = int32(src.IntN(vocab))
		}
		if tokens > 3 {
			ids[2], ids[3] = -1, int32(vocab)
		}
		at := b.ints("ids", ids)
		y := b.mat("y", tokens, cols, gap, dy)
		gather := func(v []float32) []float32 {
			w := make([]float32, tokens*cols)
			for i, id := range ids {
				if id >= 0 && int(id) < vocab {
					copy(w[i*cols:(i+1)*cols], v[int(id)*cols:])
				}
			}
			return w
		}
		dev.Embedding(y, b.mat("table", vocab, cols, gap, table), at)
		same(t, "y", b.getMat(y), gather(table))
		for _, typ := range storedTypes {
			if typ == kernels.NF4 && cols%kernels.NF4Block != 0 {
				continue
			}
			w, kept := b.storedMat("stored", vocab, cols, gap, table, typ)
			dev.Embedding(y, w, at)
			same(t, fmt.Sprintf("y from %v", typ), b.getMat(y), gather(kept))
		}
		for _, pad := range []int{-1, 0} {
			d := b.mat("dTable", vocab, cols, gap, acc)
			dev.EmbeddingGrad(d, b.mat("dy", tokens, cols, gap+1, dy), at, pad)
			want := append([]float32(nil), acc...)
			for i, id := range ids {
				if id < 0 || int(id) >= vocab || int(id) == pad {
					continue
				}
				for c := range cols {
					want[int(id)*cols+c] += dy[i*cols+c]
				}
			}
			same(t, fmt.Sprintf("dTable pad %d", pad), b.getMat(d), want)
		}
		b.done()
	}
}
