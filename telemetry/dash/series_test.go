package dash

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The reduction keeps at most n points, in order, with the first, the last, the lowest
// and the highest, and shows whether something was not finite.
func TestReduceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(
			rapid.Float64Range(-1e6, 1e6), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0}),
		), 0, 400).Draw(t, "values")
		steps := make([]int64, len(values))
		step := int64(0)
		for i := range steps {
			step += rapid.SampledFrom([]int64{0, 1, 1, 1, 10, 1000}).Draw(t, "by")
			steps[i] = step
		}
		n := rapid.IntRange(leastPoints, 60).Draw(t, "n")
		keep := reduce(steps, values, n)
		if len(keep) > n || len(keep) > len(values) || len(values) <= n && len(keep) != len(values) {
			t.Fatalf("%d of %d points are kept, at most %d were asked for", len(keep), len(values), n)
		}
		for i := 1; i < len(keep); i++ {
			if keep[i] <= keep[i-1] {
				t.Fatalf("out of order: %v", keep)
			}
		}
		if len(values) == 0 {
			return
		}
		if keep[0] != 0 || keep[len(keep)-1] != len(values)-1 {
			t.Fatalf("the ends are lost: %v", keep)
		}
		low, high, odd := span(values)
		l, h, o := span(pick(values, keep))
		if low != l || high != h || odd != o {
			t.Fatalf("%v to %v, odd %v became %v to %v, odd %v", low, high, odd, l, h, o)
		}
	})
}

func span(values []float64) (low, high float64, odd bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if isFinite(v) {
			low, high = min(low, v), max(high, v)
		} else {
			odd = true
		}
	}
	return low, high, odd
}

// A spike of one point stays, wherever it is.
func TestReduceKeepsASpike(t *testing.T) {
	const n = 10000
	for _, at := range []int{1, 777, n - 2} {
		steps, values := make([]int64, n), make([]float64, n)
		for i := range steps {
			steps[i] = int64(i)
		}
		values[at] = 9
		if keep := reduce(steps, values, 50); !slices.Contains(keep, at) || len(keep) < 25 {
			t.Errorf("a spike at %d is lost: %v", at, keep)
		}
	}
}

// The average starts at the first value and is the weighted mean by its definition.
func TestSmooth(t *testing.T) {
	values := []float64{4, 2, math.NaN(), 8, math.Inf(1), 1}
	const keep = 0.7
	got, state := smooth(values, keep)
	for i := range values {
		sum, weight, power := 0.0, 0.0, 1.0
		for j := i; j >= 0; j-- {
			if isFinite(values[j]) {
				sum, weight, power = sum+power*values[j], weight+power, power*keep
			}
		}
		if math.Abs(got[i]-sum/weight) > 1e-12 {
			t.Errorf("value %d is %v, want %v", i, got[i], sum/weight)
		}
	}
	if end := state.sum / state.weight; end != got[len(got)-1] {
		t.Errorf("the state is %v, the last value %v", end, got[len(got)-1])
	}
}

// Shares of a whole are shown at the same steps, so that they still add up, however
// they were thinned.
func TestSharesAddUp(t *testing.T) {
	r := newRun("r", "")
	const n = 2*maxPoints + 77
	for i := range n {
		a := float64(i*7919%1000) / 1000
		r.take(news{records: []record{{step: int64(i), tags: []string{prefixShare + "a", prefixShare + "b"}, values: []float64{a, 1 - a}}}})
	}
	for _, q := range []seriesQuery{{after: -1, points: 100}, {after: n / 2, points: 33, smooth: 0.9}} {
		c, err := curvesOf(r, q)
		if err != nil {
			t.Fatal(err)
		}
		a, b := c[prefixShare+"a"], c[prefixShare+"b"]
		if len(a.Steps) > q.points || len(a.Steps) < q.points*9/10 || !slices.Equal(a.Steps, b.Steps) || a.Steps[len(a.Steps)-1] != n-1 || a.Steps[0] <= q.after {
			t.Fatalf("steps %v and %v", a.Steps, b.Steps)
		}
		for i := range a.Values {
			if math.Abs(a.Values[i]+b.Values[i]-1) > 1e-9 || q.smooth > 0 && math.Abs(a.Smooth[i]+b.Smooth[i]-1) > 1e-9 {
				t.Fatalf("at step %d they are %v and %v", a.Steps[i], a.Values[i], b.Values[i])
			}
		}
	}
}

func TestSeriesStaysBounded(t *testing.T) {
	var s series
	const n = 3*maxPoints + 5
	for i := range n {
		v := float64(i % 100)
		if i == 1234 {
			v = 1e9
		}
		s.add(int64(i), v)
	}
	if len(s.steps) > maxPoints || !s.thinned {
		t.Errorf("%d points are kept", len(s.steps))
	}
	if !slices.Contains(s.values, 1e9) || s.steps[0] != 0 || s.steps[len(s.steps)-1] != n-1 {
		t.Error("thinning lost an extreme or an end")
	}
}

func TestTakeLeavesAnAbandonedBranch(t *testing.T) {
	r := newRun("r", "")
	at := func(step int64, v float64) record {
		return record{step: step, tags: []string{"a"}, values: []float64{v}}
	}
	r.take(news{records: []record{at(1, 1), at(2, 2), at(3, 3)}})
	generation := r.generation
	r.take(news{records: []record{at(2, 20)}})
	if s := r.series["a"]; !slices.Equal(s.steps, []int64{1, 2}) || s.values[1] != 20 || r.generation == generation {
		t.Errorf("%+v, generation %d", s, r.generation)
	}
}
