package cpu

// isa is a code path: one set of primitives. Every primitive gives the same bits
// on every path; the Go versions, named ...Go, are their definition.
type isa uint8

const (
	portable isa = iota
	avx2
	avx512
)

// String returns the name that [Options.Path] takes.
func (p isa) String() string {
	return [...]string{"portable", "avx2", "avx512"}[p]
}

// adamStep holds the scalars of one AdamW step, derived once per call.
type adamStep struct {
	gradScale, beta1, rest1, beta2, rest2 float32
	corr1, corr2, eps, negLR, negDecay    float32
}

// scoreRow says how one row of attention scores becomes probabilities: key j of
// the row has score fma(s[j], scale, slope*(rel+j)) and is visible when j < n and
// its segment, if there are segments, is want.
type scoreRow struct {
	n            int
	scale, slope float32
	rel          int
	segments     []int32 // nil without segments, else one per key of the row
	want         int32
}
