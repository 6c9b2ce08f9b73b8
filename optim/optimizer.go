package optim

import (
	"fmt"
	"math"

	"huihai/kernels"
)

// clipEps keeps the clipping factor finite; the value is PyTorch's
// (torch.nn.utils.clip_grad_norm_), so that runs can be compared.
const clipEps = 1e-6

// Optimizer moves a fixed list of tensors. It is used by one goroutine, the one
// that uses the device.
//
// A step is Measure and then Update, so that the caller can look at the norms, or
// give a step up, before anything has changed. [Step] does both.
type Optimizer interface {
	// Measure returns the norms of the gradients of a step, counted from 1. A
	// gradient that is not finite gives a *[NonFiniteError]. It changes nothing.
	Measure(step int) (Norms, error)
	// Update moves every tensor with learning rate lr and the gradients that n
	// was measured on. step counts from 1 and is that of bias corrections. A
	// failure of the device may leave some tensors moved and others not.
	Update(step int, lr float64, n Norms) (StepResult, error)
	// Names lists the tensors in the order in which they are moved, that of
	// their names. The slice belongs to the optimizer.
	Names() []string
	// State lists all that a run must keep to go on as if never stopped, always
	// in the same order. The slice and the memory belong to the optimizer.
	State() []StateTensor
	// SetState replaces elements from, from+1, ... of one tensor of State by the
	// little-endian bytes of a file, so that a large one can be read in pieces:
	// of whole rows, if it has two dimensions. An unknown name, a range that does
	// not fit and values that no run can have led to are errors and change
	// nothing.
	SetState(name string, from int, raw []byte) error
	// Close gives the memory back. The optimizer must not be used again.
	Close()
}

// Norms are the sizes of the gradients of a step, before clipping.
type Norms struct {
	// Total is the L2 norm over all tensors.
	Total float64
	// Squares are the squared L2 norms of the tensors, in the order of Names. The
	// next Measure overwrites them.
	Squares []float64
}

// StateTensor is one tensor of the state, named as in a checkpoint:
// "exp_avg.model.norm.weight".
type StateTensor struct {
	Name  string
	Shape []int
	Buf   kernels.Buf // F32, or U8 for codes of eight bits
}

// StepResult tells what a step did.
type StepResult struct {
	// GradNorm is the global L2 norm of the gradients before clipping.
	GradNorm float64
	// Scale is the factor the gradients were multiplied with, 1 or less.
	Scale float64
	// Clipped tells whether Scale is below 1.
	Clipped bool
}

// NonFiniteError says that a gradient holds a NaN or an infinity. No weight
// and no state has been changed.
type NonFiniteError struct {
	Step   int
	Tensor string  // the first in name order
	Norm   float64 // of this tensor's gradient
}

// Error names the step and the tensor.
func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("optim: step %d: the gradient of %s has norm %v; the weights were left as they are (a lower learning_rate, a longer warmup_steps or the data of this step are the places to look)", e.Step, e.Tensor, e.Norm)
}

// Step measures and updates: one whole step with learning rate lr.
func Step(o Optimizer, step int, lr float64) (StepResult, error) {
	n, err := o.Measure(step)
	if err != nil {
		return StepResult{}, err
	}
	return o.Update(step, lr, n)
}

// optimizer implements [Optimizer]. Every tensor has a rule, and all share the
// norm, the clipping and the memory.
type optimizer struct {
	dev           kernels.Device
	cfg           Config
	tensors       []tensor // in name order
	names         []string
	state         []StateTensor
	places        map[string]place // of each name in state
	mem           []kernels.Mem
	squares, sums []float64 // sums is scratch
}

// tensor is what the optimizer knows of one parameter.
type tensor struct {
	Param
	rule           rule
	lrScale, decay float64
	state          []kernels.Buf // as the slots of the rule
	// seen tells, for a tensor with gradients by row, which rows have state that
	// may not be zero; nil for other tensors.
	seen []bool
}

// rule is how one kind of tensor is updated.
type rule interface {
	// slots lists the state of a tensor of the given shape.
	slots(shape []int) []slot
	// byRow reports whether gradients by row are taken.
	byRow() bool
	// update moves one tensor.
	update(dev kernels.Device, t *tensor, s stepArgs) error
}

// stepArgs is what a step says to a rule.
type stepArgs struct {
	number    int
	lr, decay float64 // of this tensor
	gradScale float64
}

