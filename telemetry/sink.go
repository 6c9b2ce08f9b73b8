package telemetry

import (
	"errors"
	"fmt"
)

// The names that dashboards expect.
const (
	TagLoss         = "train/loss"
	TagLearningRate = "train/learning_rate"
	TagGradNorm     = "train/grad_norm"
	TagEpoch        = "train/epoch"
	TagGlobalStep   = "train/global_step"
	TagTokensPerSec = "train/tokens_per_second"
	TagPeakShare    = "train/peak_share"
	TagDataWait     = "train/data_wait"
	TagLossZ        = "train/loss_z"
	TagGradNormZ    = "train/grad_norm_z"
	TagTokens       = "train/tokens"      // seen so far
	TagRow          = "train/row"         // of the epoch: the step's first
	TagSupervised   = "train/supervised"  // tokens of the step
	TagSkipped      = "train/skipped"     // 1 where a step was not finite and left out
	TagETA          = "train/eta_seconds" // at the mean pace so far
	TagGradShare    = "train/grad_share"  // of the squared norm; a group's name follows after a slash
	TagEvalLoss     = "eval/loss"         // a source's name may follow after a slash, as in train/loss
	TagEvalBPB      = "eval/bits_per_byte"
)

// Scalar is one measured number.
type Scalar struct {
	Tag   string // "train/loss"
	Value float64
}

// Sink stores scalars. Log must not keep the slice. A Sink is used by one
// goroutine at a time.
type Sink interface {
	// Log stores the scalars of a step. Steps count from 1 and do not fall.
	Log(step int, s []Scalar) error
	// Close flushes and closes. Log must not be called afterwards.
	Close() error
}

// Fan is a Sink that hands everything to several others. One that fails does
// not keep the rest from being written.
type Fan []Sink

// Log implements Sink.
func (f Fan) Log(step int, s []Scalar) error {
	return f.each("log", func(x Sink) error { return x.Log(step, s) })
}

// Close implements Sink.
func (f Fan) Close() error { return f.each("close", Sink.Close) }

func (f Fan) each(what string, do func(Sink) error) error {
	var errs []error
	for _, x := range f {
		if err := do(x); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("telemetry: %s: %w", what, errors.Join(errs...))
}
