package cpu

import "huihai/kernels"

type normPhase uint8

const (
	normForward normPhase = iota
	normGain              // units are columns
	normBackward
)

// Blocks of the gradient. They set cache use, not the result.
const (
	gainCols   = 64      // columns that one unit of a sum over tokens takes at least
	gainFloats = 1 << 14 // of x of which a unit takes all columns before it goes on
	gradFloats = 1 << 20 // of dy and of x that are summed and then read again
)

// normTask is RMSNorm or a phase of its gradient.
type normTask struct {
	d              *Device
	phase          normPhase
	y, x, dy, gain []float32
	ys, xs, dys    int // strides
	rstd, dGain    []float32
	cols           int
	eps            float32
	first, end     int  // rows under way of the gradient
	large, past    bool // operands are far beyond the caches; y is written past them
	split          rowSplit
}

// unit implements task.
func (t *normTask) unit(_, u int) {
	from, to := t.split.bounds(u)
	defer t.d.isa.fence(t.past)
	switch t.phase {
	case normForward:
		for r := from; r < to; r++ {
			t.forward(r)
		}
	case normBackward:
		for r := t.first + from; r < t.first+to; r++ {
			t.backward(r)
		}
	case normGain:
		from, to = from*gainCols, min(to*gainCols, t.cols)
		dy, x := mat{t.dy, t.dys}, mat{t.x, t.xs}
		rows := max(4, gainFloats/(to-from))
		for r := t.first; r < t.end; r += rows {
			if t.large { // what comes next
				for _, m := range []mat{dy, x} {
					t.d.isa.prefetch(m.rest(r + rows)[min(from, len(m.rest(r+rows))):], m.stride, min(rows, t.end-r-rows), to-from)
				}
			}
			t.d.isa.gainRows(t.dGain[from:to], dy.from(r, from), x.from(r, from), t.rstd[r:min(t.end, r+rows)])
		}
	}
}

func (t *normTask) forward(r int) {
	x := t.x[r*t.xs : r*t.xs+t.cols]
	ms := t.d.isa.dot16(x, x) / float32(t.cols)
	rstd := 1 / kernels.Sqrt32(ms+t.eps)
	if t.rstd != nil {
		t.rstd[r] = rstd
	}
	t.d.isa.normApply(t.y[r*t.ys:r*t.ys+t.cols], x, t.gain, rstd, t.past)
}

func (t *normTask) backward(r int) {
	x, dy := t.x[r*t.xs:r*t.xs+t.cols], t.dy[r*t.dys:r*t.dys+t.cols]
	rstd := t.rstd[r]
	s := t.d.isa.normGradDot(dy, x, t.gain, rstd) / float32(t.cols)
	t.d.isa.normGradApply(t.y[r*t.ys:r*t.ys+t.cols], dy, x, t.gain, rstd, s, t.past)
}

// RMSNorm implements [kernels.Device].
func (d *Device) RMSNorm(y kernels.Mat, rstd kernels.Buf, x kernels.Mat, gain kernels.Buf, eps float32) {
	sameShape(y, x)
	if gain.Len != x.Cols || !rstd.IsZero() && rstd.Len != x.Rows {
		panic("cpu: RMSNorm: gain must have a value per column, rstd one per row")
	}
	if x.Rows == 0 || x.Cols == 0 {
		return
	}
	t := &d.tasks.norm
	*t = normTask{d: d, phase: normForward, y: matF32(y), ys: y.Stride, x: matF32(x), xs: x.Stride,
		gain: f32(gain), cols: x.Cols, eps: eps, split: splitRows(x.Rows, x.Cols, d.threads)}
	t.past = isPast(4*x.Rows*x.Cols, t.y, t.x)
	if !rstd.IsZero() {
		t.rstd = f32(rstd)
	}
	d.pool.run(t, t.split.units())
	*t = normTask{}
}

// RMSNormGrad implements [kernels.Device].
func (d *Device) RMSNormGrad(dx kernels.Mat, dGain kernels.Buf, dy, x kernels.Mat, gain, rstd kernels.Buf) {
	sameShape(dx, dy, x)
	if gain.Len != x.Cols || rstd.Len != x.Rows || !dGain.IsZero() && dGain.Len != x.Cols {
		panic("cpu: RMSNormGrad: gains must have a value per column, rstd one per row")
	}
	if x.Rows == 0 || x.Cols == 0 {
		return
	}
	t := &d.tasks.norm
	*t = normTask{d: d, y: matF32(dx), ys: dx.Stride, x: matF32(x), xs: x.Stride, dy: matF32(dy), dys: dy.Stride,
		gain: f32(gain), rstd: f32(rstd), cols: x.Cols}
	t.large, t.past = isPast(4*x.Rows*x.Cols, nil), isPast(4*x.Rows*x.Cols, t.y, t.x, t.dy)
	if dGain.IsZero() {
		t.end = x.Rows
		t.backwardRows(d)
		*t = normTask{}
		return
	}
	t.dGain = f32(dGain)
	for block := max(1, gradFloats/x.Cols); t.end < x.Rows; {
		t.first, t.end = t.end, min(x.Rows, t.end+block)
		t.phase, t.split = normGain, splitColumns(x.Cols, t.end-t.first, d.threads) // first, since dx may be dy
		d.pool.run(t, t.split.units())
		t.backwardRows(d)
	}
	*t = normTask{}
}

// backwardRows computes dx of the rows under way.
func (t *normTask) backwardRows(d *Device) {
	t.phase, t.split = normBackward, splitRows(t.end-t.first, t.cols, d.threads)
	d.pool.run(t, t.split.units())
}
