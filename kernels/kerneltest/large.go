package kerneltest

import (
	"fmt"
	"testing"

	"huihai/kernels"
)

// testLarge: results far beyond the caches, which a device may write another way,
// hold what small ones do. Matrices of 72 MiB repeat the rows of a small one.
func testLarge(t *testing.T, dev kernels.Device) {
	const rows, cols, times = 16, 1040, 1100
	b, src := newBench(t, dev), newSource(21)
	var small, large [4]kernels.Mat
	for i := range small {
		v := src.normal(rows * cols)
		small[i] = b.mat(fmt.Sprintf("small %d", i), rows, cols, 0, v)
		large[i] = repeated(b, fmt.Sprintf("large %d", i), small[i], times)
	}
	gain := b.vec("gain", src.normal(cols))
	vector := func(name string, n int) kernels.Buf { return b.vec(name, make([]float32, n)) }
	rstd := [2]kernels.Buf{vector("rstd", rows), vector("large rstd", rows*times)}
	for _, c := range []struct {
		name string
		call func(m [4]kernels.Mat, perRow kernels.Buf)
	}{
		{"Zero", func(m [4]kernels.Mat, _ kernels.Buf) { dev.Zero(m[2].Buf) }},
		{"Copy", func(m [4]kernels.Mat, _ kernels.Buf) { dev.Copy(m[2].Buf, m[0].Buf) }},
		{"Add", func(m [4]kernels.Mat, _ kernels.Buf) { dev.Add(m[2].Buf, m[0].Buf, m[1].Buf) }},
		{"Scale", func(m [4]kernels.Mat, _ kernels.Buf) { dev.Scale(m[2].Buf, 0.3, m[0].Buf) }},
		{"SwiGLU", func(m [4]kernels.Mat, _ kernels.Buf) { dev.SwiGLU(m[2], m[0], m[1]) }},
		{"RMSNorm", func(m [4]kernels.Mat, r kernels.Buf) { dev.RMSNorm(m[2], r, m[0], gain, 1e-6) }},
		{"RMSNormGrad", func(m [4]kernels.Mat, r kernels.Buf) { dev.RMSNormGrad(m[2], kernels.Buf{}, m[1], m[0], gain, r) }},
		{"RowNormalize", func(m [4]kernels.Mat, r kernels.Buf) { dev.RowNormalize(m[2], r, m[0], 1e-6) }},
		{"RowNormalizeGrad", func(m [4]kernels.Mat, r kernels.Buf) { dev.RowNormalizeGrad(m[2], m[1], m[0], r, 1e-6, false) }},
		{"SwiGLUGrad", func(m [4]kernels.Mat, _ kernels.Buf) { dev.SwiGLUGrad(m[2], m[3], m[1], m[0], m[1]) }},
	} {
		c.call(small, rstd[0])
		c.call(large, rstd[1])
		for out := 2; out < 4; out++ {
			want := b.getMat(small[out])
			for _, i := range []int{0, 1, 31, 32, times / 2, times - 2, times - 1} {
				same(t, fmt.Sprintf("%s, output %d, repetition %d", c.name, out-2, i), b.getMat(large[out].RowRange(i*rows, (i+1)*rows)), want)
			}
		}
	}
	b.done()
}

// repeated returns a matrix that holds the rows of m so many times.
func repeated(b *bench, name string, m kernels.Mat, times int) kernels.Mat {
	n := m.Rows * m.Cols
	all := b.alloc(name, n*times, kernels.F32)
	for i := range times {
		b.dev.Copy(all.Slice(i*n, (i+1)*n), m.Buf)
	}
	return all.Mat(m.Rows*times, m.Cols)
}
