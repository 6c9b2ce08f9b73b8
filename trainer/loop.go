package trainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"huihai/checkpoint"
	"huihai/optim"
	"huihai/telemetry"
)

// Result is how a run ended.
type Result struct {
	Steps       int
	Interrupted bool
	Last        StepRecord
}

// Run trains to the last step. When ctx is cancelled it finishes the step it is
// in, saves, and returns with Interrupted set and no error. Whatever ends it, the
// last good state is saved first, if it can be.
func (t *Trainer) Run(ctx context.Context) (Result, error) {
	work := context.WithoutCancel(ctx)
	res, err := t.run(ctx, work)
	t.saver.rescued = err != nil && !t.saver.has && t.saver.pending == nil
	err = errors.Join(err, t.saveLast(work))
	if checkErr := t.ledger.Check(); err == nil && checkErr != nil {
		err = fmt.Errorf("trainer: %w: this is a defect", checkErr)
	}
	return res, err
}

func (t *Trainer) run(ctx, work context.Context) (Result, error) {
	var last StepRecord
	if err := t.catchUp(ctx, work); err != nil {
		return Result{t.done, false, last}, err
	}
	for t.done < t.total {
		if ctx.Err() != nil {
			return Result{t.done, true, last}, nil
		}
		rec, err := t.oneStep(work)
		if err != nil {
			rec, err = t.mend(work, err)
		}
		if errors.Is(err, io.EOF) {
			return Result{t.done, false, last}, fmt.Errorf("trainer: the data ended after step %d of %d; lower train.max_steps or add text", t.done, t.total)
		}
		if err != nil {
			return Result{t.done, false, last}, fmt.Errorf("trainer: step %d: %w", t.done+1, err)
		}
		if rec.Step == 0 { // rolled back
			continue
		}
		last = rec
		if err := t.afterStep(ctx, work, rec); err != nil {
			return Result{t.done, false, last}, err
		}
	}
	return Result{t.done, t.cutShort, last}, nil
}

// catchUp does what was due at the step that the run begins with and is not on
// record: the process before may have ended between the two.
func (t *Trainer) catchUp(ctx, work context.Context) error {
	if t.done == 0 {
		if t.save.Checkpoint.Milestone(0) {
			return t.saveDue(work)
		}
		return nil
	}
	return t.runHooks(ctx, true)
}

// oneStep fetches the step's micro-batches, counts their labels, runs them and
// updates the weights. A loss or gradient that cannot be used gives a
// *[FaultError]; then nothing was changed.
func (t *Trainer) oneStep(ctx context.Context) (StepRecord, error) {
	start := t.seconds()
	place := t.batches.State()
	if err := t.fetch(ctx); err != nil {
		return StepRecord{}, err
	}
	fetched := t.seconds()
	rec := StepRecord{
		Step: t.done + 1, TotalSteps: t.total, Epoch: place.Epoch, Index: place.Index,
		Supervised: int(t.read.Trained), Tokens: int(t.read.Read), DataSeconds: fetched - start,
		LearningRate: t.schedule.At(t.done + 1),
	}
	if err := t.forwardBackward(&rec); err != nil {
		return rec, err
	}
	norms, err := t.opt.Measure(t.done + 1)
	rec.GradNorm = norms.Total
	if err := t.usable(rec, err); err != nil {
		rec.GradNorm = math.NaN()
		return rec, err
	}
	rec.Groups = t.record.shares(norms.Squares)
	if _, err := t.opt.Update(t.done+1, rec.LearningRate, norms); err != nil {
		return rec, err
	}
	t.done++
	t.ledger.AddLedger(t.read)
	rec.TokensSeen = t.ledger.Read
	rec.StepSeconds = t.seconds() - start
	t.record.remember(rec)
	return rec, nil
}

// forwardBackward runs the micro-batches and fills in the losses.
func (t *Trainer) forwardBackward(rec *StepRecord) error {
	if err := t.step.Begin(rec.Supervised); err != nil {
		return err
	}
	t.record.begin()
	for i := range t.micros {
		h := &t.held[i]
		if err := t.step.Micro(h.Batch); err != nil {
			return err
		}
		for row := range h.rows {
			nll, supervised := t.step.RowNLL(row)
			if source := h.source(row); source != "" {
				t.record.addRow(source, nll, supervised)
			}
		}
		if t.see != nil {
			t.show(i)
		}
	}
	stats, err := t.step.End()
	if err != nil {
		return err
	}
	rec.Loss, rec.CrossEntropy, rec.MeanMaxLogitSq = stats.Loss(t.cfg.ZLossWeight), stats.CrossEntropy(), stats.MeanMaxLogitSq()
	rec.Sources = t.record.sourceLosses()
	return nil
}

// usable turns what must not reach the weights into a *[FaultError].
func (t *Trainer) usable(rec StepRecord, measured error) error {
	switch {
	case math.IsNaN(rec.Loss) || math.IsInf(rec.Loss, 0):
		return t.newFault(rec, fmt.Sprintf("the loss is %v", rec.Loss))
	case measured != nil:
		return t.notMeasured(rec, measured)
	case rec.GradNorm == 0 && rec.Supervised > 0:
		return t.newFault(rec, "the gradient is exactly zero")
	}
	return nil
}

// notMeasured is apart from usable, which must not allocate.
func (t *Trainer) notMeasured(rec StepRecord, err error) error {
	var bad *optim.NonFiniteError
	if errors.As(err, &bad) {
		return t.newFault(rec, fmt.Sprintf("the gradient is not finite (first in %s)", bad.Tensor))
	}
	return err
}

// historyEvery is the number of steps between entries of log_history. It does not
// follow logging_steps: what a person watches must not change a checkpoint.
const historyEvery = 10

// afterStep logs, saves, and runs the hooks that are due. The save comes before
// the hooks, so that none of them can lose the step.
func (t *Trainer) afterStep(ctx, work context.Context, rec StepRecord) error {
	if rec.Step == 1 || rec.Step%historyEvery == 0 {
		t.history = append(t.history, checkpoint.LogEntry{
			"step": rec.Step, "loss": rec.Loss, "grad_norm": rec.GradNorm, "learning_rate": rec.LearningRate,
		})
	}
	t.observer.Step(rec)
	if rec.Step == t.total || t.save.Checkpoint.Due(rec.Step) {
		if err := t.saveDue(work); err != nil {
			return err
		}
	}
	if err := t.runHooks(ctx, false); err != nil {
		return err
	}
	return t.pollSave()
}

// runHooks runs the hooks that are due after the step done. resumed leaves out
// those whose result is on record. One that ctx cuts short is made up for when
// the run goes on.
func (t *Trainer) runHooks(ctx context.Context, resumed bool) error {
	for _, h := range t.hooks {
		due := t.done == t.total || h.Every > 0 && t.done%h.Every == 0
		if !due || resumed && h.Made != nil && h.Made(t.done) {
			continue
		}
		values, err := h.Run(ctx, t.done)
		if err != nil && ctx.Err() != nil {
			t.cutShort = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("trainer: %s after step %d: %w", h.Name, t.done, err)
		}
		for _, v := range values {
			if v.Tag == telemetry.TagEvalLoss {
				t.saver.evaluated(t.done, v.Value)
			}
		}
		t.observer.Measured(t.done, h.Name, values)
	}
	return nil
}
