package optim

import (
	"fmt"
	"math"
)

// Schedule gives the learning rate of every step. Steps count from 1, as a
// person counts: a run of N steps is At(1) to At(N).
type Schedule struct {
	peak, low float64
	warmup    int // steps up to the highest rate
	from      int // the step after which the decay begins
	total     int
	power     float64
	shape     SchedulerType
	decay     DecayType
}

// NewSchedule returns the schedule of c over a run of totalSteps. It refuses a
// warm-up that the run would not outlive, as the learning rate asked for would
// never be reached, and a decay that would begin before the warm-up ends.
func NewSchedule(c Config, totalSteps int) (Schedule, error) {
	if err := c.Validate(); err != nil {
		return Schedule{}, fmt.Errorf("optim: %w", err)
	}
	if totalSteps <= 0 {
		return Schedule{}, fmt.Errorf("optim: the run has %d steps; it must have at least one", totalSteps)
	}
	warmup, decay := c.Warmup(totalSteps), c.LRDecay(totalSteps)
	if warmup >= totalSteps && warmup > 0 {
		if c.WarmupRatio > 0 {
			return Schedule{}, fmt.Errorf("optim: warmup_ratio is %v, which of %d steps is all; use a shorter warm-up or more steps", c.WarmupRatio, totalSteps)
		}
		return Schedule{}, fmt.Errorf("optim: warmup_steps is %d, but the run has only %d steps; use a shorter warm-up or more steps", warmup, totalSteps)
	}
	if c.SchedulerType == WarmupStableDecay && warmup+decay > totalSteps {
		return Schedule{}, fmt.Errorf("optim: the warm-up of %d steps and the decay of %d (lr_decay_steps, lr_decay_ratio) do not fit into the %d steps of the run; shorten one of them", warmup, decay, totalSteps)
	}
	s := Schedule{
		peak: c.LearningRate, low: c.LearningRate * c.MinLRRatio,
		warmup: warmup, from: warmup, total: totalSteps,
		power: c.LRPower, shape: c.SchedulerType, decay: c.LRDecayType,
	}
	if s.shape == WarmupStableDecay {
		s.from = totalSteps - decay
	}
	return s, nil
}

// Warmup returns the steps of the warm-up in a run of totalSteps.
func (c Config) Warmup(totalSteps int) int { return stepsOf(c.WarmupSteps, c.WarmupRatio, totalSteps) }

// LRDecay returns the steps of the last part of warmup_stable_decay in a run of
// totalSteps, 0 for the other schedules.
func (c Config) LRDecay(totalSteps int) int {
	if c.SchedulerType != WarmupStableDecay {
		return 0
	}
	return stepsOf(c.LRDecaySteps, c.LRDecayRatio, totalSteps)
}

// stepsOf rounds a share of the run up, as the Hugging Face trainer does.
func stepsOf(steps int, ratio float64, total int) int {
	if ratio > 0 {
		return int(math.Ceil(float64(total) * ratio))
	}
	return steps
}

// At returns the learning rate of a step, counted from 1:
//
//	step <= warmup:       peak * step/warmup
//	constant:             peak
//	cosine:               low + (peak-low) * (1+cos(pi*x))/2,  x = (step-warmup)/(total-warmup)
//	linear:               low + (peak-low) * (1-x)
//	polynomial:           low + (peak-low) * (1-x)^power
//	warmup_stable_decay:  peak until the decay, then low + (peak-low) * f(x) with
//	                      x = (step-from)/(total-from) and f(x) = (1+cos(pi*x))/2,
//	                      1-x or 1-sqrt(x)
//
// low is peak * min_lr_ratio. These are the formulas of transformers, whose steps
// count from 0, so that its first step has rate 0 and its last does not reach the
// lowest; its linear schedule always ends at 0, and its warmup_stable_decay begins
// at the lowest rate. Here the last step has exactly the lowest rate, and steps
// after it keep it. A step below 1 counts as 1.
func (s Schedule) At(step int) float64 {
	step = min(max(step, 1), s.total)
	switch {
	case step <= s.warmup:
		return s.peak * (float64(step) / float64(s.warmup))
	case s.shape == Constant || s.shape == ConstantWithWarmup || step <= s.from:
		return s.peak
	case step == s.total: // exact: the formula may miss by a rounding
		return s.low
	}
	x := float64(step-s.from) / float64(s.total-s.from)
	return s.low + float64((s.peak-s.low)*s.share(x)) // not fused, on any machine
}

// share returns how much of the way down is left at share x of the decay.
func (s Schedule) share(x float64) float64 {
	shape := s.shape
	if shape == WarmupStableDecay {
		switch s.decay {
		case LinearDecay:
			shape = Linear
		case OneMinusSqrtDecay:
			return 1 - math.Sqrt(x)
		default:
			shape = Cosine
		}
	}
	switch shape {
	case Linear:
		return 1 - x
	case Polynomial:
		return math.Pow(1-x, s.power)
	}
	return (1 + math.Cos(math.Pi*x)) / 2
}
