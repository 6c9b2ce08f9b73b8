package optim

import (
	"fmt"
	"math"
)

// Schedule gives the learning rate of every step. Steps count from 1, as a
// person counts: a run of N steps is At(1) to At(N).
type Schedule struct {
	peak, low     float64
	warmup, total int
	shape         SchedulerType
}

// NewSchedule returns the schedule of c over a run of totalSteps. It refuses a
// warm-up that the run would not outlive, as the learning rate asked for would
// never be reached.
func NewSchedule(c Config, totalSteps int) (Schedule, error) {
	if err := c.Validate(); err != nil {
		return Schedule{}, fmt.Errorf("optim: %w", err)
	}
	if totalSteps <= 0 {
		return Schedule{}, fmt.Errorf("optim: the run has %d steps; it must have at least one", totalSteps)
	}
	if c.WarmupSteps >= totalSteps && c.WarmupSteps > 0 {
		return Schedule{}, fmt.Errorf("optim: warmup_steps is %d, but the run has only %d steps; use a shorter warm-up or more steps", c.WarmupSteps, totalSteps)
	}
	return Schedule{
		peak: c.LearningRate, low: c.LearningRate * c.MinLRRatio,
		warmup: c.WarmupSteps, total: totalSteps, shape: c.SchedulerType,
	}, nil
}

// At returns the learning rate of a step, counted from 1:
//
//	step <= warmup:  peak * step/warmup
//	cosine:          low + (peak-low) * (1+cos(pi*x))/2,  x = (step-warmup)/(total-warmup)
//	constant:        peak
//
// The last step has exactly the lowest rate, and steps after it keep it. A
// step below 1 counts as 1.
func (s Schedule) At(step int) float64 {
	step = min(max(step, 1), s.total)
	switch {
	case step <= s.warmup:
		return s.peak * (float64(step) / float64(s.warmup))
	case s.shape == Constant:
		return s.peak
	case step == s.total: // exact: the formula may miss by a rounding
		return s.low
	}
	x := float64(step-s.warmup) / float64(s.total-s.warmup)
	return s.low + (s.peak-s.low)*((1+math.Cos(math.Pi*x))/2)
}
