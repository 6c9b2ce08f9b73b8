package eval

import (
	"fmt"

	"huihai/kernels"
	"huihai/model"
)

// Sequence is one row of a batch. Labels name the token at their own position,
// as data sets have them; nil means InputIDs. Segments may be nil.
type Sequence struct {
	InputIDs, Labels, Segments []int32
}

// Batch holds the loss of a batch and its gradients until it is closed.
type Batch struct {
	Stats model.Stats
	step  *model.Step
}

// Gradients runs forward and backward over rows as one optimizer step, one row
// per micro-batch, with the weights as they are.
func Gradients(dev kernels.Device, cfg model.Config, w *model.Weights, rows []Sequence, zLoss float64) (*Batch, error) {
	longest, supervised := 0, 0
	for i, r := range rows {
		n := len(r.InputIDs)
		if r.Labels != nil && len(r.Labels) != n {
			return nil, fmt.Errorf("eval: row %d has %d tokens but %d labels", i+1, n, len(r.Labels))
		}
		if r.Segments != nil && len(r.Segments) != n {
			return nil, fmt.Errorf("eval: row %d has %d tokens but %d segments", i+1, n, len(r.Segments))
		}
		if n > cfg.ModelMaxLength {
			return nil, fmt.Errorf("eval: row %d has %d tokens, more than the model's model_max_length %d", i+1, n, cfg.ModelMaxLength)
		}
		longest = max(longest, n)
	}
	batches := make([]model.Batch, len(rows))
	for i, r := range rows {
		batches[i] = r.padded(longest)
		supervised += model.Supervised(batches[i].Labels)
	}
	if supervised == 0 {
		return nil, fmt.Errorf("eval: no position has a label: the batch has no loss; give rows of two tokens or more and labels that are not all -100")
	}
	step, err := model.CompileStep(cfg, dev, model.StepOptions{Batch: 1, SeqLen: longest, ZLossWeight: zLoss, MicroBatches: len(rows)})
	if err != nil {
		return nil, err
	}
	b := &Batch{step: step}
	if err := b.run(w, batches, supervised); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Batch) run(w *model.Weights, batches []model.Batch, supervised int) (err error) {
	if err := b.step.Bind(w); err != nil {
		return err
	}
	if err := b.step.Begin(supervised); err != nil {
		return err
	}
	for i, m := range batches {
		if err := b.step.Micro(m); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	b.Stats, err = b.step.End()
	return err
}

// padded lays the row out in n positions; what follows it is a document of its
// own without labels.
func (r Sequence) padded(n int) model.Batch {
	b := model.Batch{InputIDs: make([]int32, n), Labels: make([]int32, n), Segments: make([]int32, n)}
	labels := r.Labels
	if labels == nil {
		labels = r.InputIDs
	}
	for t := range b.Labels {
		b.Labels[t] = kernels.IgnoreLabel
	}
	model.ShiftLabels(b.Labels[:len(labels)], labels, r.Segments)
	copy(b.InputIDs, r.InputIDs)
	copy(b.Segments, r.Segments)
	top := int32(0)
	for _, s := range b.Segments[:len(r.InputIDs)] {
		top = max(top, s)
	}
	for t := len(r.InputIDs); t < n; t++ {
		b.Segments[t] = top + 1
	}
	return b
}

// Read copies the gradient of a tensor into dst, which has its length.
func (b *Batch) Read(name string, dst []float32) error {
	if err := b.step.ReadGrad(name, dst); err != nil {
		return fmt.Errorf("eval: gradient of %s: %w", name, err)
	}
	return nil
}

// Close frees the gradients.
func (b *Batch) Close() error { return b.step.Close() }
