package optim

import "huihai/kernels"

// lion is the optimizer of Chen et al. ("Symbolic discovery of optimization
// algorithms", 2023): kernels.LionArgs has the formula.
type lion struct{ beta1, beta2 float64 }

func (lion) slots(shape []int) []slot {
	return []slot{{prefix: expAvg, shape: shape, typ: kernels.F32, kind: finite}}
}

func (lion) byRow() bool { return false }

func (l lion) update(dev kernels.Device, t *tensor, s stepArgs) error {
	dev.Lion(t.Value, t.Grad, t.state[0], kernels.LionArgs{
		LR: float32(s.lr), Beta1: float32(l.beta1), Beta2: float32(l.beta2),
		WeightDecay: float32(s.decay), GradScale: float32(s.gradScale),
	})
	return nil
}
