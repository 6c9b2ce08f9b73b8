package trainer

import (
	"context"
	"fmt"

	"huihai/data"
)

// MicroBatch is what a micro-batch of a step came to. It must not be kept.
type MicroBatch struct {
	Index   int // in the step
	Rows    int
	SeqLen  int
	Lineage []data.RowLineage
	// Labels are the next tokens, NLL their negative log-likelihoods in nats, 0
	// where there is no label: Rows x SeqLen, row by row.
	Labels []int32
	NLL    []float32
}

// StepTo repeats the run up to step n without saving, logging or evaluating, and
// returns the record of that step. see is called with its micro-batches. A step
// that is at fault gives its *[FaultError], at n or before.
func (t *Trainer) StepTo(ctx context.Context, n int, see func(MicroBatch)) (StepRecord, error) {
	if n <= t.done || n > t.total {
		return StepRecord{}, fmt.Errorf("trainer: step %d: steps %d to %d can be repeated from here", n, t.done+1, t.total)
	}
	for {
		if err := ctx.Err(); err != nil {
			return StepRecord{}, err
		}
		if t.done+1 == n {
			t.see = see
		}
		rec, err := t.oneStep(ctx)
		if err != nil && t.done+1 < n {
			rec, err = t.mend(ctx, err)
		}
		if err != nil {
			return rec, fmt.Errorf("trainer: step %d: %w", t.done+1, err)
		}
		if t.done == n {
			t.see = nil
			return rec, nil
		}
	}
}

// show hands the micro-batch that was just run to whoever looks on.
func (t *Trainer) show(i int) {
	h, n := &t.held[i], t.cfg.SequenceLength
	t.see(MicroBatch{
		Index: i, Rows: h.rows, SeqLen: n, Lineage: h.lineage,
		Labels: h.Labels[:h.rows*n], NLL: t.step.NLL()[:h.rows*n],
	})
}
