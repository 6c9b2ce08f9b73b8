package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"huihai/checkpoint"
	"huihai/data"
)

// resume takes over the state of a checkpoint whose weights are loaded.
func (t *Trainer) resume(l *checkpoint.Loaded) error {
	if l.Optimizer == nil {
		return errors.New("the checkpoint holds the model only (save_only_model); start a new run from it with train.model_name_or_path instead")
	}
	if err := t.loadOptimizer(l); err != nil {
		return err
	}
	run := l.Trainer.Run
	if run.Seed != t.cfg.Seed {
		return fmt.Errorf("the checkpoint's seed is %d but train.seed is %d; set it to the former to continue that run", run.Seed, t.cfg.Seed)
	}
	var loader data.State
	if err := json.Unmarshal(run.DataLoader, &loader); err != nil {
		return fmt.Errorf("data loader state: %w", err)
	}
	if err := t.batches.Restore(loader); err != nil {
		return err
	}
	var ledger data.Ledger
	if err := json.Unmarshal(run.Ledger, &ledger); err != nil {
		return fmt.Errorf("token ledger: %w", err)
	}
	if err := ledger.Check(); err != nil {
		return err
	}
	var extra extraState
	if len(run.Extra) > 0 {
		if err := json.Unmarshal(run.Extra, &extra); err != nil {
			return fmt.Errorf("state of the loop: %w", err)
		}
	}
	if t.done = l.Trainer.GlobalStep; t.done > t.total {
		return fmt.Errorf("the checkpoint is of step %d but the run has %d; raise train.max_steps", t.done, t.total)
	}
	t.ledger, t.mishaps = ledger, extra.Mishaps
	t.saver.last, t.saver.has = t.done, true
	t.history = l.Trainer.LogHistory
	return nil
}

// SavedRows returns the rows of every step as a checkpoint has them, nil for one
// of an older program.
func SavedRows(l *checkpoint.Loaded) (Rows, error) {
	if len(l.Trainer.Run.Extra) == 0 {
		return nil, nil
	}
	var extra extraState
	if err := json.Unmarshal(l.Trainer.Run.Extra, &extra); err != nil {
		return nil, fmt.Errorf("%s: state of the loop: %w", l.Path, err)
	}
	return extra.Rows, nil
}

// reload goes back to a checkpoint of this run.
func (t *Trainer) reload(ctx context.Context, l *checkpoint.Loaded) error {
	if err := t.weights.Load(ctx, l.Model); err != nil {
		return err
	}
	if err := t.resume(l); err != nil {
		return fmt.Errorf("go back to %s: %w", l.Path, err)
	}
	return nil
}

// loadOptimizer reads the optimizer's tensors in pieces of whole rows, so that
// they are never held twice.
func (t *Trainer) loadOptimizer(l *checkpoint.Loaded) error {
	for _, dst := range t.opt.State() {
		x, err := l.Optimizer.Tensor(dst.Name)
		if err != nil {
			return fmt.Errorf("%w; the checkpoint is of another optimizer or froze other tensors: set optim.optimizer and optim.freeze as that run had them, or start a new run from the weights with train.model_name_or_path", err)
		}
		want, err := fileType(dst.Buf.Type)
		if err != nil {
			return err
		}
		if x.Len() != dst.Buf.Len || x.DType != want {
			return fmt.Errorf("%s has %d values of %s in the checkpoint; the optimizer has %d of %s", dst.Name, x.Len(), x.DType, dst.Buf.Len, want)
		}
		raw, size := x.Bytes(), int(dst.Buf.Type.Bytes(1))
		piece := x.Len()
		if s := dst.Shape; len(s) == 2 && s[1] > 0 {
			piece = max(1, saveChunk/(size*s[1])) * s[1]
		}
		for from := 0; from < x.Len(); from += piece {
			to := min(x.Len(), from+piece)
			if i := notFinite(dst.Buf.Type, raw[from*size:to*size]); i >= 0 {
				return fmt.Errorf("element %d of %s is not finite (%v)", from+i, dst.Name, float32At(raw[from*size:], i))
			}
			if err := t.opt.SetState(dst.Name, from, raw[from*size:to*size]); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckpointBytes returns what one checkpoint takes on disk.
func (t *Trainer) CheckpointBytes() (int64, error) {
	st, err := t.state(t.streamed)
	if err != nil {
		return 0, err
	}
	n, err := st.Size()
	if n < 0 || n == math.MaxInt64 {
		return 0, errors.New("trainer: a checkpoint is too large to count")
	}
	return n, err
}
