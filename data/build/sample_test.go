package build

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestWeightFormula(t *testing.T) {
	c := SampleConfig{QualityPower: 2, ClusterPower: 0.5, Sources: map[string]float64{"book": 3, "none": 0}, MaxCopies: 8}
	for _, tc := range []struct {
		source  string
		quality float64
		size    int64
		want    float64
	}{{"web", 0.5, 1, 1}, {"web", 1, 1, 4}, {"web", 0.25, 4, 0.5}, {"book", 0.5, 1, 3}, {"book", 1, 9, 8}, {"none", 1, 9, 0}} {
		if got := c.weight(tc.source, tc.quality, 0.5, tc.size); got != tc.want {
			t.Errorf("%s, quality %g, %d copies: weight %g, want %g", tc.source, tc.quality, tc.size, got, tc.want)
		}
	}
	if got := DefaultSample().weight("web", 0.01, 0.5, 1000); got != 1 {
		t.Errorf("by default a weight is %g", got)
	}
}

// The number of copies is the weight's floor or one more, and the weight on
// average.
func TestCopiesFollowTheWeight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Float64Range(0, 5).Draw(t, "weight")
		seed := rapid.Uint64().Draw(t, "seed")
		const docs = 2000
		sum := 0
		for i := range docs {
			n := copiesOf(w, fmt.Sprint(i), seed)
			if n < int(w) || n > int(w)+1 {
				t.Fatalf("weight %g gives %d copies", w, n)
			}
			sum += n
		}
		if mean, sd := float64(sum)/docs, 0.5/math.Sqrt(docs); math.Abs(mean-w) > 6*sd {
			t.Fatalf("weight %g gives %g copies on average", w, mean)
		}
	})
}
