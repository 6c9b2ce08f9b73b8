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

func TestVerifier(t *testing.T) {
	v := NewVerifier([]Edge{{9, 2}, {2, 5}}, []Edge{{5, 9}})
	big := make([]uint32, blockSize+7)
	for i := range big {
		big[i] = uint32(2 * i)
	}
	sets := map[int64][]uint32{2: {1, 2, 3, 4}, 5: big, 9: {2, 3, 4, 5}}
	if err := v.Complete(); err == nil {
		t.Error("complete without a set")
	}
	if _, err := v.Jaccard(2, 9); err == nil || v.Alike(2, 9, 0) {
		t.Error("a document without a set is compared")
	}
	for _, doc := range []int64{9, 2, 5, 4} {
		if v.Wants(doc) != (doc != 4) {
			t.Errorf("wants %d: %v", doc, v.Wants(doc))
		}
		set := sets[doc]
		if doc == 4 {
			set = []uint32{1}
		}
		if err := v.Put(doc, set); err != nil {
			t.Error(err)
		}
	}
	if v.Wants(2) || v.Complete() != nil {
		t.Error("not complete with all sets")
	}
	if err := v.Put(2, nil); err == nil {
		t.Error("an empty set is taken")
	}
	if got, err := v.Jaccard(2, 9); err != nil || got != 0.6 || !v.Alike(9, 2, 0.6) || v.Alike(9, 2, 0.61) || v.Alike(9, 3, 0) {
		t.Errorf("Jaccard %g %v", got, err)
	}
	if got, err := v.Jaccard(5, 5); err != nil || got != 1 {
		t.Errorf("Jaccard %g %v", got, err)
	}
	if got := v.Bytes(); got < int64(4*(len(big)+8)) || got > int64(4*(len(big)+8))+2*4*blockSize+60 {
		t.Errorf("%d bytes", got)
	}
}
