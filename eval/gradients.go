package eval

import (
	"context"
	"fmt"

	"huihai/kernels"
	"huihai/model"
)

// Sequence is one row of a batch. Labels name the token at their own position,
// as data sets have them; nil means InputIDs. Segments number the documents of the row,
// each once (model.CheckSegments); they may be nil.
type Sequence struct {
	InputIDs, Labels, Segments []int32
}

// Batch holds the loss of a batch and its gradients until it is closed.
type Batch struct {
	Stats model.Stats
	// Unpredicted counts the labels at the first token of a document, which nothing
	// comes before: they have no part in the loss. First is the first of them. Rows
	// without Labels have none.
	Unpredicted int
	First       Place

	step *model.Step
}

// Place is a position in given rows, from 0.
type Place struct{ Row, Token int }

// Gradients runs forward and backward over rows as one optimizer step, one row
// per micro-batch, with the weights as they are. It stops between rows when ctx is
// cancelled.
func Gradients(ctx context.Context, dev kernels.Device, cfg model.Config, w *model.Weights, rows []Sequence, zLoss float64) (*Batch, error) {
	longest, supervised := 0, 0
	for i, r := range rows {
		if err := r.check(cfg); err != nil {
			return nil, fmt.Errorf("eval: row %d %w", i+1, err)
		}
		longest = max(longest, len(r.InputIDs))
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
	b.countUnpredicted(rows)
	if err := b.run(ctx, w, batches, supervised); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// check refuses a row that the model cannot take.
func (r Sequence) check(cfg model.Config) error {
	n := len(r.InputIDs)
	switch {
	case r.Labels != nil && len(r.Labels) != n:
		return fmt.Errorf("has %d tokens but %d labels", n, len(r.Labels))
	case r.Segments != nil && len(r.Segments) != n:
		return fmt.Errorf("has %d tokens but %d segments", n, len(r.Segments))
	case n > cfg.ModelMaxLength:
		return fmt.Errorf("has %d tokens, more than the model's model_max_length %d", n, cfg.ModelMaxLength)
	}
	if err := model.CheckSegments(r.Segments); err != nil {
		return fmt.Errorf("has segments that are not documents: %w", err)
	}
	return nil
}

// countUnpredicted counts the labels that ShiftLabels drops.
func (b *Batch) countUnpredicted(rows []Sequence) {
	for i, r := range rows {
		for t, l := range r.Labels {
			starts := t == 0 || r.Segments != nil && r.Segments[t] != r.Segments[t-1]
			if !starts || l == kernels.IgnoreLabel {
				continue
			}
			if b.Unpredicted == 0 {
				b.First = Place{i, t}
			}
			b.Unpredicted++
		}
	}
}

func (b *Batch) run(ctx context.Context, w *model.Weights, batches []model.Batch, supervised int) (err error) {
	if err := b.step.Bind(w); err != nil {
		return err
	}
	if err := b.step.Begin(supervised); err != nil {
		return err
	}
	for i, m := range batches {
		if err := ctx.Err(); err != nil {
			return err
		}
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
