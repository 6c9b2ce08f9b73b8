package mix

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestPermutationIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 3000).Draw(t, "n")
		p := NewPermutation(n, rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "stream"))
		seen := make([]bool, n)
		for i := range n {
			j := p.At(i)
			if j < 0 || j >= n || seen[j] {
				t.Fatalf("place %d of %d is sent to %d", i, n, j)
			}
			seen[j] = true
		}
	})
}

// The first permutations are golden: a change of the order would make a resumed
// run see other data.
func TestPermutationGolden(t *testing.T) {
	p := NewPermutation(10, 1, 0)
	var got [10]int64
	for i := range got {
		got[i] = p.At(int64(i))
	}
	if want := ([10]int64{6, 4, 0, 5, 8, 1, 2, 3, 9, 7}); got != want {
		t.Errorf("order of ten is %v, want %v", got, want)
	}
}

// Over many seeds each place is sent everywhere equally often: chi-squared with
// 7*7 degrees of freedom for 8 places stays below its 99.99% quantile.
func TestPermutationIsEven(t *testing.T) {
	const n, draws = 8, 40000
	var counts [n][n]float64
	for seed := range uint64(draws) {
		p := NewPermutation(n, seed, 7)
		for i := range int64(n) {
			counts[i][p.At(i)]++
		}
	}
	chi := 0.0
	for _, row := range counts {
		for _, c := range row {
			chi += (c - draws/n) * (c - draws/n) / (draws / n)
		}
	}
	if chi > 96 {
		t.Errorf("chi-squared %.1f is beyond chance", chi)
	}
}

func TestStreamsDiffer(t *testing.T) {
	a, b := NewPermutation(1000, 1, 0), NewPermutation(1000, 1, 1)
	same := 0
	for i := range int64(1000) {
		if a.At(i) == b.At(i) {
			same++
		}
	}
	if same > 20 {
		t.Errorf("%d of 1000 places agree between two epochs", same)
	}
}

func TestScheduleKeepsShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Float64Range(0.01, 10), 1, 8).Draw(t, "weights")
		s, err := NewSchedule(weights)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, w := range weights {
			sum += w
		}
		n := rapid.IntRange(1, 500).Draw(t, "n")
		for range n {
			s.Next()
		}
		for i, c := range s.Counts() {
			if want := weights[i] / sum * float64(n); math.Abs(float64(c)-want) > float64(len(weights)) {
				t.Fatalf("source %d was drawn %d times of %d, want about %.1f", i, c, n, want)
			}
		}
	})
}

func TestScheduleRestores(t *testing.T) {
	a, _ := NewSchedule([]float64{3, 1, 0, 2})
	for range 17 {
		a.Next()
	}
	b, _ := NewSchedule([]float64{3, 1, 0, 2})
	if err := b.Restore(a.Counts()); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if x, y := a.Next(), b.Next(); x != y || x == 2 {
			t.Fatalf("draw %d after restoring is %d, want %d", i, y, x)
		}
	}
	if _, err := NewSchedule([]float64{0, 0}); err == nil {
		t.Error("weights of zero are taken")
	}
	if _, err := NewSchedule([]float64{1, math.NaN()}); err == nil {
		t.Error("a weight that is no number is taken")
	}
	if b.Restore([]int64{1}) == nil {
		t.Error("a state of another size is taken")
	}
}
