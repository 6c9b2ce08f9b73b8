package cpu

import (
	"math"
	"testing"

	"huihai/kernels"
	"pgregory.net/rapid"
)

// The table finds the code that the definition does: beside every middle of two
// codes, at the ends of all cells, and for any value at all.
func TestCodeTableIsNearestCode(t *testing.T) {
	for name, table := range map[string]*codeTable{"signed": signedCodes, "unsigned": unsignedCodes} {
		check := func(x, top float32) {
			if got, want := table.nearest(x, top), kernels.NearestCode(table.code, x, top); got != want {
				t.Fatalf("%s: code of %v in a block up to %v is %d, want %d", name, x, top, got, want)
			}
		}
		around := func(x float32) {
			for _, v := range []float32{x, math.Nextafter32(x, 2), math.Nextafter32(x, -2)} {
				check(max(-1, min(1, v)), 1)
			}
		}
		for _, m := range table.middles {
			around(m)
		}
		for i := range uint32(cells) {
			inner := math.Float32frombits((i + firstCell) << cellShift)
			around(inner)
			around(-inner)
		}
		inf, nan := float32(math.Inf(1)), float32(math.NaN())
		for _, x := range []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-45, inf, -inf, nan} {
			for _, top := range []float32{0, 1, 1e-45, 1e-38, inf, nan} {
				check(x, top)
			}
		}
		rapid.Check(t, func(t *rapid.T) {
			top := rapid.Float32Range(0, math.MaxFloat32).Draw(t, "top")
			check(rapid.Float32Range(-top, top).Draw(t, "x"), top)
		})
	}
}
