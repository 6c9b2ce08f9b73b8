package linear

import (
	"errors"
	"math"
	"slices"
)

// levels is how many values a code of one byte tells apart.
const levels = 256

// Quantize returns a model of two labels with one byte a row, which Save writes
// as fastText writes its .ftz files. The model is made compact first; then the
// rows take the nearest of 256 values, which Lloyd's algorithm spreads over them
// (Lloyd, "Least squares quantization in PCM", 1982). Zero stays zero, so that
// n-grams that say nothing go on saying nothing.
func (m *Model) Quantize() (*Model, error) {
	c := m.Compact()
	rows, ok := c.input.(*dense)
	if !ok || c.args.Dim != 1 || c.pruned != nil {
		return nil, errors.New("linear: quantize: only unpruned models of two labels can have one byte a row")
	}
	centroids := lloyd(rows.data)
	q := &quantised{n: rows.rows(), codes: make([]byte, rows.rows())}
	q.parts = quantiser{dim: 1, parts: 1, size: 1, last: 1, centroids: centroids}
	for i, v := range rows.data {
		q.codes[i] = nearest(centroids, v)
	}
	out := *c
	out.input, out.quantised = q, true
	return &out, nil
}

// lloyd returns 256 values in ascending order, 0 among them, near to those of x.
// It sees every seventh of many values; sums are in float64 and in order.
func lloyd(x []float32) []float32 {
	step := 1
	if len(x) > 1<<16 {
		step = 7
	}
	var some []float32
	for i := 0; i < len(x); i += step {
		if x[i] != 0 {
			some = append(some, x[i])
		}
	}
	slices.Sort(some)
	c := make([]float32, levels)
	if len(some) == 0 {
		return c
	}
	for i := range c {
		c[i] = some[i*(len(some)-1)/(levels-1)]
	}
	for range 25 {
		at := 0
		for i := range c {
			end := len(some)
			if i+1 < levels {
				between := (c[i] + c[i+1]) / 2
				end = at + firstAbove(some[at:], between)
			}
			sum := 0.0
			for _, v := range some[at:end] {
				sum += float64(v)
			}
			if end > at {
				c[i] = float32(sum / float64(end-at))
			}
			at = end
		}
	}
	slices.Sort(c)
	c[nearest(c, 0)] = 0
	return c
}

func firstAbove(x []float32, v float32) int {
	i, _ := slices.BinarySearchFunc(x, v, func(a, b float32) int {
		if a <= b {
			return -1
		}
		return 1
	})
	return i
}

// nearest returns the place of the value nearest to v, the lower of two.
func nearest(c []float32, v float32) byte {
	i, found := slices.BinarySearch(c, v)
	if found || i == 0 {
		return byte(i)
	}
	if i == len(c) || math.Abs(float64(c[i-1]-v)) <= math.Abs(float64(c[i]-v)) {
		i--
	}
	return byte(i)
}
