package mix

import (
	"math"
	"slices"
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

// Every share is within one draw after every draw: for k sources within
// 1-1/(2k-2), as the theorem says, and what rounding of weights costs.
func TestScheduleKeepsShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Cubes bring small sources beside large ones, which is what is hard.
		weights := rapid.SliceOfN(rapid.Map(rapid.Float64Range(0.05, 1), func(x float64) float64 { return x * x * x }), 2, 9).Draw(t, "weights")
		s, err := NewSchedule(weights)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, w := range weights {
			sum += w
		}
		bound := 1 - 1/float64(2*len(weights)-2) + 1e-5
		counts := make([]int64, len(weights))
		for n := 1; n <= 500; n++ {
			counts[s.Next()]++
			for i, c := range counts {
				if want := weights[i] / sum * float64(n); math.Abs(float64(c)-want) > bound {
					t.Fatalf("source %d was drawn %d times of %d, want about %g", i, c, n, want)
				}
			}
		}
	})
}

// Where every share is exact the counts begin again: nothing grows without bound.
func TestScheduleBeginsAgain(t *testing.T) {
	s, err := NewSchedule([]float64{1, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	s.weights, s.sum = []int64{1, 1, 2}, 4 // as if the scale were 4
	var first, second []int
	for range 4 {
		first = append(first, s.Next())
	}
	if c := s.Counts(); !slices.Equal(c, []int64{0, 0, 0}) || s.draws != 0 {
		t.Errorf("after a whole round the counts are %v", c)
	}
	for range 4 {
		second = append(second, s.Next())
	}
	if !slices.Equal(first, second) {
		t.Errorf("rounds %v and %v differ", first, second)
	}
}

func TestScheduleTakesAnyWeights(t *testing.T) {
	for _, weights := range [][]float64{{1e308, 1e308, 1e308}, {5e-324, 5e-324}, {1e300, 1e-300}, {1}, {0, 3, 0}} {
		s, err := NewSchedule(weights)
		if err != nil {
			t.Fatalf("weights %v: %v", weights, err)
		}
		for range 100 {
			if i := s.Next(); weights[i] == 0 {
				t.Fatalf("weights %v: source %d is drawn", weights, i)
			}
		}
	}
	for _, weights := range [][]float64{{0, 0}, {}, {1, math.NaN()}, {1, -1}, {math.Inf(1)}} {
		if _, err := NewSchedule(weights); err == nil {
			t.Errorf("weights %v are taken", weights)
		}
	}
}

func TestScheduleRestores(t *testing.T) {
	weights := []float64{3, 1, 0, 2}
	a, _ := NewSchedule(weights)
	for range 17 {
		a.Next()
	}
	b, _ := NewSchedule(weights)
	if err := b.Restore(a.Counts()); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if x, y := a.Next(), b.Next(); x != y || x == 2 {
			t.Fatalf("draw %d after restoring is %d, want %d", i, y, x)
		}
	}
	for _, counts := range [][]int64{{1}, {-1, 0, 0, 0}, {0, 0, 1, 0}, {9, 0, 0, 0}, {b.weights[0], b.weights[1], 0, b.weights[3]}, {1 << 62, 1 << 62, 0, 1 << 62}} {
		if b.Restore(counts) == nil {
			t.Errorf("counts %v are taken", counts)
		}
	}
}
