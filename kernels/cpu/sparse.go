package cpu

import (
	"slices"

	"huihai/kernels"
)

// checkRows panics unless the rows ascend and lie in their matrices.
func checkRows(x kernels.SparseRows, rows int) {
	if len(x.Row) != len(x.Slot) {
		panic("cpu: sparse rows: a slot is needed for every row")
	}
	for i, r := range x.Row {
		if i > 0 && r <= x.Row[i-1] || r < 0 || rows >= 0 && int(r) >= rows {
			panic("cpu: sparse rows: rows must ascend and lie in the matrix")
		}
		if s := int(x.Slot[i]); s < 0 || s >= x.Values.Rows {
			panic("cpu: sparse rows: a slot lies outside the stored rows")
		}
	}
}

// SumSquaresRows implements [kernels.Device]. Blocks that no stored row reaches
// add zero, which changes nothing, so only the others are put together.
func (d *Device) SumSquaresRows(x kernels.SparseRows) (float64, error) {
	checkRows(x, -1)
	values, cols := matF32(x.Values), x.Values.Cols
	b := &d.tasks.squares.block
	total, at := 0.0, -1
	flush := func() {
		if at >= 0 {
			total += d.isa.sumSquares64(b[:])
		}
	}
	for i, r := range x.Row {
		row := values[int(x.Slot[i])*x.Values.Stride:][:cols]
		for from := int(r) * cols; len(row) > 0; {
			if from/squareBlock != at {
				flush()
				at = from / squareBlock
				clear(b[:])
			}
			n := copy(b[from%squareBlock:], row)
			row, from = row[n:], from+n
		}
	}
	flush()
	return total, nil
}

// adamRowsTask updates the rows of one tensor.
type adamRowsTask struct {
	d                    *Device
	w, m, v, g           []float32
	ws, ms, vs, gs, cols int
	row, slot            []int32
	seen                 []bool
	step                 adamStep
	split                rowSplit
}

// zeroCols is how many columns of a row without gradient go at a time: a worker
// keeps zeros for three such pieces.
const zeroCols = rowLen / 4

// unit implements task.
func (t *adamRowsTask) unit(worker, u int) {
	zero := t.d.ws[worker].row[:3*zeroCols]
	clear(zero)
	from, to := t.split.bounds(u)
	next, _ := slices.BinarySearch(t.row, int32(from))
	for r := from; r < to; r++ {
		w := t.w[r*t.ws:][:t.cols]
		if next < len(t.row) && int(t.row[next]) == r {
			g := t.g[int(t.slot[next])*t.gs:][:t.cols]
			t.d.isa.adamw(w, g, t.m[r*t.ms:][:t.cols], t.v[r*t.vs:][:t.cols], &t.step)
			next++
			continue
		}
		for i := 0; i < t.cols; i += zeroCols {
			n := min(zeroCols, t.cols-i)
			// Moments of zero stay zero, so all rows never seen share these.
			m, v := zero[zeroCols:][:n], zero[2*zeroCols:][:n]
			if t.seen[r] {
				m, v = t.m[r*t.ms+i:][:n], t.v[r*t.vs+i:][:n]
			}
			t.d.isa.adamw(w[i:i+n], zero[:n], m, v, &t.step)
		}
	}
}

// AdamWRows implements [kernels.Device].
func (d *Device) AdamWRows(p kernels.Mat, g kernels.SparseRows, m, v kernels.Mat, seen []bool, a kernels.AdamWArgs) {
	sameShape(p, m, v)
	checkRows(g, p.Rows)
	if len(seen) != p.Rows || g.Values.Cols != p.Cols {
		panic("cpu: AdamWRows: seen must have a value per row and gradients the columns of the tensor")
	}
	if p.Rows == 0 || p.Cols == 0 {
		return
	}
	t := &d.tasks.adamRows
	*t = adamRowsTask{d: d, w: matF32(p), ws: p.Stride, m: matF32(m), ms: m.Stride, v: matF32(v), vs: v.Stride,
		g: matF32(g.Values), gs: g.Values.Stride, cols: p.Cols, row: g.Row, slot: g.Slot, seen: seen,
		step: newAdamStep(a), split: splitRows(p.Rows, p.Cols, d.threads)}
	d.pool.run(t, t.split.units())
	*t = adamRowsTask{}
}
