package cpu

import (
	"math"

	"huihai/kernels"
)

// rotaryTask rotates rows of heads.
type rotaryTask struct {
	d         *Device
	x, table  []float32
	xs, ts    int
	positions []int32
	maxPos    int
	cols, dim int
	inverse   bool
	split     rowSplit
}

// unit implements task.
func (t *rotaryTask) unit(_, u int) {
	from, to := t.split.bounds(u)
	for r := from; r < to; r++ {
		x := t.x[r*t.xs : r*t.xs+t.cols]
		pos := int(t.positions[r])
		if pos < 0 || pos >= t.maxPos {
			fillNaN(x)
			continue
		}
		t.d.isa.rotate(x, t.table[pos*t.ts:pos*t.ts+t.dim], t.dim, t.inverse)
	}
}

func fillNaN(x []float32) {
	for i := range x {
		x[i] = float32(math.NaN())
	}
}

// Rotary implements [kernels.Device].
func (d *Device) Rotary(x kernels.Mat, table, positions kernels.Buf, headDim int, inverse bool) {
	if headDim <= 0 || headDim%2 != 0 || x.Cols%headDim != 0 {
		panic("cpu: Rotary: a row must hold whole heads of an even size")
	}
	if positions.Len != x.Rows || table.Len%headDim != 0 {
		panic("cpu: Rotary: positions must have a value per row, the table whole rows of headDim")
	}
	if x.Rows == 0 || x.Cols == 0 {
		return
	}
	t := &d.tasks.rotary
	*t = rotaryTask{d: d, x: matF32(x), xs: x.Stride, table: f32(table), ts: headDim, positions: i32(positions),
		maxPos: table.Len / headDim, cols: x.Cols, dim: headDim, inverse: inverse,
		split: splitRows(x.Rows, x.Cols, d.threads)}
	d.pool.run(t, t.split.units())
	*t = rotaryTask{}
}
