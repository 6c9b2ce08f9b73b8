package runs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"huihai/internal/memlimit"
	"huihai/internal/vfs"
	"huihai/telemetry"
	"huihai/trainer"
)

// Check is something that was looked at before the first step.
type Check struct {
	What   string `json:"what"`
	Result string `json:"result"`
}

func (r *run) checked(what, format string, a ...any) {
	r.checks = append(r.checks, Check{what, fmt.Sprintf(format, a...)})
}

// preflight plans the memory and looks at the data that the run will see, before
// anything is allocated.
func (r *run) preflight(ctx context.Context) error {
	r.checked("tokenizer", "%s pieces, SHA-256 %.12s as in the data set's manifest", telemetry.Grouped(int64(r.set.manifest.VocabSize)), r.set.manifest.Tokenizer)
	limit, from := MemoryLimit()
	r.limit = limit
	r.setup.Device, r.setup.MemoryLimit = r.dev, limit
	plan, err := trainer.PlanRun(r.setup.PlanInput())
	if err != nil {
		return err
	}
	fits := "of memory is planned; what the machine has is unknown"
	if limit > 0 {
		fits = fmt.Sprintf("planned of %s (%s)", telemetry.Bytes(limit), from)
	}
	r.checked("memory", "%s %s", telemetry.Bytes(plan.PeakBytes), fits)
	if err := r.checkFirstStep(ctx); err != nil {
		return err
	}
	return r.checkRepeats()
}

// MemoryLimit is the memory there is for a run in bytes and what says so, 0 when
// it is unknown.
func MemoryLimit() (int64, string) {
	info, err := memlimit.Limit()
	if err != nil {
		return 0, ""
	}
	return info.Available, info.Source
}

// checkFirstStep reads the rows of the first step: there must be something to
// learn in them. Every row is of the same length, so that the first step takes as
// much memory as any.
func (r *run) checkFirstStep(ctx context.Context) error {
	l := r.set.loader
	place := l.State()
	if s := r.start.resume; s != nil {
		var err error
		if place, err = loaderState(s); err != nil {
			return err
		}
		if err := l.Restore(place); err != nil {
			return err
		}
	}
	b, err := l.Next(ctx, r.rows.At(r.startStep()+1))
	if err != nil {
		return fmt.Errorf("read the first step: %w", err)
	}
	supervised, read := b.Ledger.Trained, b.Ledger.Read
	if supervised == 0 {
		return fmt.Errorf("the first step has %d tokens and none of them carries a label: there is nothing to learn from; look at the data with: train data inspect %s", read, r.set.dir)
	}
	r.checked("supervised tokens", "%s of %s in the first step (%.1f%%)", telemetry.Grouped(supervised), telemetry.Grouped(read), 100*float64(supervised)/float64(read))
	return l.Restore(place)
}

// startStep is the number of steps done before the run begins.
func (r *run) startStep() int {
	if r.start.resume == nil {
		return 0
	}
	return r.start.resume.Trainer.GlobalStep
}

// checkRepeats tells how often the run draws the rows of each source.
func (r *run) checkRepeats() error {
	repeats, err := r.set.loader.Repeats(r.rows.Before(r.steps))
	if err != nil {
		return err
	}
	var parts []string
	for i, s := range repeats {
		passes := fmt.Sprintf("%.2f", s.Passes)
		name := s.Source
		switch {
		case name == "" || len(repeats) == 1:
			parts = append(parts, passes)
		case i > 0 && strings.HasSuffix(parts[len(parts)-1], " "+passes):
			parts[len(parts)-1] = strings.TrimSuffix(parts[len(parts)-1], " "+passes) + ", " + name + " " + passes
		default:
			parts = append(parts, name+" "+passes)
		}
		if s.Passes > 4 {
			r.note(fmt.Sprintf("source %s is drawn %.1f times; beyond about four passes repeated text teaches little", name, s.Passes))
		}
	}
	r.checked("passes over the data", "%s", strings.Join(parts, "; "))
	return nil
}

// checkSpace compares what all planned saves take with what is free.
func (r *run) checkSpace() error {
	if r.dir == nil || r.trainer.StepsDone() >= r.steps {
		return nil
	}
	size, err := r.trainer.CheckpointBytes()
	if err != nil {
		return err
	}
	n := r.plannedCheckpoints()
	if size > math.MaxInt64/int64(n) {
		return errors.New("the planned checkpoints are larger than any disk; raise checkpoint.save_steps")
	}
	need := size * int64(n)
	free, err := vfs.OS{}.Free(r.dir.Path())
	if err != nil {
		return nil // without an answer the saves themselves will tell
	}
	if free < need {
		return fmt.Errorf("%d checkpoints of %s are planned, %s in all, but %s has %s free; set checkpoint.save_total_limit, raise checkpoint.save_steps, or name another train.output_dir",
			n, telemetry.Bytes(size), telemetry.Bytes(need), r.dir.Path(), telemetry.Bytes(free))
	}
	r.checked("disk", "%d checkpoints of %s planned, %s free", n, telemetry.Bytes(size), telemetry.Bytes(free))
	return nil
}

// plannedCheckpoints is the most checkpoints that lie in the folder at a time
// from now on, the one being written included.
func (r *run) plannedCheckpoints() int {
	c := r.Config.Checkpoint
	plain, milestones := 1, 0 // the last step is saved in any case
	for step := r.trainer.StepsDone() + 1; step < r.steps; step++ {
		switch {
		case c.Milestone(step):
			milestones++
		case c.Due(step):
			plain++
		}
	}
	if c.SaveTotalLimit > 0 {
		plain = min(plain, c.SaveTotalLimit+2) // the best, and the one before that goes after the new one is whole
	}
	return plain + milestones
}

// rehearse runs the first step up to its update and leaves everything as it was.
func (r *run) rehearse(ctx context.Context) (*Summary, error) {
	rec, err := r.trainer.Rehearse(ctx)
	if err != nil {
		return nil, fmt.Errorf("rehearsal of the first step: %w", err)
	}
	r.checked("gradient", "finite, norm %.4g; loss %.4f where a uniform guess has %.4f", rec.GradNorm, rec.Loss, math.Log(float64(r.start.model.VocabSize)))
	for _, g := range rec.Groups {
		if g.Share == 0 {
			r.note(fmt.Sprintf("the gradient of group %s is exactly zero in the first step", g.Group))
		}
	}
	return &Summary{
		RunID: r.setup.Save.Run.RunID, DryRun: true, OutputDir: r.Config.Train.OutputDir, Checks: r.checks, Steps: r.startStep(), TotalSteps: r.steps,
		Parameters: r.trainer.Plan().Parameters, PlannedBytes: r.trainer.Plan().PeakBytes,
		Loss: LossRange{First: rec.Loss, Last: rec.Loss}, GradNorm: rec.GradNorm,
	}, nil
}
