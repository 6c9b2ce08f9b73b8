package dash

import (
	"math"
	"slices"
	"sort"
)

// maxPoints is how many points of a curve are kept in memory. One that grows longer is
// thinned to half, keeping its extremes: the older part twice, and so on.
const maxPoints = 1 << 16

// series is one curve: values by step, in the order of the log. Steps do not fall.
type series struct {
	steps   []int64
	values  []float64
	thinned bool
	// even curves are parts of a whole: all are shown at the same steps, so that they
	// add up, rather than each at its own extremes.
	even bool
}

func (s *series) add(step int64, v float64) {
	s.steps = append(s.steps, step)
	s.values = append(s.values, v)
	if len(s.steps) <= maxPoints {
		return
	}
	keep := s.reduced(0, maxPoints/2)
	s.steps, s.values = pick(s.steps, keep), pick(s.values, keep)
	s.thinned = true
}

// reduced returns the indices of at most n points from index from on that show the
// curve.
func (s *series) reduced(from, n int) []int {
	var keep []int
	if s.even {
		keep = evenly(s.steps[from:], n)
	} else {
		keep = reduce(s.steps[from:], s.values[from:], n)
	}
	for i := range keep {
		keep[i] += from
	}
	return keep
}

// evenly returns the indices of at most n (at least 5) points: the first of each of equal
// stretches of steps, and the last of all.
func evenly(steps []int64, n int) []int {
	n = max(n, leastPoints)
	if len(steps) <= n {
		return upTo(len(steps))
	}
	last := len(steps) - 1
	stretchOf := stretches(steps, n-1)
	keep := []int{0}
	for i := 1; i < last; i++ {
		if stretchOf(i) != stretchOf(i-1) {
			keep = append(keep, i)
		}
	}
	return append(keep, last)
}

// upTo returns the indices below n.
func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// stretches cuts the range of steps into n equal stretches and returns the function that
// tells which one an index lies in. In floating point, as the product of two step
// numbers may not fit 64 bits.
func stretches(steps []int64, n int) func(i int) int {
	scale := float64(n) / (float64(steps[len(steps)-1]-steps[0]) + 1)
	return func(i int) int { return min(n-1, int(float64(steps[i]-steps[0])*scale)) }
}

// cut drops the points of step and later ones.
func (s *series) cut(step int64) {
	n := sort.Search(len(s.steps), func(i int) bool { return s.steps[i] >= step })
	s.steps, s.values = s.steps[:n], s.values[:n]
}

// last returns the newest value.
func (s *series) last() (float64, bool) {
	if len(s.values) == 0 {
		return 0, false
	}
	return s.values[len(s.values)-1], true
}

// average is the state of an exponential moving average that starts without a bias:
// the weighted sum of the values so far, and the sum of the weights.
type average struct{ sum, weight float64 }

// smooth returns the exponential moving average of values, and its state after the
// last. Values that are not finite are passed over. The whole curve is averaged before
// any point is left out, so that the result does not change with the points shown.
func smooth(values []float64, keep float64) ([]float64, average) {
	out := make([]float64, len(values))
	var a average
	for i, v := range values {
		if isFinite(v) {
			a.sum = keep*a.sum + (1-keep)*v
			a.weight = keep*a.weight + (1 - keep)
		}
		out[i] = math.NaN()
		if a.weight > 0 {
			out[i] = a.sum / a.weight
		}
	}
	return out, a
}

// leastPoints is the smallest number that reduce can keep its promises with: first,
// last, lowest, highest, one that is not finite.
const leastPoints = 5

// reduce returns the indices of at most n (at least 5) points that show the curve: the
// first and the last, and of each of equal stretches of steps the lowest and the highest
// point and, if there is one, the first that is not finite. Indices rise.
func reduce(steps []int64, values []float64, n int) []int {
	n = max(n, leastPoints)
	count := len(steps)
	if count <= n {
		return upTo(count)
	}
	perStretch := 2
	if slices.ContainsFunc(values, func(v float64) bool { return !isFinite(v) }) {
		perStretch = 3
	}
	stretchOf := stretches(steps, (n-2)/perStretch)
	keep := make([]int, 0, n)
	keep = append(keep, 0)
	for i := 1; i < count-1; {
		end := i + 1
		for end < count-1 && stretchOf(end) == stretchOf(i) {
			end++
		}
		keep = append(keep, extremes(values, i, end)...)
		i = end
	}
	return append(keep, count-1)
}

// extremes returns the indices in [from, to) of the lowest, the highest and the first
// value that is not finite, rising, each once.
func extremes(values []float64, from, to int) []int {
	low, high, odd := -1, -1, -1
	for i := from; i < to; i++ {
		switch v := values[i]; {
		case !isFinite(v):
			if odd < 0 {
				odd = i
			}
		default:
			if low < 0 || v < values[low] {
				low = i
			}
			if high < 0 || v > values[high] {
				high = i
			}
		}
	}
	found := []int{low, high, odd}
	slices.Sort(found)
	found = slices.Compact(found)
	if found[0] < 0 {
		found = found[1:]
	}
	return found
}

// pick returns the elements of s at the given indices.
func pick[T any](s []T, at []int) []T {
	out := make([]T, len(at))
	for i, k := range at {
		out[i] = s[k]
	}
	return out
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
