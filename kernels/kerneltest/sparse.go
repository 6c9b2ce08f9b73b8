package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"huihai/kernels"
)

// sparseRun is a tensor that takes AdamW steps with gradients of a few rows,
// beside the same tensor with dense buffers. Moments of rows never seen are NaN
// in the sparse one, so that reading them would show.
type sparseRun struct {
	rows, cols    int
	src           source
	p, m, v       kernels.Mat
	dp, dm, dv    kernels.Buf // dense
	seen          []bool
	squares, want []float64 // sums of squares of each step, sparse and dense
}

func newSparseRun(b *bench, rows, cols, gap int) *sparseRun {
	n := rows * cols
	s := &sparseRun{rows: rows, cols: cols, src: newSource(uint64(n)), seen: make([]bool, rows)}
	start, zero, nan := s.src.normal(n), make([]float32, n), make([]float32, n)
	for i := range nan {
		nan[i] = float32(math.NaN())
	}
	s.p, s.m, s.v = b.mat("p", rows, cols, gap, start), b.mat("m", rows, cols, gap+1, nan), b.mat("v", rows, cols, gap+2, nan)
	s.dp, s.dm, s.dv = b.vec("dense p", start), b.vec("dense m", zero), b.vec("dense v", zero)
	return s
}

// step draws gradients for about one row in share, stores them in descending
// order of rows with an unused row on top, and updates both tensors.
func (s *sparseRun) step(b *bench, share int) {
	b.t.Helper()
	dense := make([]float32, s.rows*s.cols)
	var g kernels.SparseRows
	for r := range s.rows {
		if s.src.IntN(share) > 0 {
			continue
		}
		g.Row = append(g.Row, int32(r))
		copy(dense[r*s.cols:], s.src.normal(s.cols))
		if !s.seen[r] { // its moments begin at zero
			s.seen[r] = true
			b.dev.Zero(s.m.RowRange(r, r+1).Slice(0, s.cols))
			b.dev.Zero(s.v.RowRange(r, r+1).Slice(0, s.cols))
		}
	}
	values := make([]float32, (len(g.Row)+1)*s.cols)
	for i, r := range g.Row {
		slot := len(g.Row) - i
		g.Slot = append(g.Slot, int32(slot))
		copy(values[slot*s.cols:], dense[int(r)*s.cols:int(r+1)*s.cols])
	}
	g.Values = b.mat("gradient rows", len(g.Row)+1, s.cols, 3, values)
	grad := b.vec("gradient", dense)
	got, err1 := b.dev.SumSquaresRows(g)
	want, err2 := b.dev.SumSquares(grad)
	if err1 != nil || err2 != nil {
		b.t.Fatal(err1, err2)
	}
	s.squares, s.want = append(s.squares, got), append(s.want, want)
	a := kernels.AdamWArgs{LR: 0.01, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Corr1: 0.3, Corr2: 0.2, GradScale: 0.7}
	b.dev.AdamWRows(s.p, g, s.m, s.v, s.seen, a)
	b.dev.AdamW(s.dp, grad, s.dm, s.dv, a)
}

// testSparseRows: sums of squares and updates are those of the dense matrix, to
// the bit, and the moments of rows never seen are left alone.
func testSparseRows(t *testing.T, dev kernels.Device) {
	for _, c := range [][4]int{{1, 1, 0, 1}, {9, 5, 3, 2}, {200, 300, 0, 7}, {40, 2500, 1, 5}, {70, 64, 0, 1000}} {
		b := newBench(t, dev)
		s := newSparseRun(b, c[0], c[1], c[2])
		for step := range 3 {
			s.step(b, c[3])
			name := fmt.Sprintf(" %v, step %d", c, step)
			if s.squares[step] != s.want[step] {
				t.Errorf("sum of squares%s: %v, dense %v", name, s.squares[step], s.want[step])
			}
			same(t, "p"+name, b.getMat(s.p), b.get(s.dp))
			for what, pair := range map[string][2][]float32{"m": {b.getMat(s.m), b.get(s.dm)}, "v": {b.getMat(s.v), b.get(s.dv)}} {
				for r, seen := range s.seen {
					got, want := pair[0][r*s.cols:(r+1)*s.cols], pair[1][r*s.cols:(r+1)*s.cols]
					if seen {
						same(t, fmt.Sprintf("%s of row %d%s", what, r, name), got, want)
						continue
					}
					for _, x := range got {
						if x == x {
							t.Fatalf("%s of row %d%s was written though the row had no gradient yet", what, r, name)
						}
					}
				}
			}
		}
		b.done()
	}
}
