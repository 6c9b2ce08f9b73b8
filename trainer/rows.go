package trainer

import (
	"errors"
	"fmt"
)

// RowsPerStep is the number of rows of a full step: what memory is planned for.
func (c Config) RowsPerStep() int {
	return c.PerDeviceTrainBatchSize * c.GradientAccumulationSteps
}

// validateRamp reports what is impossible about batch_ramp.
func (c Config) validateRamp() error {
	var errs []error
	for i, b := range c.BatchRamp {
		switch {
		case i == 0 && b.FromStep != 0:
			errs = append(errs, fmt.Errorf("batch_ramp[0].from_step is %d; the first entry begins at 0", b.FromStep))
		case i > 0 && b.FromStep <= c.BatchRamp[i-1].FromStep:
			errs = append(errs, fmt.Errorf("batch_ramp[%d].from_step is %d; it must be greater than %d, that of the entry before", i, b.FromStep, c.BatchRamp[i-1].FromStep))
		}
		if b.Rows < 1 || b.Rows > c.RowsPerStep() {
			errs = append(errs, fmt.Errorf("batch_ramp[%d].rows is %d; it must be from 1 to %d, which is per_device_train_batch_size x gradient_accumulation_steps", i, b.Rows, c.RowsPerStep()))
		}
	}
	return errors.Join(errs...)
}

// Rows says how many rows every step of a run has, as the line of history has
// them: entries that a checkpoint brings along come before those of the
// configuration.
type Rows []BatchStep

// NewRows returns the rows of a run that begins with step 1.
func NewRows(c Config) Rows {
	if len(c.BatchRamp) == 0 {
		return Rows{{FromStep: 0, Rows: c.RowsPerStep()}}
	}
	var r Rows
	for _, b := range c.BatchRamp {
		r = r.add(b)
	}
	return r
}

// add appends an entry that changes something: equal runs have equal lists.
func (r Rows) add(b BatchStep) Rows {
	if n := len(r); n > 0 && r[n-1].Rows == b.Rows {
		return r
	}
	return append(r, b)
}

// After returns the rows of a run that has done steps by r and goes on by next.
// Where they agree the result is next itself, so that a run that was stopped has
// the rows of one that was not.
func (r Rows) After(done int, next Rows) Rows {
	var out Rows
	for _, b := range r {
		if b.FromStep < done {
			out = append(out, b)
		}
	}
	if len(out) == 0 {
		return next
	}
	out = out.add(BatchStep{FromStep: done, Rows: next.At(done + 1)})
	for _, b := range next {
		if b.FromStep > done {
			out = out.add(b)
		}
	}
	return out
}

// At returns the rows of a step, counted from 1.
func (r Rows) At(step int) int {
	n := r[0].Rows
	for _, b := range r {
		if b.FromStep < step {
			n = b.Rows
		}
	}
	return n
}

// Before returns the rows of all steps up to and including the one given.
func (r Rows) Before(step int) int64 {
	var n int64
	for i, b := range r {
		end := step
		if i+1 < len(r) {
			end = min(step, r[i+1].FromStep)
		}
		n += int64(max(0, end-b.FromStep)) * int64(b.Rows)
	}
	return n
}

// Steps returns the number of whole steps that rows are enough for when done
// steps lie behind: done plus those that the rest makes, and what is left over.
func (r Rows) Steps(done int, rows int64) (total int, left int64) {
	for i, b := range r {
		if i+1 < len(r) && r[i+1].FromStep <= done {
			continue
		}
		n := rows / int64(b.Rows)
		if i+1 < len(r) {
			n = min(n, int64(r[i+1].FromStep-done))
		}
		done += int(n)
		rows -= n * int64(b.Rows)
		if i+1 < len(r) && done < r[i+1].FromStep {
			break
		}
	}
	return done, rows
}
