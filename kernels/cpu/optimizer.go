package cpu

import (
	"math"

	"huihai/kernels"
)

// adam8Task updates one tensor whose moments are in eight bits.
type adam8Task struct {
	d          *Device
	w, g       []float32
	m, v       []byte
	mTop, vTop []float32
	step       adamStep
}

// unit implements task: the blocks of one chunk.
func (t *adam8Task) unit(worker, u int) {
	const block = kernels.Moment8Block
	scratch := t.d.ws[worker].row
	for i := u * vectorChunk; i < min(len(t.w), (u+1)*vectorChunk); i += block {
		j := min(len(t.w), i+block)
		m, v := scratch[:j-i], scratch[block:][:j-i]
		mTop, vTop := &t.mTop[i/block], &t.vTop[i/block]
		widen8(m, t.m[i:j], &kernels.DynamicMap, *mTop)
		widen8(v, t.v[i:j], &kernels.DynamicMapUnsigned, *vTop)
		t.d.isa.adamw(t.w[i:j], t.g[i:j], m, v, &t.step)
		*mTop = narrow8(t.m[i:j], m, signedCodes)
		*vTop = narrow8(t.v[i:j], v, unsignedCodes)
	}
}

func widen8(dst []float32, src []byte, code *[256]float32, top float32) {
	for i, c := range src {
		dst[i] = code[c] * top
	}
}

// narrow8 stores a block and returns its largest magnitude.
func narrow8(dst []byte, src []float32, codes *codeTable) float32 {
	top := float32(0)
	for _, x := range src {
		if x = float32(math.Abs(float64(x))); x > top {
			top = x
		}
	}
	for i, x := range src {
		dst[i] = codes.nearest(x, top)
	}
	return top
}

// AdamW8 implements [kernels.Device].
func (d *Device) AdamW8(p, g kernels.Buf, m, v kernels.Moment8, a kernels.AdamWArgs) {
	blocks := ceilDiv(p.Len, kernels.Moment8Block)
	if p.Len != g.Len || p.Len != m.Codes.Len || p.Len != v.Codes.Len || m.AbsMax.Len != blocks || v.AbsMax.Len != blocks {
		panic("cpu: AdamW8: buffers do not fit together")
	}
	if p.Len == 0 {
		return
	}
	t := &d.tasks.adam8
	*t = adam8Task{d: d, w: f32(p), g: f32(g), m: u8(m.Codes), v: u8(v.Codes), mTop: f32(m.AbsMax), vTop: f32(v.AbsMax), step: newAdamStep(a)}
	d.pool.run(t, ceilDiv(p.Len, vectorChunk))
	*t = adam8Task{}
}

// lionTask updates one tensor.
type lionTask struct {
	w, g, m                    []float32
	a                          kernels.LionArgs
	rest1, rest2, negLR, decay float32
}

// unit implements task.
func (t *lionTask) unit(_, u int) {
	i, j := u*vectorChunk, min(len(t.w), (u+1)*vectorChunk)
	w := t.w[i:j]
	g, m := t.g[i:j][:len(w)], t.m[i:j][:len(w)]
	const signBit = 1 << 31
	negLR := math.Float32bits(t.negLR)
	for i, grad := range g {
		grad = t.a.GradScale * grad
		way := kernels.FMA32(t.a.Beta1, m[i], float32(t.rest1*grad))
		m[i] = flush(kernels.FMA32(t.a.Beta2, m[i], float32(t.rest2*grad)))
		x := kernels.FMA32(t.decay, w[i], w[i])
		if way != 0 { // its sign is a coin toss: no branch on it
			x += math.Float32frombits(negLR ^ math.Float32bits(way)&signBit)
		}
		w[i] = x
	}
}

// Lion implements [kernels.Device].
func (d *Device) Lion(p, g, m kernels.Buf, a kernels.LionArgs) {
	if p.Len != g.Len || p.Len != m.Len {
		panic("cpu: Lion: buffers differ in length")
	}
	if p.Len == 0 {
		return
	}
	t := &d.tasks.lion
	*t = lionTask{w: f32(p), g: f32(g), m: f32(m), a: a, rest1: 1 - a.Beta1, rest2: 1 - a.Beta2, negLR: -a.LR, decay: -float32(a.LR * a.WeightDecay)}
	d.pool.run(t, ceilDiv(p.Len, vectorChunk))
	*t = lionTask{}
}
