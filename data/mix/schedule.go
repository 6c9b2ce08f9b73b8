package mix

import (
	"errors"
	"fmt"
	"math"
)

// Schedule shares draws among sources by weight: each draw goes to the source
// that is furthest behind weight*draws, the first among equals. After n draws
// every source is within a draw or so of its share, in an order that is the same
// on every machine.
type Schedule struct {
	weights []float64 // sum to 1
	counts  []int64
	draws   int64
}

// NewSchedule returns a schedule; weights are relative.
func NewSchedule(weights []float64) (*Schedule, error) {
	sum := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("mix: weight %d is %g; it must be finite and not negative", i, w)
		}
		sum += w
	}
	if sum == 0 {
		return nil, errors.New("mix: no source has a weight above zero")
	}
	s := &Schedule{weights: make([]float64, len(weights)), counts: make([]int64, len(weights))}
	for i, w := range weights {
		s.weights[i] = w / sum
	}
	return s, nil
}

// Next returns the source of the next draw.
func (s *Schedule) Next() int {
	s.draws++
	best, most := -1, math.Inf(-1)
	for i, w := range s.weights {
		if w == 0 {
			continue
		}
		if behind := w*float64(s.draws) - float64(s.counts[i]); behind > most {
			best, most = i, behind
		}
	}
	s.counts[best]++
	return best
}

// Counts returns how often each source was drawn; it is the schedule's state.
func (s *Schedule) Counts() []int64 { return append([]int64(nil), s.counts...) }

// Restore sets the counts.
func (s *Schedule) Restore(counts []int64) error {
	if len(counts) != len(s.counts) {
		return fmt.Errorf("mix: state of %d sources for a schedule of %d", len(counts), len(s.counts))
	}
	s.draws = 0
	for i, c := range counts {
		if c < 0 {
			return fmt.Errorf("mix: count %d is negative", i)
		}
		s.counts[i] = c
		s.draws += c
	}
	return nil
}
