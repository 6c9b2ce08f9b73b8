package data

import "testing"

// BuildForTest builds a small data set from inputs and returns its folder. The
// package cannot import the one that builds; the tests outside it can, and set this.
var BuildForTest func(t *testing.T, validation float64, inputs ...string) string
