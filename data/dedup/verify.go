package dedup

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Jaccard returns the similarity of two sorted sets.
func Jaccard(a, b []uint32) float64 {
	if len(a) == 0 && len(b) == 0 {
		return 1
	}
	both := shared(a, b, 0)
	return float64(both) / float64(len(a)+len(b)-both)
}

// AtLeast says whether Jaccard(a, b) >= threshold, and stops as soon as it
// knows: sets of unlike sizes are not looked at, and unlike sets of like sizes
// are given up where too few elements are left.
func AtLeast(a, b []uint32, threshold float64) bool {
	if len(a) == 0 && len(b) == 0 {
		return 1 >= threshold
	}
	need := least(len(a), len(b), threshold)
	return need <= min(len(a), len(b)) && shared(a, b, need) >= need
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

// Verifier holds the shingle sets of the documents of candidate pairs: four
// bytes per shingle and 20 per document. Any number of goroutines may ask it
// once all sets are there.
type Verifier struct {
	docs   []int64 // ascending
	places []place
	blocks [][]uint32
	left   int // documents without a set
}

// place is where a set lies in the blocks.
type place struct{ block, start, n uint32 }

const blockSize = 1 << 18 // shingles: one MiB

// NewVerifier prepares for the documents that pairs name.
func NewVerifier(pairs ...[]Edge) *Verifier {
	docs := touched(pairs...)
	return &Verifier{docs: docs, places: make([]place, len(docs)), left: len(docs)}
}

// Wants says whether a document's set is needed and not there yet.
func (v *Verifier) Wants(doc int64) bool {
	i, ok := slices.BinarySearch(v.docs, doc)
	return ok && v.places[i].n == 0
}

// Put copies a document's set, which [Signer.Shingles] made. A document that is
// not wanted is passed over.
func (v *Verifier) Put(doc int64, set []uint32) error {
	if len(set) == 0 || len(set) > math.MaxUint32 {
		return fmt.Errorf("dedup: document %d has a set of %d shingles; a set is what Signer.Shingles returns", doc, len(set))
	}
	i, ok := slices.BinarySearch(v.docs, doc)
	if !ok || v.places[i].n != 0 {
		return nil
	}
	last := len(v.blocks) - 1
	if last < 0 || cap(v.blocks[last])-len(v.blocks[last]) < len(set) {
		v.blocks = append(v.blocks, make([]uint32, 0, max(blockSize, len(set))))
		last++
	}
	v.places[i] = place{uint32(last), uint32(len(v.blocks[last])), uint32(len(set))}
	v.blocks[last] = append(v.blocks[last], set...)
	v.left--
	return nil
}

// Complete is an error while a document has no set.
func (v *Verifier) Complete() error {
	if v.left == 0 {
		return nil
	}
	i := slices.IndexFunc(v.places, func(p place) bool { return p.n == 0 })
	return fmt.Errorf("dedup: %d documents of candidate pairs have no shingle set, the first is document %d; were all texts read?", v.left, v.docs[i])
}

// set returns a document's set, or nothing.
func (v *Verifier) set(doc int64) []uint32 {
	i, ok := slices.BinarySearch(v.docs, doc)
	if !ok || v.places[i].n == 0 {
		return nil
	}
	p := v.places[i]
	return v.blocks[p.block][p.start : p.start+p.n]
}

// errNoSet is for callers who ask before all sets are there.
var errNoSet = errors.New("dedup: compared a document without a shingle set")

// Jaccard returns the similarity of two documents.
func (v *Verifier) Jaccard(a, b int64) (float64, error) {
	x, y := v.set(a), v.set(b)
	if x == nil || y == nil {
		return 0, errNoSet
	}
	return Jaccard(x, y), nil
}

// Alike says whether two documents are at least threshold alike; a document
// without a set is like none.
func (v *Verifier) Alike(a, b int64, threshold float64) bool {
	x, y := v.set(a), v.set(b)
	return x != nil && y != nil && AtLeast(x, y, threshold)
}

// Bytes returns the memory of the sets and their index.
func (v *Verifier) Bytes() int64 {
	n := int64(20 * len(v.docs))
	for _, b := range v.blocks {
		n += int64(4 * cap(b))
	}
	return n
}
