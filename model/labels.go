package model

import "huihai/kernels"

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
