package mix

import (
	"math"
	"math/bits"
)

// Estimate counts the first draws of a [Mixer] of the segments by source, without
// drawing: in time that depends on the number of sources and segments only. Each
// time that a segment begins or a source reaches its limit, a count may be off by
// one or two more. Fewer draws come where the mixer ends before.
func Estimate(segments []Segment, draws int64) ([]int64, error) {
	m, err := NewMixer(segments)
	if err != nil {
		return nil, err
	}
	draws = min(draws, math.MaxInt64-1) // the greatest number stands for no end
	for m.draws < draws && !m.Ended() {
		m.leap(draws)
		if m.draws == m.end() || m.spent() {
			m.turn()
		}
	}
	return m.drawn, nil
}

// spent tells whether a source of the phase has reached its limit.
func (m *Mixer) spent() bool {
	for i, w := range m.schedule.weights {
		if w > 0 && m.left(i) == 0 {
			return true
		}
	}
	return false
}

// leap draws by shares to the end of the phase, but not beyond draws. It goes on by
// one draw or more.
func (m *Mixer) leap(draws int64) {
	n, sum := min(draws, m.end())-m.draws, m.schedule.sum
	for i, w := range m.schedule.weights {
		if left := m.left(i); w > 0 && left < math.MaxInt64 {
			n = min(n, max(1, share(left, sum, w)))
		}
	}
	// Each takes what is due up to it and was not taken before, so that the counts
	// add up, but not more than is left of it: that goes to those after it.
	var seen, taken int64
	for i, w := range m.schedule.weights {
		if w == 0 {
			continue
		}
		seen += w
		k := min(share(n, seen, sum)-taken, m.left(i))
		m.drawn[i] += k
		taken += k
	}
	for i := 0; taken == 0; i++ { // the last sources had nothing left for the one draw
		if m.schedule.weights[i] > 0 && m.left(i) > 0 {
			m.drawn[i]++
			taken++
		}
	}
	m.draws += taken
}

// share returns a*b/c, rounded, and the greatest number where it does not fit.
func share(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	lo, carry := bits.Add64(lo, uint64(c/2), 0)
	if hi += carry; hi >= uint64(c) {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(min(q, math.MaxInt64))
}
