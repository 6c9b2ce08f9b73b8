package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"

	"huihai/checkpoint"
)

// saver writes checkpoints, in the background where memory for a copy of the
// state was planned, and removes old ones.
type saver struct {
	keepCopy bool
	copy     []byte
	release  func() error // gives the memory of copy back
	last     int          // step of the last checkpoint in place; 0 for none
	has      bool
	pending  chan saveResult
	evals    map[int]float64
	tidy     bool // nothing has come since the last pruning
	rescued  bool // the only checkpoint was saved because the run failed
}

type saveResult struct {
	step int
	path string
	err  error
}

// evaluated notes the held-out loss of a step, for the choice of the best.
func (s *saver) evaluated(step int, loss float64) {
	if s.evals == nil {
		s.evals = map[int]float64{}
	}
	s.evals[step] = loss
	s.tidy = false
}

// wait returns the result of the save on its way, nil when there is none.
func (s *saver) wait() *saveResult {
	if s.pending == nil {
		return nil
	}
	r := <-s.pending
	s.pending = nil
	return &r
}

// Remember tells the trainer the held-out losses of the part of the run that lies
// behind it, by step.
func (t *Trainer) Remember(evals map[int]float64) {
	for step, loss := range evals {
		t.saver.evaluated(step, loss)
	}
}

// Save writes a checkpoint of the state after the last completed step, without a
// copy, and returns its folder. Equal states give equal files.
func (t *Trainer) Save(ctx context.Context) (string, error) {
	st, err := t.state(t.streamed)
	if err != nil {
		return "", fmt.Errorf("trainer: save step %d: %w", t.done, err)
	}
	return checkpoint.Save(ctx, t.save.Root, st)
}

// saveDue saves a step because it is time to. A save that fails (a full disk, a
// folder that became read-only) is told and the run goes on with the checkpoint
// it has; weights that are not finite end it.
func (t *Trainer) saveDue(ctx context.Context) error {
	if t.save.Root == "" || t.saver.has && t.saver.last == t.done {
		return nil
	}
	if err := t.tell(t.saver.wait(), false); err != nil {
		return err
	}
	if !t.saver.keepCopy {
		path, err := t.Save(ctx)
		return t.tell(&saveResult{t.done, path, err}, false)
	}
	st, err := t.state(t.copied)
	if err != nil {
		return fmt.Errorf("trainer: save step %d: %w", t.done, err)
	}
	result, step := make(chan saveResult, 1), t.done
	t.saver.pending = result
	go func() {
		path, err := checkpoint.Save(ctx, t.save.Root, st)
		result <- saveResult{step, path, err}
	}()
	return nil
}

// saveLast saves the step reached because the run ends, and waits for it.
func (t *Trainer) saveLast(ctx context.Context) error {
	if err := t.finishSave(); err != nil {
		t.observer.Note(err.Error())
	}
	if t.save.Root == "" || t.saver.has && t.saver.last == t.done {
		return nil
	}
	path, err := t.Save(ctx)
	return t.tell(&saveResult{t.done, path, err}, true)
}

// finishSave waits for the save on its way. At the end of the run its failure is
// one of the run.
func (t *Trainer) finishSave() error {
	return t.tell(t.saver.wait(), true)
}

// pollSave tells of a save that has ended meanwhile.
func (t *Trainer) pollSave() error {
	if t.saver.pending == nil {
		return t.prune()
	}
	select {
	case r := <-t.saver.pending:
		t.saver.pending = nil
		return t.tell(&r, false)
	default:
		return nil
	}
}

// tell passes the result of a save on. Only a failure that must end the run is
// returned.
func (t *Trainer) tell(r *saveResult, last bool) error {
	if r == nil {
		return nil
	}
	if r.path != "" {
		t.saver.last, t.saver.has, t.saver.tidy = r.step, true, false
		t.observer.Saved(r.step, r.path)
	}
	var bad *NonFiniteWeightsError
	switch {
	case r.err == nil:
		return t.prune()
	case errors.As(r.err, &bad) || last && r.path == "":
		return r.err
	case r.path != "":
		t.observer.Note(fmt.Sprintf("step %d is saved, but: %v", r.step, r.err))
	default:
		t.observer.Note(fmt.Sprintf("STEP %d IS NOT SAVED: %v; the run goes on, with the checkpoints it has", r.step, r.err))
	}
	return nil
}

// prune removes checkpoints beyond the limit: never a milestone, the best
// evaluated one, or one of which a result is still to come.
func (t *Trainer) prune() error {
	limit := t.save.Checkpoint.SaveTotalLimit
	if t.save.Root == "" || limit == 0 || !t.saver.has || t.saver.tidy {
		return nil
	}
	t.saver.tidy = true
	best := t.best()
	_, err := checkpoint.Prune(t.save.Root, limit, func(step int) bool {
		return step == best || t.save.Checkpoint.Milestone(step)
	})
	if err != nil {
		t.observer.Note(fmt.Sprintf("%v; the run goes on", err))
	}
	return nil
}

// best is the step with a checkpoint that had the lowest held-out loss, -1 for
// none.
func (t *Trainer) best() int {
	entries, err := checkpoint.List(t.save.Root)
	if err != nil {
		return -1
	}
	step, lowest := -1, math.Inf(1)
	for _, e := range entries {
		if loss, ok := t.saver.evals[e.Step]; ok && e.Problem == nil && loss < lowest {
			step, lowest = e.Step, loss
		}
	}
	return step
}
