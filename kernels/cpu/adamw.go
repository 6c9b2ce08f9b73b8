package cpu

import "huihai/kernels"

// adamTask updates one tensor.
type adamTask struct {
	d          *Device
	w, g, m, v []float32
	step       adamStep
}

// unit implements task.
func (t *adamTask) unit(_, u int) {
	i, j := u*vectorChunk, min(len(t.w), (u+1)*vectorChunk)
	t.d.isa.adamw(t.w[i:j], t.g[i:j], t.m[i:j], t.v[i:j], &t.step)
}

// AdamW implements [kernels.Device].
func (d *Device) AdamW(p, g, m, v kernels.Buf, a kernels.AdamWArgs) {
	if p.Len != g.Len || p.Len != m.Len || p.Len != v.Len {
		panic("cpu: AdamW: buffers differ in length")
	}
	if p.Len == 0 {
		return
	}
	t := &d.tasks.adam
	*t = adamTask{d: d, w: f32(p), g: f32(g), m: f32(m), v: f32(v), step: newAdamStep(a)}
	d.pool.run(t, ceilDiv(p.Len, vectorChunk))
	*t = adamTask{}
}

func newAdamStep(a kernels.AdamWArgs) adamStep {
	return adamStep{
		gradScale: a.GradScale, beta1: a.Beta1, rest1: 1 - a.Beta1, beta2: a.Beta2, rest2: 1 - a.Beta2,
		corr1: a.Corr1, corr2: a.Corr2, eps: a.Eps, negLR: -a.LR, negDecay: -float32(a.LR * a.WeightDecay),
	}
}

// Blocks of a sum of squares: squareBlock is part of the result's definition,
// squareRound only bounds the partial sums held at a time.
const (
	squareBlock = 4096
	squareRound = 1024
)

// squaresTask sums the squares of one round of blocks.
type squaresTask struct {
	d    *Device
	x    []float32
	sums [squareRound]float64
	// block is where SumSquaresRows puts a block together.
	block [squareBlock]float32
}

// unit implements task: eight blocks.
func (t *squaresTask) unit(_, u int) {
	for b := u * 8; b < (u+1)*8 && b*squareBlock < len(t.x); b++ {
		t.sums[b] = t.d.isa.sumSquares64(t.x[b*squareBlock : min(len(t.x), (b+1)*squareBlock)])
	}
}

// SumSquares implements [kernels.Device].
func (d *Device) SumSquares(x kernels.Buf) (float64, error) {
	all := f32(x)
	t := &d.tasks.squares
	t.d = d
	total := 0.0
	for len(all) > 0 {
		t.x = all[:min(len(all), squareRound*squareBlock)]
		all = all[len(t.x):]
		blocks := ceilDiv(len(t.x), squareBlock)
		d.pool.run(t, ceilDiv(blocks, 8))
		for _, s := range t.sums[:blocks] {
			total += s
		}
	}
	t.x = nil
	return total, nil
}
