package optim

import "huihai/kernels"

// leastAdamW8 is the least number of elements of a tensor whose moments are kept
// in eight bits, as in bitsandbytes: smaller ones are norm gains, which take little
// and suffer most.
const leastAdamW8 = 4096

// adamw8 is adamw with moments in blocks of eight bits (Dettmers et al., "8-bit
// optimizers via block-wise quantization", 2021): kernels.Moment8 has the format.
type adamw8 struct{ adamw }

func (adamw8) slots(shape []int) []slot {
	blocks := []int{(elements(shape) + kernels.Moment8Block - 1) / kernels.Moment8Block}
	return []slot{
		{prefix: expAvg, shape: shape, typ: kernels.U8, kind: codes},
		{prefix: "exp_avg_absmax.", shape: blocks, typ: kernels.F32, kind: magnitudes},
		{prefix: expAvgSq, shape: shape, typ: kernels.U8, kind: codes},
		{prefix: "exp_avg_sq_absmax.", shape: blocks, typ: kernels.F32, kind: squares},
	}
}

func (adamw8) byRow() bool { return false }

func (a adamw8) update(dev kernels.Device, t *tensor, s stepArgs) error {
	m := kernels.Moment8{Codes: t.state[0], AbsMax: t.state[1]}
	v := kernels.Moment8{Codes: t.state[2], AbsMax: t.state[3]}
	dev.AdamW8(t.Value, t.Grad, m, v, a.args(s))
	return nil
}
