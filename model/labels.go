package model

import (
	"fmt"

	"huihai/kernels"
)

// ShiftLabels turns labels that name the token at their own position, as data
// sets and the Hugging Face code have them, into next-token labels for one row:
// out[t] = labels[t+1], ignored at the end of the row and wherever the next
// token begins another document. segments may be nil.
func ShiftLabels(out, labels, segments []int32) {
	for t := range out {
		out[t] = kernels.IgnoreLabel
		if t+1 < len(labels) && (segments == nil || segments[t] == segments[t+1]) {
			out[t] = labels[t+1]
		}
	}
}

// CheckSegments reports the first document of a row that is not contiguous: its number
// returns after another's. Attention tells documents by number alone, so the parts would
// see each other across what lies between, while their positions start anew.
func CheckSegments(segments []int32) error {
	ended := map[int32]bool{}
	for t, s := range segments {
		if t > 0 && s != segments[t-1] {
			ended[segments[t-1]] = true
		}
		if ended[s] {
			return fmt.Errorf("segment %d returns at token %d after another document; number each document once", s, t)
		}
	}
	return nil
}
