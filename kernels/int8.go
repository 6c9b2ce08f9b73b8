package kernels

import (
	"fmt"
	"math"
)

// QuantizeI8 stores rows of cols values as I8, symmetrically: the scale of a row
// is its largest magnitude over 127, a value the nearest multiple of it, ties to
// even. A row whose scale would be zero becomes zeros. It fails on NaN and
// infinity. cols divides len(src).
func QuantizeI8(src []float32, cols int) (q []int8, scales []float32, err error) {
	if cols <= 0 || len(src)%cols != 0 {
		panic("kernels: QuantizeI8: the values are not whole rows")
	}
	q, scales = make([]int8, len(src)), make([]float32, len(src)/cols)
	for r := range scales {
		row := src[r*cols : (r+1)*cols]
		top, err := absMax(row)
		if err != nil {
			return nil, nil, fmt.Errorf("kernels: quantise row %d to int8: %w", r, err)
		}
		scale := top / 127
		if scales[r] = scale; scale == 0 {
			continue
		}
		for c, x := range row {
			// A subnormal scale is rounded coarsely enough for quotients above 127.
			v := math.RoundToEven(float64(x) / float64(scale))
			q[r*cols+c] = int8(max(-127, min(127, v)))
		}
	}
	return q, scales, nil
}

// WidenI8 writes float32(q)*scale for rows of cols values, len(dst) = len(q).
func WidenI8(dst []float32, q []int8, scales []float32, cols int) {
	for r, scale := range scales {
		for c, v := range q[r*cols : (r+1)*cols] {
			dst[r*cols+c] = float32(v) * scale
		}
	}
}

// absMax returns the largest magnitude of x, or an error where x is not finite.
func absMax(x []float32) (float32, error) {
	top := float32(0)
	for i, v := range x {
		if v-v != 0 {
			return 0, fmt.Errorf("value %d is %g; only finite weights can be quantised", i, v)
		}
		top = max(top, v, -v)
	}
	return top, nil
}
