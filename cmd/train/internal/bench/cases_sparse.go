package bench

import (
	"fmt"

	"huihai/kernels"
)

// sparseCases are the norm and the update of an embedding whose gradient is kept
// by row: one row in four has one in this step and half of them had one before.
func sparseCases() []kernelCase {
	s := rowsShape{stepV, stepC}
	gradient := func(b *bed) kernels.SparseRows {
		g := kernels.SparseRows{Values: b.mat(s.rows/4, s.cols)}
		for i := range s.rows / 4 {
			g.Row, g.Slot = append(g.Row, int32(4*i)), append(g.Slot, int32(i))
		}
		return g
	}
	squares := perElement("SumSquaresRows", s, 1, func(b *bed) func() {
		g := gradient(b)
		return func() {
			if _, err := b.dev.SumSquaresRows(g); err != nil {
				b.err = err
			}
		}
	})
	squares.readOnly = true
	// Weights are read and written, gradients of a quarter read, moments of half
	// read and written.
	update := perElement("AdamWRows", s, 8+1+8, func(b *bed) func() {
		p, g, m := b.mat(s.rows, s.cols), gradient(b), b.mat(s.rows, s.cols)
		v := b.zeros(s.len(), kernels.F32).Mat(s.rows, s.cols)
		seen := make([]bool, s.rows)
		for r := range seen {
			seen[r] = r%2 == 0
		}
		a := kernels.AdamWArgs{LR: 1e-4, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Corr1: 1, Corr2: 1, GradScale: 1}
		return func() { b.dev.AdamWRows(p, g, m, v, seen, a) }
	})
	cases := []kernelCase{squares, update}
	for i := range cases {
		cases[i].shape += fmt.Sprintf(" rows=%d", s.rows/4)
	}
	return cases
}
