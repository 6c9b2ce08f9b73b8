package optim

import (
	"math"

	"huihai/kernels"
)

// Prefixes of the names that moments have in a checkpoint, those of PyTorch.
const (
	expAvg   = "exp_avg."    // first moment
	expAvgSq = "exp_avg_sq." // second moment
)

// adamw is the optimizer of Loshchilov and Hutter ("Decoupled weight decay
// regularization", 2019): kernels.AdamWArgs has the formula.
type adamw struct{ beta1, beta2, epsilon float64 }

func (adamw) slots(shape []int) []slot {
	return []slot{
		{prefix: expAvg, shape: shape, typ: kernels.F32, kind: finite},
		{prefix: expAvgSq, shape: shape, typ: kernels.F32, kind: squares},
	}
}

func (adamw) byRow() bool { return true }

func (a adamw) update(dev kernels.Device, t *tensor, s stepArgs) error {
	args, m, v := a.args(s), t.state[0], t.state[1]
	if t.Rows == nil {
		dev.AdamW(t.Value, t.Grad, m, v, args)
		return nil
	}
	g := t.Rows()
	for _, r := range g.Row {
		t.seen[r] = true
	}
	rows, cols := t.Shape[0], t.Shape[1]
	dev.AdamWRows(t.Value.Mat(rows, cols), g, m.Mat(rows, cols), v.Mat(rows, cols), t.seen, args)
	return nil
}

func (a adamw) args(s stepArgs) kernels.AdamWArgs {
	return kernels.AdamWArgs{
		LR: float32(s.lr), Beta1: float32(a.beta1), Beta2: float32(a.beta2), Eps: float32(a.epsilon),
		WeightDecay: float32(s.decay),
		Corr1:       correction(a.beta1, s.number),
		Corr2:       correction(a.beta2, s.number),
		GradScale:   float32(s.gradScale),
	}
}

// correction returns 1-beta^step, for the beta that the kernels use: after one
// step the corrected moment is then the gradient itself.
func correction(beta float64, step int) float32 {
	return float32(1 - math.Pow(float64(float32(beta)), float64(step)))
}
