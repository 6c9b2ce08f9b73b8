package cpu

import "huihai/kernels"

type vectorOp uint8

const (
	opZero      vectorOp = iota
	opZeroBytes          // of a type that does not fill whole words
	opCopy
	opCopyBytes
	opWiden
	opNarrow
	opAdd
	opAxpy
	opScale
)

// vectorChunk is how many elements one unit of an elementwise call takes.
const vectorChunk = 1 << 15

// vectorTask is one elementwise call.
type vectorTask struct {
	d         *Device
	op        vectorOp
	n         int
	alpha     float32
	dst, a, b []float32
	dh, sh    []uint16
	db, sb    []byte
	past      bool // dst is written past the caches
}

// unit implements task.
func (t *vectorTask) unit(_, u int) {
	i, j := u*vectorChunk, min(t.n, (u+1)*vectorChunk)
	p := t.d.isa
	defer p.fence(t.past)
	switch t.op {
	case opZero:
		p.zeroTo(t.dst[i:j], t.past)
	case opZeroBytes:
		clear(t.db[i:j])
	case opCopy:
		p.copyTo(t.dst[i:j], t.a[i:j], t.past)
	case opCopyBytes:
		copy(t.db[i:j], t.sb[i:j])
	case opWiden:
		p.widenTo(t.dst[i:j], t.sh[i:j], t.past)
	case opNarrow:
		p.narrow(t.dh[i:j], t.a[i:j], t.past)
	case opAdd:
		p.add(t.dst[i:j], t.a[i:j], t.b[i:j], t.past)
	case opAxpy:
		p.axpy(t.dst[i:j], t.alpha, t.a[i:j])
	case opScale:
		p.scaleTo(t.dst[i:j], t.alpha, t.a[i:j], t.past)
	}
}

func (d *Device) vector(t vectorTask) {
	if t.n == 0 {
		return
	}
	t.d = d
	d.tasks.vector = t
	d.pool.run(&d.tasks.vector, ceilDiv(t.n, vectorChunk))
	d.tasks.vector = vectorTask{}
}

// Zero implements [kernels.Device].
func (d *Device) Zero(dst kernels.Buf) {
	b := raw(dst)
	if w := words(b); len(w) > 0 {
		d.vector(vectorTask{op: opZero, n: len(w), dst: w, past: isPast(len(b), w)})
		b = b[4*len(w):]
	}
	d.vector(vectorTask{op: opZeroBytes, n: len(b), db: b})
}

// Copy implements [kernels.Device].
func (d *Device) Copy(dst, src kernels.Buf) {
	if dst.Len != src.Len {
		panic("cpu: Copy: buffers differ in length")
	}
	switch {
	case dst.Type == src.Type:
		b, from := raw(dst), raw(src)
		if w, v := words(b), words(from); len(w) > 0 && len(v) > 0 {
			d.vector(vectorTask{op: opCopy, n: len(w), dst: w, a: v, past: isPast(len(b), w)})
			b, from = b[4*len(w):], from[4*len(w):]
		}
		d.vector(vectorTask{op: opCopyBytes, n: len(b), db: b, sb: from})
	case dst.Type == kernels.F32 && src.Type == kernels.BF16:
		d.vector(vectorTask{op: opWiden, n: dst.Len, dst: f32(dst), sh: bf16(src), past: isPast(4*dst.Len, nil)})
	case dst.Type == kernels.BF16 && src.Type == kernels.F32:
		d.vector(vectorTask{op: opNarrow, n: dst.Len, dh: bf16(dst), a: f32(src), past: isPast(2*dst.Len, nil)})
	default:
		panic("cpu: Copy: no conversion between these element types")
	}
}

// Add implements [kernels.Device].
func (d *Device) Add(dst, a, b kernels.Buf) {
	if dst.Len != a.Len || dst.Len != b.Len {
		panic("cpu: Add: buffers differ in length")
	}
	t := vectorTask{op: opAdd, n: dst.Len, dst: f32(dst), a: f32(a), b: f32(b)}
	t.past = isPast(4*t.n, t.dst, t.a, t.b)
	d.vector(t)
}

// Axpy implements [kernels.Device].
func (d *Device) Axpy(dst kernels.Buf, alpha float32, src kernels.Buf) {
	if dst.Len != src.Len {
		panic("cpu: Axpy: buffers differ in length")
	}
	d.vector(vectorTask{op: opAxpy, n: dst.Len, alpha: alpha, dst: f32(dst), a: f32(src)})
}

// Scale implements [kernels.Device].
func (d *Device) Scale(dst kernels.Buf, alpha float32, src kernels.Buf) {
	if dst.Len != src.Len {
		panic("cpu: Scale: buffers differ in length")
	}
	t := vectorTask{op: opScale, n: dst.Len, alpha: alpha, dst: f32(dst), a: f32(src)}
	t.past = isPast(4*t.n, t.dst, t.a)
	d.vector(t)
}