// New returns the optimizer that cfg names, for params, with zero state:
// [StateBytes] bytes, in one allocation and one on demand for every tensor with
// gradients by row. Close gives them back.
func New(dev kernels.Device, cfg Config, params []Param) (Optimizer, error) {
	o, err := newOptimizer(dev, cfg, params)
	if err != nil {
		return nil, fmt.Errorf("optim: %w", err)
	}
	return o, nil
}

func newOptimizer(dev kernels.Device, cfg Config, params []Param) (*optimizer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	sorted, err := inNameOrder(params)
	if err != nil {
		return nil, err
	}
	n := len(sorted)
	o := &optimizer{
		dev: dev, cfg: cfg, tensors: make([]tensor, n), names: make([]string, n),
		squares: make([]float64, n), sums: make([]float64, n), places: map[string]place{},
	}
	rules := newRules(cfg)
	for i, p := range sorted {
		t := tensor{Param: p, rule: rules.of(p.Name, p.Shape)}
		t.lrScale, t.decay = cfg.ForTensor(p.Name, p.Shape)
		if p.Rows != nil && !t.rule.byRow() {
			return nil, fmt.Errorf("tensor %s has a gradient by row, which optimizer %q does not take: this is a defect", p.Name, cfg.Optimizer)
		}
		o.tensors[i], o.names[i] = t, p.Name
	}
	if err := o.allocate(rules); err != nil {
		o.Close()
		return nil, fmt.Errorf("allocate the state of %d tensors: %w", n, err)
	}
	return o, nil
}

// Close implements [Optimizer].
func (o *optimizer) Close() {
	for _, m := range o.mem {
		o.dev.Free(m)
	}
	o.mem = nil
}

// Names implements [Optimizer].
func (o *optimizer) Names() []string { return o.names }

// Measure implements [Optimizer].
func (o *optimizer) Measure(step int) (Norms, error) {
	if step < 1 {
		return Norms{}, fmt.Errorf("optim: step is %d; steps count from 1", step)
	}
	for i := range o.tensors {
		p := &o.tensors[i].Param
		s, err := o.sumSquares(p)
		if err != nil {
			return Norms{}, fmt.Errorf("optim: step %d: gradient norm of %s: %w", step, p.Name, err)
		}
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return Norms{}, &NonFiniteError{Step: step, Tensor: p.Name, Norm: math.Sqrt(s)}
		}
		o.squares[i] = s
	}
	copy(o.sums, o.squares)
	return Norms{Total: math.Sqrt(treeSum(o.sums)), Squares: o.squares}, nil
}

func (o *optimizer) sumSquares(p *Param) (float64, error) {
	if p.Rows != nil {
		return o.dev.SumSquaresRows(p.Rows())
	}
	return o.dev.SumSquares(p.Grad)
}

// Update implements [Optimizer].
func (o *optimizer) Update(step int, lr float64, n Norms) (StepResult, error) {
	if step < 1 {
		return StepResult{}, fmt.Errorf("optim: step is %d; steps count from 1", step)
	}
	if !(lr >= 0 && lr <= math.MaxFloat32) {
		return StepResult{}, fmt.Errorf("optim: step %d: the learning rate is %v; it must be finite and not negative", step, lr)
	}
	if !(n.Total >= 0) || math.IsInf(n.Total, 0) {
		return StepResult{}, fmt.Errorf("optim: step %d: the gradient norm is %v; it must be that of Measure", step, n.Total)
	}
	res := StepResult{GradNorm: n.Total, Scale: clipScale(n.Total, o.cfg.MaxGradNorm)}
	res.Clipped = res.Scale < 1
	for i := range o.tensors {
		t := &o.tensors[i]
		if err := t.rule.update(o.dev, t, stepArgs{number: step, lr: lr * t.lrScale, decay: t.decay, gradScale: res.Scale}); err != nil {
			return StepResult{}, fmt.Errorf("optim: step %d: update %s (the tensors before it have been updated): %w", step, t.Name, err)
		}
	}
	return res, nil
}

// treeSum adds neighbours, then neighbours of the results, until one is left.
// The shape of the tree depends on the number of terms alone. It overwrites x.
func treeSum(x []float64) float64 {
	for len(x) > 1 {
		half := (len(x) + 1) / 2
		for i := range len(x) / 2 {
			x[i] = x[2*i] + x[2*i+1]
		}
		if len(x)%2 == 1 {
			x[half-1] = x[len(x)-1]
		}
		x = x[:half]
	}
	return x[0]
}

// clipScale returns min(1, limit/(norm+1e-6)), and 1 when there is no limit.
func clipScale(norm, limit float64) float64 {
	if limit == 0 {
		return 1
	}
	return min(1, limit/(norm+clipEps))
}
