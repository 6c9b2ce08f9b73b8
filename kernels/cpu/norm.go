package cpu

import "huihai/kernels"

type normPhase uint8

const (
	normForward normPhase = iota
	normGain              // units are columns
	normBackward
)

// gainCols is how many columns one unit of a sum over tokens takes at least.
const gainCols = 64

// normTask is RMSNorm or a phase of its gradient.
type normTask struct {
	d              *Device
	phase          normPhase
	y, x, dy, gain []float32
	ys, xs, dys    int // strides
	rstd, dGain    []float32
	cols           int
	eps            float32
	split          rowSplit
}

// unit implements task.
func (t *normTask) unit(_, u int) {
	from, to := t.split.bounds(u)
	switch t.phase {
	case normForward:
		for r := from; r < to; r++ {
			t.forward(r)
		}
	case normBackward:
		for r := from; r < to; r++ {
			t.backward(r)
		}
	case normGain:
		from, to = from*gainCols, min(to*gainCols, t.cols)
		for r, rstd := range t.rstd {
			dy, x := t.dy[r*t.dys:], t.x[r*t.xs:]
			t.d.isa.normGradGain(t.dGain[from:to], dy[from:to], x[from:to], rstd)
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
	t.d.isa.normApply(t.y[r*t.ys:r*t.ys+t.cols], x, t.gain, rstd)
}

func (t *normTask) backward(r int) {
	x, dy := t.x[r*t.xs:r*t.xs+t.cols], t.dy[r*t.dys:r*t.dys+t.cols]
	rstd := t.rstd[r]
	s := t.d.isa.normGradDot(dy, x, t.gain, rstd) / float32(t.cols)
	t.d.isa.normGradApply(t.y[r*t.ys:r*t.ys+t.cols], dy, x, t.gain, rstd, s)
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
	if !dGain.IsZero() { // first, since dx may be dy
		t.phase, t.dGain = normGain, f32(dGain)
		t.split = splitRows(ceilDiv(x.Cols, gainCols), x.Rows*gainCols, d.threads)
		d.pool.run(t, t.split.units())
	}
	t.phase, t.split = normBackward, splitRows(x.Rows, x.Cols, d.threads)
	d.pool.run(t, t.split.units())
	*t = normTask{}
}
