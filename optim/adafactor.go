package optim

import (
	"math"

	"huihai/kernels"
)

// adafactor is the optimizer of Shazeer and Stern ("Adafactor: adaptive learning
// rates with sublinear memory cost", 2018) as torch.optim.Adafactor has it:
// kernels.AdafactorArgs has the formula. At step t with learning rate lr
//
//	Rate = t^beta2_decay        Rho = min(lr, 1/sqrt(t))
//
// A matrix has its second moment by row and column, a vector element by element.
type adafactor struct{ beta2Decay, clip, eps1, eps2 float64 }

func (adafactor) slots(shape []int) []slot {
	if len(shape) != 2 {
		return []slot{{prefix: "variance.", shape: shape, typ: kernels.F32, kind: squares}}
	}
	return []slot{
		{prefix: "row_var.", shape: []int{shape[0], 1}, typ: kernels.F32, kind: squares},
		{prefix: "col_var.", shape: []int{1, shape[1]}, typ: kernels.F32, kind: squares},
	}
}

func (adafactor) byRow() bool { return false }

func (a adafactor) update(dev kernels.Device, t *tensor, s stepArgs) error {
	step := float64(s.number)
	args := kernels.AdafactorArgs{
		Rate: math.Pow(step, a.beta2Decay), LR: s.lr, WeightDecay: s.decay, Rho: min(s.lr, 1/math.Sqrt(step)),
		Eps1: a.eps1, Eps2: a.eps2, Clip: a.clip, GradScale: float32(s.gradScale),
	}
	if len(t.Shape) == 2 {
		args.P, args.G = t.Value.Mat(t.Shape[0], t.Shape[1]), t.Grad.Mat(t.Shape[0], t.Shape[1])
		args.Row, args.Col = t.state[0], t.state[1]
	} else {
		n := t.Value.Len
		args.P, args.G, args.Var = t.Value.Mat(1, n), t.Grad.Mat(1, n), t.state[0].Mat(1, n)
	}
	dev.Adafactor(args)
	return nil
}
