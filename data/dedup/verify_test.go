package dedup

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func sortedSet(t *rapid.T, name string, most uint32, n int) []uint32 {
	s := rapid.SliceOfN(rapid.Uint32Range(0, most), 1, n).Draw(t, name)
	slices.Sort(s)
	return slices.Compact(s)
}

// The early way out never changes the answer, not even where threshold is the
// similarity to the last bit.
func TestAtLeastIsJaccard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]uint32{5, 40, 300}).Draw(t, "most")
		a, b := sortedSet(t, "a", most, 200), sortedSet(t, "b", most, 200)
		j := Jaccard(a, b)
		threshold := rapid.OneOf(rapid.Float64Range(0, 1), rapid.Just(j), rapid.SampledFrom([]float64{0, 0.5, 0.7, 0.8, 1})).Draw(t, "threshold")
		if got := AtLeast(a, b, threshold); got != (j >= threshold) {
			t.Fatalf("%v and %v are %g alike, at least %g: %v", a, b, j, threshold, got)
		}
	})
	if !AtLeast(nil, nil, 1) || AtLeast(nil, []uint32{1}, 0.1) || !AtLeast(nil, []uint32{1}, 0) {
		t.Error("empty sets")
	}
}

func TestContainedIsAShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]uint32{5, 40, 300}).Draw(t, "most")
		a, b := sortedSet(t, "a", most, 200), sortedSet(t, "b", most, 200)
		both := 0
		for _, x := range a {
			if slices.Contains(b, x) {
				both++
			}
		}
		share := rapid.Float64Range(0.5, 1).Draw(t, "share")
		want := float64(both) >= share*float64(min(len(a), len(b)))
		if got := Contained(a, b, share); got != want {
			t.Fatalf("%v and %v share %d: at least %g is %v", a, b, both, share, got)
		}
	})
	if Contained(nil, []uint32{1}, 0.5) {
		t.Error("nothing is contained")
	}
}
