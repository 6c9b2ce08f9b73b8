package telemetry

import (
	"math"
	"slices"
)

// DefaultWindow is the number of values that llm.c's outlier detector looks
// back on.
const DefaultWindow = 128

// ZScore tells how far each new value lies from those before it, in standard
// deviations over a sliding window, the new value included (llmc/
// outlier_detector.h). A loss with a score above about 6 is a spike.
type ZScore struct {
	window []float64 // ring of the last values
	next   int       // where the next value goes, once the ring is full
	size   int
}

// NewZScore returns a score over the given number of values, at least 2. past
// are values that were seen before, as [ZScore.Values] returns them: a run that
// resumes goes on with the same scores.
func NewZScore(window int, past ...float64) *ZScore {
	z := &ZScore{size: max(window, 2)}
	for _, v := range past {
		z.Add(v)
	}
	return z
}

// Add takes a value and returns its score: NaN until the window is full, and 0
// when all values are equal. A value that is not finite gets a score of NaN and
// does not enter the window, which it would spoil.
func (z *ZScore) Add(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return math.NaN()
	}
	if len(z.window) < z.size {
		z.window = append(z.window, v)
	} else {
		z.window[z.next] = v
		z.next = (z.next + 1) % z.size
	}
	if len(z.window) < z.size {
		return math.NaN()
	}
	// Summed anew each time: running sums drift.
	n := float64(z.size)
	var sum, square float64
	for _, x := range z.window {
		sum += x
	}
	mean := sum / n
	for _, x := range z.window {
		square += (x - mean) * (x - mean)
	}
	if square == 0 {
		return 0
	}
	return (v - mean) / math.Sqrt(square/n)
}

// Values returns a copy of the window, the oldest value first.
func (z *ZScore) Values() []float64 {
	return slices.Concat(z.window[z.next:], z.window[:z.next])
}
