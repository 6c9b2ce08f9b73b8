package mix

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The estimate is that of the draws, within two for every change of weights, and its
// counts add up.
func TestEstimate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sources := rapid.IntRange(1, 6).Draw(t, "sources")
		seg := segments(t, sources)
		n := rapid.IntRange(0, 400).Draw(t, "draws")
		m, err := NewMixer(seg)
		if err != nil {
			t.Fatal(err)
		}
		drawn := int64(len(take(m, n)))
		got, err := Estimate(seg, int64(n))
		if err != nil {
			t.Fatal(err)
		}
		sum, off := int64(0), 2.0*float64(len(seg)*(sources+1))
		for i, k := range got {
			sum += k
			if math.Abs(float64(k-m.drawn[i])) > off {
				t.Fatalf("source %d is estimated at %d of %d draws, it was drawn %d times", i, k, n, m.drawn[i])
			}
		}
		// Where a source ends a draw sooner, a segment may find all sources ended
		// that the draws do not; else nothing is lost.
		if drawn == int64(n) && sum != drawn && !ends(seg) {
			t.Fatalf("the counts %v add up to %d of %d draws", got, sum, drawn)
		}
	})
	huge, err := Estimate([]Segment{{Weights: []float64{1, 2, 1}, Limits: []int64{-1, -1, 1000}}}, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	if huge[2] != 1000 || huge[0]+huge[1]+huge[2] != math.MaxInt64-1 || math.Abs(float64(huge[1])/float64(huge[0])-2) > 1e-8 {
		t.Errorf("of the most draws there can be: %v", huge)
	}
}

// ends tells whether the draws can end.
func ends(seg []Segment) bool {
	return slices.ContainsFunc(seg, func(s Segment) bool { return s.Limits != nil })
}
