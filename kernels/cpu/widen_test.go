package cpu

import (
	"math"
	"testing"

	"huihai/kernels"
)

// TestWidenRow: any stretch of a row, at any start, holds the values that the
// element's own code and scale give.
func TestWidenRow(t *testing.T) {
	const rows, cols = 7, 192
	for _, path := range availablePaths() {
		f := fixture{t, open(t, Options{Threads: 1, Path: path.String()})}
		for _, typ := range []kernels.DType{kernels.F32, kernels.BF16, kernels.I8, kernels.NF4} {
			m := f.stored(rows, cols, typ)
			s := stored{typ: typ, raw: raw(m.Buf), stride: cols}
			if typ != kernels.F32 {
				s = storedOf(m)
			}
			element := func(row, col int) float32 {
				i := row*cols + col
				switch typ {
				case kernels.F32:
					return f32(m.Buf)[i]
				case kernels.BF16:
					return kernels.F32FromBF16(bf16(m.Buf)[i])
				case kernels.I8:
					return float32(int8(s.raw[i])) * s.scales[row]
				}
				return nf4(s.raw, i) * s.absmax(i/nf4Block)
			}
			for from := range 70 {
				for _, n := range []int{1, 7, 16, 63, 64, 100} {
					dst := make([]float32, n)
					row := from % rows
					s.widenRow(path, dst, row, from)
					for i, got := range dst {
						if want := element(row, from+i); math.Float32bits(got) != math.Float32bits(want) {
							t.Fatalf("%v, %v: row %d, element %d of the stretch from %d is %g, want %g", path, typ, row, i, from, got, want)
						}
					}
				}
			}
		}
	}
}
