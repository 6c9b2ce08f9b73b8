package mix

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Schedule shares draws among sources by weight so that after every draw each of
// k sources is within 1-1/(2k-2) of weight*draws. A draw goes to the source that
// would first be too far behind, of those that are behind by 1/(2k-2) or more
// (Tijdeman 1980, "The chairman assignment problem"). Taking the source that is
// furthest behind, as is usual, can be more than one draw off.
//
// Weights are rounded to whole numbers and all is reckoned in integers, so that the
// order is the same on every machine, however many draws there are.
type Schedule struct {
	weights []int64
	sum     int64
	counts  []int64 // since the last time that all shares were exact
	draws   int64
	active  int64 // weights above 0
}

// weightScale is what weights are rounded to: they sum to about this.
const weightScale = 1 << 30

// NewSchedule returns a schedule; weights are relative. One above 0 is taken as at
// least the 2^-30th of their sum.
func NewSchedule(weights []float64) (*Schedule, error) {
	most := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("mix: weight %d is %g; it must be finite and not negative", i, w)
		}
		most = max(most, w)
	}
	if most == 0 {
		return nil, errors.New("mix: no source has a weight above zero")
	}
	sum := 0.0
	for _, w := range weights {
		sum += w / most // the weights themselves may be too large to add up
	}
	s := &Schedule{weights: make([]int64, len(weights)), counts: make([]int64, len(weights))}
	for i, w := range weights {
		if w == 0 {
			continue
		}
		s.weights[i] = max(1, int64(math.Round(w/most/sum*weightScale)))
		s.sum += s.weights[i]
		s.active++
	}
	return s, nil
}

// Next returns the source of the next draw.
func (s *Schedule) Next() int {
	s.draws++
	best, bestSlack := -1, int64(0)
	for i, w := range s.weights {
		if w == 0 {
			continue
		}
		slack, ready := s.slack(i)
		if ready && (best < 0 || sooner(slack, w, bestSlack, s.weights[best])) {
			best, bestSlack = i, slack
		}
	}
	s.counts[best]++
	if s.draws == s.sum { // every count is its weight: begin again, so that nothing overflows
		s.draws = 0
		clear(s.counts)
	}
	return best
}

// slack returns how far source i may still fall behind, times sum*(2k-2), and
// whether it is behind enough to be drawn now.
func (s *Schedule) slack(i int) (slack int64, ready bool) {
	behind := s.weights[i]*s.draws - s.counts[i]*s.sum
	if s.active == 1 {
		return 0, true
	}
	scaled := behind * (2*s.active - 2)
	return s.sum*(2*s.active-3) - scaled, scaled >= s.sum
}

// sooner tells whether a slack used up at the rate wa ends before another at wb.
func sooner(a, wa, b, wb int64) bool {
	if a < 0 || b < 0 {
		return a < b
	}
	ha, la := bits.Mul64(uint64(a), uint64(wb))
	hb, lb := bits.Mul64(uint64(b), uint64(wa))
	return ha < hb || ha == hb && la < lb
}

// Counts returns how often each source was drawn since all shares were last exact;
// it is the schedule's state.
func (s *Schedule) Counts() []int64 { return append([]int64(nil), s.counts...) }

// Restore sets the counts. Counts that no schedule of these weights comes to are
// an error.
func (s *Schedule) Restore(counts []int64) error {
	if len(counts) != len(s.counts) {
		return fmt.Errorf("mix: state of %d sources for a schedule of %d", len(counts), len(s.counts))
	}
	draws := int64(0)
	for i, c := range counts {
		if c < 0 || c > s.weights[i] {
			return fmt.Errorf("mix: count %d is %d; it must be from 0 to %d", i, c, s.weights[i])
		}
		draws += c
	}
	if draws >= s.sum {
		return fmt.Errorf("mix: %d draws; the counts begin again at %d", draws, s.sum)
	}
	for i, c := range counts {
		if off := s.weights[i]*draws - c*s.sum; off >= s.sum || off <= -s.sum {
			return fmt.Errorf("mix: count %d is %d of %d draws, which is not its share", i, c, draws)
		}
	}
	copy(s.counts, counts)
	s.draws = draws
	return nil
}
