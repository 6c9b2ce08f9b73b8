package rng

import "math/bits"

// Stream is one named sequence of random numbers. It is not safe for use by
// several goroutines; give each its own with [Stream.At].
type Stream struct {
	seed  uint64
	name  string
	lane  uint64
	next  uint64 // index of the next draw
	spare uint64 // the second half of block next/2, when next is odd
	ready bool   // spare holds it
}

// New returns the stream of a seed and a name, at index 0. The same pair gives
// the same values for ever; the name says what the numbers are for, for
// instance "init/model.embed_tokens.weight".
func New(seed uint64, name string) *Stream {
	return &Stream{seed: seed, name: name, lane: laneOf(name)}
}

// At returns a stream with the same values whose next draw is the one of index
// i. The receiver does not move.
func (s *Stream) At(i uint64) *Stream {
	return &Stream{seed: s.seed, name: s.name, lane: s.lane, next: i}
}

// State is all there is to a stream: enough to continue it elsewhere.
type State struct {
	Seed  uint64 `json:"seed"`
	Name  string `json:"name"`
	Index uint64 `json:"index"` // of the next draw
}

// State returns where the stream stands.
func (s *Stream) State() State {
	return State{Seed: s.seed, Name: s.name, Index: s.next}
}

// FromState continues a stream.
func FromState(st State) *Stream { return New(st.Seed, st.Name).At(st.Index) }

// Uint64 returns 64 random bits.
func (s *Stream) Uint64() uint64 {
	n := s.next
	s.next++
	if n%2 == 1 && s.ready {
		s.ready = false
		return s.spare
	}
	first, second := block(s.seed, s.lane, n/2)
	if n%2 == 1 {
		return second
	}
	s.spare, s.ready = second, true
	return first
}

// Float64 returns a multiple of 2^-53 in [0, 1).
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) * 0x1p-53 }

// Float32 returns a multiple of 2^-24 in [0, 1).
func (s *Stream) Float32() float32 { return float32(s.Uint64()>>40) * 0x1p-24 }

// NormFloat64 returns a number from the standard normal distribution, by
// inversion of its distribution function: one draw, one value, at most 8.21 in
// size.
func (s *Stream) NormFloat64() float64 {
	// The odd multiples of 2^-53 are symmetric about 1/2 and never 0 or 1.
	return normQuantile(float64(s.Uint64()>>12<<1|1) * 0x1p-53)
}

// IntN returns a number in [0, n) without bias (Lemire 2019, "Fast random
// integer generation in an interval"). It uses one index, rarely more. It
// panics if n <= 0.
func (s *Stream) IntN(n int) int {
	if n <= 0 {
		panic("rng: IntN: n is not positive")
	}
	hi, lo := bits.Mul64(s.Uint64(), uint64(n))
	if lo < uint64(n) {
		for threshold := -uint64(n) % uint64(n); lo < threshold; {
			hi, lo = bits.Mul64(s.Uint64(), uint64(n))
		}
	}
	return int(hi)
}

// Shuffle puts n things in random order by calling swap n-1 times or fewer
// (Fisher and Yates).
func (s *Stream) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		if j := s.IntN(i + 1); j != i {
			swap(i, j)
		}
	}
}

// Perm returns the numbers 0 to n-1 in random order.
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	s.Shuffle(n, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}
