package optim

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"

	"huihai/kernels"
)

// clipEps keeps the clipping factor finite; the value is PyTorch's
// (torch.nn.utils.clip_grad_norm_), so that runs can be compared.
const clipEps = 1e-6

// AdamW is the optimizer of Loshchilov and Hutter ("Decoupled weight decay
// regularization", 2019) over a fixed list of tensors. It is used by one
// goroutine, the one that uses the device.
type AdamW struct {
	dev     kernels.Device
	cfg     Config
	params  []Param // in name order
	moments []Moments
	// seen tells, for a tensor with gradients by row, which rows have moments that
	// may not be zero; nil for other tensors.
	seen [][]bool
	mem  []kernels.Mem
	sums []float64 // scratch of the gradient norm
}

// Moments are the running means of a tensor's gradient (M) and of its square
// (V): F32 with as many elements as the tensor. The memory belongs to the
// optimizer.
type Moments struct{ M, V kernels.Buf }

// New returns an optimizer for params with zero moments: [StateBytes] bytes, in
// one allocation and one on demand for every tensor with gradients by row. Close
// gives them back.
func New(dev kernels.Device, cfg Config, params []Param) (*AdamW, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("optim: %w", err)
	}
	sorted, err := inNameOrder(params)
	if err != nil {
		return nil, fmt.Errorf("optim: %w", err)
	}
	o := &AdamW{
		dev: dev, cfg: cfg, params: sorted, seen: make([][]bool, len(sorted)),
		moments: make([]Moments, len(sorted)), sums: make([]float64, len(sorted)),
	}
	if err := o.allocate(); err != nil {
		o.Close()
		return nil, fmt.Errorf("optim: allocate the moments of %d tensors: %w", len(sorted), err)
	}
	return o, nil
}

func (o *AdamW) allocate() error {
	var whole []int
	for i, p := range o.params {
		if p.Rows == nil {
			whole = append(whole, i)
			continue
		}
		o.seen[i] = make([]bool, p.Shape[0])
		if err := o.place(o.dev.AllocOnDemand, i); err != nil {
			return err
		}
	}
	return o.place(o.dev.Alloc, whole...)
}

// place lays the moments of the tensors out in one allocation.
func (o *AdamW) place(alloc func(int64) (kernels.Mem, error), tensors ...int) error {
	ps := make([]Param, len(tensors))
	for i, t := range tensors {
		ps[i] = o.params[t]
	}
	mem, err := alloc(StateBytes(ps))
	if err != nil {
		return err
	}
	o.mem = append(o.mem, mem)
	var off int64
	take := func(n int) kernels.Buf {
		b := kernels.Buf{Mem: mem, Off: off, Len: n, Type: kernels.F32}
		off += momentBytes(n)
		return b
	}
	for _, t := range tensors {
		n := o.params[t].Value.Len
		o.moments[t] = Moments{M: take(n), V: take(n)}
	}
	return nil
}

// Close gives the moments' memory back. The optimizer must not be used again.
func (o *AdamW) Close() {
	for _, m := range o.mem {
		o.dev.Free(m)
	}
	o.mem = nil
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
// and no moment has been changed.
type NonFiniteError struct {
	Step   int
	Tensor string  // the first in name order
	Norm   float64 // of this tensor's gradient
}

// Error names the step and the tensor.
func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("optim: step %d: the gradient of %s has norm %v; the weights were left as they are (a lower learning_rate, a longer warmup_steps or the data of this step are the places to look)", e.Step, e.Tensor, e.Norm)
}

// Step updates every tensor with learning rate lr. step counts from 1 and is
// the exponent of the bias corrections. A gradient that is not finite gives a
// *[NonFiniteError] and changes nothing.
func (o *AdamW) Step(step int, lr float64) (StepResult, error) {
	if step < 1 {
		return StepResult{}, fmt.Errorf("optim: step is %d; steps count from 1", step)
	}
	if !(lr >= 0 && lr <= math.MaxFloat32) {
		return StepResult{}, fmt.Errorf("optim: step %d: the learning rate is %v; it must be finite and not negative", step, lr)
	}
	norm, err := o.gradNorm(step)
	if err != nil {
		return StepResult{}, err
	}
	res := StepResult{GradNorm: norm, Scale: clipScale(norm, o.cfg.MaxGradNorm)}
	res.Clipped = res.Scale < 1
	args := kernels.AdamWArgs{
		LR: float32(lr), Beta1: float32(o.cfg.Beta1), Beta2: float32(o.cfg.Beta2), Eps: float32(o.cfg.Epsilon),
		Corr1:     correction(o.cfg.Beta1, step),
		Corr2:     correction(o.cfg.Beta2, step),
		GradScale: float32(res.Scale),
	}
	for i, p := range o.params {
		args.WeightDecay = float32(o.cfg.Decay(p.Shape))
		m := o.moments[i]
		if p.Rows == nil {
			o.dev.AdamW(p.Value, p.Grad, m.M, m.V, args)
			continue
		}
		g := p.Rows()
		for _, r := range g.Row {
			o.seen[i][r] = true
		}
		rows, cols := p.Shape[0], p.Shape[1]
		o.dev.AdamWRows(p.Value.Mat(rows, cols), g, m.M.Mat(rows, cols), m.V.Mat(rows, cols), o.seen[i], args)
	}
	return res, nil
}

