package cpu

import "huihai/kernels"

// gluTask is SwiGLU or its gradient.
type gluTask struct {
	d                            *Device
	h, gate, up, dGate, dUp      []float32
	hs, gates, ups, dGates, dUps int // strides
	cols                         int
	grad                         bool
	past                         bool // results are written past the caches
	split                        rowSplit
}

// unit implements task.
func (t *gluTask) unit(_, u int) {
	from, to := t.split.bounds(u)
	defer t.d.isa.fence(t.past)
	for r := from; r < to; r++ {
		h := t.h[r*t.hs : r*t.hs+t.cols]
		gate, up := t.gate[r*t.gates:r*t.gates+t.cols], t.up[r*t.ups:r*t.ups+t.cols]
		if !t.grad {
			t.d.isa.swiglu(h, gate, up, t.past)
			continue
		}
		t.d.isa.swigluGrad(t.dGate[r*t.dGates:r*t.dGates+t.cols], t.dUp[r*t.dUps:r*t.dUps+t.cols], h, gate, up, t.past)
	}
}

// SwiGLU implements [kernels.Device].
func (d *Device) SwiGLU(h, gate, up kernels.Mat) {
	sameShape(h, gate, up)
	if h.Rows == 0 || h.Cols == 0 {
		return
	}
	t := &d.tasks.glu
	*t = gluTask{d: d, h: matF32(h), hs: h.Stride, gate: matF32(gate), gates: gate.Stride, up: matF32(up), ups: up.Stride,
		cols: h.Cols, split: splitRows(h.Rows, h.Cols, d.threads)}
	t.past = isPast(4*h.Rows*h.Cols, t.h, t.gate, t.up)
	d.pool.run(t, t.split.units())
	*t = gluTask{}
}

// SwiGLUGrad implements [kernels.Device].
func (d *Device) SwiGLUGrad(dGate, dUp, dh, gate, up kernels.Mat) {
	sameShape(dGate, dUp, dh, gate, up)
	if dh.Rows == 0 || dh.Cols == 0 {
		return
	}
	t := &d.tasks.glu
	*t = gluTask{d: d, h: matF32(dh), hs: dh.Stride, gate: matF32(gate), gates: gate.Stride, up: matF32(up), ups: up.Stride,
		dGate: matF32(dGate), dGates: dGate.Stride, dUp: matF32(dUp), dUps: dUp.Stride,
		cols: dh.Cols, grad: true, split: splitRows(dh.Rows, dh.Cols, d.threads)}
	t.past = isPast(4*dh.Rows*dh.Cols, t.dGate, t.h, t.gate) && isPast(4*dh.Rows*dh.Cols, t.dUp, t.h, t.up)
	d.pool.run(t, t.split.units())
	*t = gluTask{}
}
