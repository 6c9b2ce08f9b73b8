package cpu

import "huihai/kernels"

// embedTask gathers rows of a table or adds rows into it.
type embedTask struct {
	d          *Device
	y, table   []float32
	stored     stored // the table when it is not float32
	ys, ts     int
	ids        []int32
	rows, cols int
	pad        int
	grad, past bool
	buckets    int // units of the gradient that share their columns
	split      rowSplit
}

// unit implements task.
func (t *embedTask) unit(_, u int) {
	if t.grad {
		from, to := t.split.bounds(u / t.buckets)
		t.add(from*gainCols, min(to*gainCols, t.cols), u%t.buckets)
		return
	}
	from, to := t.split.bounds(u)
	defer t.d.isa.fence(t.past)
	for r := from; r < to; r++ {
		y, id := t.y[r*t.ys:r*t.ys+t.cols], int(t.ids[r])
		switch {
		case id < 0 || id >= t.rows:
			clear(y)
		case t.stored.narrow():
			t.stored.widenRow(t.d.isa, y, id, 0)
		default:
			t.d.isa.copyTo(y, t.table[id*t.ts:id*t.ts+t.cols], t.past)
		}
	}
}

// add walks the tokens of its own words in order over its own columns: the word
// i belongs to bucket i modulo the number of buckets.
func (t *embedTask) add(from, to, bucket int) {
	for r, id := range t.ids {
		i := int(id)
		if i < 0 || i >= t.rows || i == t.pad || i%t.buckets != bucket {
			continue
		}
		row := t.table[i*t.ts+from : i*t.ts+to]
		t.d.isa.add(row, row, t.y[r*t.ys+from:r*t.ys+to], false)
	}
}

// Embedding implements [kernels.Device].
func (d *Device) Embedding(y, table kernels.Mat, ids kernels.Buf) {
	if y.Cols != table.Cols || ids.Len != y.Rows {
		panic("cpu: Embedding: y must have a row per id and the columns of the table")
	}
	if y.Rows == 0 || y.Cols == 0 {
		return
	}
	w := operandOf(table, true)
	t := &d.tasks.embed
	*t = embedTask{d: d, y: matF32(y), ys: y.Stride, table: w.f, stored: w.s, ts: table.Stride, ids: i32(ids),
		rows: table.Rows, cols: y.Cols, past: isPast(4*y.Rows*y.Cols, nil), split: splitRows(y.Rows, y.Cols, d.threads)}
	d.pool.run(t, t.split.units())
	*t = embedTask{}
}

// EmbeddingGrad implements [kernels.Device].
func (d *Device) EmbeddingGrad(dTable, dy kernels.Mat, ids kernels.Buf, pad int) {
	if dy.Cols != dTable.Cols || ids.Len != dy.Rows {
		panic("cpu: EmbeddingGrad: dy must have a row per id and the columns of the table")
	}
	if dy.Rows == 0 || dy.Cols == 0 {
		return
	}
	t := &d.tasks.embed
	*t = embedTask{d: d, y: matF32(dy), ys: dy.Stride, table: matF32(dTable), ts: dTable.Stride, ids: i32(ids),
		rows: dTable.Rows, cols: dy.Cols, pad: pad, grad: true,
		split: splitColumns(dy.Cols, dy.Rows, d.threads)}
	t.buckets = ceilDiv(4*d.threads, t.split.units())
	if d.threads == 1 || dy.Rows*dy.Cols < minRowWork {
		t.buckets = 1
	}
	if pad < 0 {
		t.pad = -1
	}
	d.pool.run(t, t.split.units()*t.buckets)
	*t = embedTask{}
}