func (o *AdamW) gradNorm(step int) (float64, error) {
	for i, p := range o.params {
		s, err := o.sumSquares(p)
		if err != nil {
			return 0, fmt.Errorf("optim: step %d: gradient norm of %s: %w", step, p.Name, err)
		}
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return 0, &NonFiniteError{Step: step, Tensor: p.Name, Norm: math.Sqrt(s)}
		}
		o.sums[i] = s
	}
	return math.Sqrt(treeSum(o.sums)), nil
}

func (o *AdamW) sumSquares(p Param) (float64, error) {
	if p.Rows != nil {
		return o.dev.SumSquaresRows(p.Rows())
	}
	return o.dev.SumSquares(p.Grad)
}

// correction returns 1-beta^step, for the beta that the kernels use: after one
// step the corrected moment is then the gradient itself.
func correction(beta float64, step int) float32 {
	return float32(1 - math.Pow(float64(float32(beta)), float64(step)))
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

// State walks the moments in name order, for a checkpoint to read.
func (o *AdamW) State() iter.Seq2[string, Moments] {
	return func(yield func(string, Moments) bool) {
		for i, p := range o.params {
			if !yield(p.Name, o.moments[i]) {
				return
			}
		}
	}
}

// Moments returns the moments of one tensor, for a checkpoint to read,
// or an error if no trainable tensor has this name.
func (o *AdamW) Moments(name string) (Moments, error) {
	i, err := o.index(name)
	if err != nil {
		return Moments{}, err
	}
	return o.moments[i], nil
}

func (o *AdamW) index(name string) (int, error) {
	i := sort.Search(len(o.params), func(i int) bool { return o.params[i].Name >= name })
	if i == len(o.params) || o.params[i].Name != name {
		return 0, fmt.Errorf("optim: no trainable tensor is called %s", name)
	}
	return i, nil
}

// SetMoments replaces the moments of elements from, from+1, ... of one tensor, so
// that large ones can be read in pieces: of whole rows, if the tensor has two
// dimensions. An unknown name, a range that does not fit or a second moment that
// is negative or NaN is an error and changes nothing.
func (o *AdamW) SetMoments(name string, from int, m, v []float32) error {
	i, err := o.index(name)
	if err != nil {
		return err
	}
	dst, to := o.moments[i], from+len(m)
	if len(m) != len(v) || from < 0 || to > dst.M.Len {
		return fmt.Errorf("optim: moments of %s: got %d and %d values from element %d; the tensor has %d", name, len(m), len(v), from, dst.M.Len)
	}
	if s := o.params[i].Shape; len(s) == 2 && (from%s[1] != 0 || to%s[1] != 0) {
		return fmt.Errorf("optim: moments of %s: elements %d to %d are not whole rows of %d", name, from, to, s[1])
	}
	for i, x := range v {
		if !(x >= 0) {
			return fmt.Errorf("optim: moments of %s: the second moment of element %d is %v; it cannot be negative", name, from+i, x)
		}
	}
	dst.M, dst.V = dst.M.Slice(from, to), dst.V.Slice(from, to)
	if o.seen[i] != nil {
		cols := o.params[i].Shape[1]
		err = o.setRows(o.seen[i][from/cols:to/cols], cols, dst, m, v)
	} else {
		err = errors.Join(kernels.Write(o.dev, dst.M, m), kernels.Write(o.dev, dst.V, v))
	}
	if err != nil {
		return fmt.Errorf("optim: moments of %s: %w", name, err)
	}
	return nil
}

// setRows writes the rows whose moments are not zero, or were not so before, and
// leaves the memory of the others untouched.
func (o *AdamW) setRows(seen []bool, cols int, dst Moments, m, v []float32) error {
	notZero := func(x float32) bool { return math.Float32bits(x) != 0 }
	for r, was := range seen {
		from, to := r*cols, (r+1)*cols
		is := slices.ContainsFunc(m[from:to], notZero) || slices.ContainsFunc(v[from:to], notZero)
		seen[r] = is
		if !was && !is {
			continue
		}
		if err := errors.Join(kernels.Write(o.dev, dst.M.Slice(from, to), m[from:to]), kernels.Write(o.dev, dst.V.Slice(from, to), v[from:to])); err != nil {
			return err
		}
	}
	return nil
}
