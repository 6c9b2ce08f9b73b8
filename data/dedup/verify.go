package dedup

import "math"

// Jaccard returns the similarity of two sorted sets.
func Jaccard(a, b []uint32) float64 {
	if len(a) == 0 && len(b) == 0 {
		return 1
	}
	both := shared(a, b, 0)
	return float64(both) / float64(len(a)+len(b)-both)
}

// AtLeast reports whether Jaccard(a, b) >= threshold, and stops as soon as it
// knows: sets of unlike sizes are not looked at, and unlike sets of like sizes
// are given up where too few elements are left.
func AtLeast(a, b []uint32, threshold float64) bool {
	if len(a) == 0 && len(b) == 0 {
		return 1 >= threshold
	}
	need := least(len(a), len(b), threshold)
	return need <= min(len(a), len(b)) && shared(a, b, need) >= need
}

// Contained reports whether at least share of the smaller of two sets is in the larger.
func Contained(a, b []uint32, share float64) bool {
	smaller := min(len(a), len(b))
	need := int(math.Ceil(share * float64(smaller)))
	return smaller > 0 && shared(a, b, need) >= need
}

// least returns the smallest number of shared elements with which sets of na
// and nb elements are at least threshold alike, in the arithmetic of Jaccard.
func least(na, nb int, threshold float64) int {
	alike := func(both int) bool { return float64(both)/float64(na+nb-both) >= threshold }
	// both/(n-both) >= t where both >= n*t/(1+t); rounding may miss by one.
	both := max(int(float64(na+nb)*threshold/(1+threshold))-1, 0)
	for both <= min(na, nb) && !alike(both) {
		both++
	}
	return both
}

// shared counts the common elements of two sorted sets, or gives up with any
// number below need once need is out of reach.
func shared(a, b []uint32, need int) int {
	both := 0
	spare := min(len(a), len(b)) // elements of the smaller set that may still be common
	if len(a) > len(b) {
		a, b = b, a
	}
	j := 0
	for i, x := range a {
		for j < len(b) && b[j] < x {
			j++
		}
		if j == len(b) {
			break
		}
		if b[j] == x {
			both++
			j++
		} else if spare-(i+1-both) < need {
			break
		}
	}
	return both
}

// The least numbers that two texts must have together, and the least share of their
// units, for their numbers to count.
const (
	fewNumbers   = 4
	numbersShare = 0.04
)

// SameNumbers reports whether two texts may be copies by their numbers: a and b are
// the sets of them, units the larger of the texts' numbers of units. Texts whose
// numbers make up less than a twenty-fifth of their units may, such as articles that
// differ in a date and a count of readers; of sheets, tables and reports at least share
// of all numbers must be in both.
func SameNumbers(a, b []uint32, units int, share float64) bool {
	both := shared(a, b, 0)
	all := len(a) + len(b) - both
	if share == 0 || all < fewNumbers || float64(all) < numbersShare*float64(units) {
		return true
	}
	return float64(both) >= share*float64(all)
}
