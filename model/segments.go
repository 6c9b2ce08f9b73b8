package model

import (
	"fmt"

	"huihai/kernels"
)

// CheckSegments reports whether segment ids number documents that each lie in
// one piece: attention crosses between equal ids wherever they stand, so an id
// that returns after another would join two documents. Negative ids are an
// error too. nil, one document, is fine.
func CheckSegments(segments []int32) error {
	seen := make(map[int32]bool)
	for t, s := range segments {
		if s < 0 {
			return fmt.Errorf("segments[%d] is %d; a document's number must not be negative", t, s)
		}
		if t > 0 && s == segments[t-1] {
			continue
		}
		if seen[s] {
			return fmt.Errorf("segment %d returns at token %d after another; the tokens of a document must stand together: give each document a number of its own", s, t)
		}
		seen[s] = true
	}
	return nil
}

// LabelsWithoutContext returns the places of labels that no position is trained
// on: other than -100, at the first token of a document, which nothing of the
// same document precedes. labels name the token at their own position, so every
// labelled sequence begins with one. segments may be nil.
func LabelsWithoutContext(labels, segments []int32) []int {
	var out []int
	for t, label := range labels {
		begins := t == 0 || t < len(segments) && segments[t] != segments[t-1]
		if begins && label != kernels.IgnoreLabel {
			out = append(out, t)
		}
	}
	return out
}
