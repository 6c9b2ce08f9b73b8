package cpu

import "huihai/kernels"

// rowNormTask is RowNormalize or its gradient.
type rowNormTask struct {
	d          *Device
	y, x, dy   []float32
	ys, xs, gs int
	norms      []float32
	cols       int
	eps        float32
	grad, acc  bool
	past       bool // y is written past the caches
	split      rowSplit
}

// unit implements task.
func (t *rowNormTask) unit(_, u int) {
	from, to := t.split.bounds(u)
	defer t.d.isa.fence(t.past)
	for r := from; r < to; r++ {
		x := t.x[r*t.xs : r*t.xs+t.cols]
		if t.grad {
			t.backward(r, x, t.y[r*t.ys:r*t.ys+t.cols])
			continue
		}
		norm := kernels.Sqrt32(t.d.isa.dot16(x, x))
		t.norms[r] = norm
		if t.y != nil {
			t.d.isa.divide(t.y[r*t.ys:r*t.ys+t.cols], x, larger(norm, t.eps), t.past)
		}
	}
}

func (t *rowNormTask) backward(r int, x, dx []float32) {
	dy := t.dy[r*t.gs : r*t.gs+t.cols]
	norm := t.norms[r]
	by := larger(norm, t.eps)
	s := float32(0)
	if norm > t.eps {
		s = t.d.isa.divideDot(dy, x, by)
	}
	t.d.isa.rowNormGrad(dx, dy, x, by, s, t.acc, t.past)
}

// larger is max(norm, eps) that passes NaN on.
func larger(norm, eps float32) float32 {
	if norm <= eps {
		return eps
	}
	return norm
}

// RowNormalize implements [kernels.Device].
func (d *Device) RowNormalize(y kernels.Mat, norms kernels.Buf, x kernels.Mat, eps float32) {
	if !y.IsZero() {
		sameShape(y, x)
	}
	if norms.Len != x.Rows {
		panic("cpu: RowNormalize: norms must have a value per row")
	}
	if x.Rows == 0 || x.Cols == 0 {
		return
	}
	t := &d.tasks.rows
	*t = rowNormTask{d: d, x: matF32(x), xs: x.Stride, norms: f32(norms),
		cols: x.Cols, eps: eps, split: splitRows(x.Rows, x.Cols, d.threads)}
	if !y.IsZero() {
		t.y, t.ys = matF32(y), y.Stride
		t.past = isPast(4*x.Rows*x.Cols, t.y, t.x, t.dy)
	}
	d.pool.run(t, t.split.units())
	*t = rowNormTask{}
}

// RowNormalizeGrad implements [kernels.Device].
func (d *Device) RowNormalizeGrad(dx, dy, x kernels.Mat, norms kernels.Buf, eps float32, acc bool) {
	sameShape(dx, dy, x)
	if norms.Len != x.Rows {
		panic("cpu: RowNormalizeGrad: norms must have a value per row")
	}
	if x.Rows == 0 || x.Cols == 0 {
		return
	}
	t := &d.tasks.rows
	*t = rowNormTask{d: d, y: matF32(dx), ys: dx.Stride, x: matF32(x), xs: x.Stride, dy: matF32(dy), gs: dy.Stride,
		norms: f32(norms), cols: x.Cols, eps: eps, grad: true, acc: acc, split: splitRows(x.Rows, x.Cols, d.threads)}
	t.past = isPast(4*x.Rows*x.Cols, t.y, t.x, t.dy)
	d.pool.run(t, t.split.units())
	*t = rowNormTask{}
}
