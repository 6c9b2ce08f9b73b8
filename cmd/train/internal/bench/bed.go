package bench

import (
	"huihai/internal/rng"
	"huihai/kernels"
)

// patternLen is the period of the operands' values: odd, so that rows differ.
const patternLen = 65521

// bed allocates and fills the operands of one kernel and frees them. The first
// error is kept; what is made after it must not be used.
type bed struct {
	dev     kernels.Device
	pattern []float32 // uniform in [-1, 1)
	mems    []kernels.Mem
	err     error
}

func newBed(dev kernels.Device) *bed {
	b := &bed{dev: dev, pattern: make([]float32, patternLen)}
	s := rng.New(0, "bench/operands")
	for i := range b.pattern {
		b.pattern[i] = 2*s.Float32() - 1
	}
	return b
}

// zeros returns n cleared elements.
func (b *bed) zeros(n int, t kernels.DType) kernels.Buf {
	buf := kernels.Buf{Len: n, Type: t}
	if b.err != nil {
		return buf
	}
	buf.Mem, b.err = b.dev.Alloc(buf.Bytes())
	if b.err == nil {
		b.mems = append(b.mems, buf.Mem)
	}
	return buf
}

// floats returns n random numbers in [-1, 1).
func (b *bed) floats(n int) kernels.Buf {
	buf := b.zeros(n, kernels.F32)
	if b.err != nil {
		return buf
	}
	filled := min(n, patternLen)
	b.err = kernels.Write(b.dev, buf, b.pattern[:filled])
	for b.err == nil && filled < n {
		more := min(filled, n-filled)
		b.dev.Copy(buf.Slice(filled, filled+more), buf.Slice(0, more))
		filled += more
	}
	return buf
}

// mat returns a matrix of random numbers.
func (b *bed) mat(rows, cols int) kernels.Mat { return b.floats(rows*cols).Mat(rows, cols) }

// stored returns a matrix of random numbers in an element type of weights.
func (b *bed) stored(rows, cols int, t kernels.DType) kernels.Mat {
	switch t {
	case kernels.F32:
		return b.mat(rows, cols)
	case kernels.BF16:
		return b.half(rows, cols)
	}
	m := kernels.Mat{Buf: b.bytes(t.Bytes(rows * cols)), Rows: rows, Cols: cols, Stride: cols}
	m.Type, m.Len = t, rows*cols
	if t == kernels.I8 {
		m.Scales = b.floats(rows)
		return m
	}
	blocks := rows * cols / kernels.NF4Block
	m.Blocks = kernels.Blocks{Codes: b.bytes(int64(blocks)), Scales: b.floats(blocks/256 + 1), Offset: 1}
	return m
}

// bytes returns n bytes with a long period.
func (b *bed) bytes(n int64) kernels.Buf {
	buf := b.zeros(int(n), kernels.U8)
	if b.err != nil {
		return buf
	}
	s, v := rng.New(1, "bench/operands"), make([]byte, min(n, patternLen))
	for i := range v {
		v[i] = byte(256 * s.Float32())
	}
	for from := 0; b.err == nil && from < buf.Len; from += len(v) {
		part := buf.Slice(from, min(from+len(v), buf.Len))
		b.err = kernels.Write(b.dev, part, v[:part.Len])
	}
	return buf
}

// half returns a matrix of random numbers stored as bfloat16. It is filled in
// pieces, so that no float32 copy of a large one is needed.
func (b *bed) half(rows, cols int) kernels.Mat {
	buf := b.zeros(rows*cols, kernels.BF16)
	piece := b.floats(min(buf.Len, patternLen))
	for from := 0; b.err == nil && from < buf.Len; from += piece.Len {
		to := min(from+piece.Len, buf.Len)
		b.dev.Copy(buf.Slice(from, to), piece.Slice(0, to-from))
	}
	return buf.Mat(rows, cols)
}

// ints returns the values of f for 0..n-1.
func (b *bed) ints(n int, f func(i int) int) kernels.Buf {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(f(i))
	}
	buf := b.zeros(n, kernels.I32)
	if b.err == nil {
		b.err = kernels.Write(b.dev, buf, v)
	}
	return buf
}

// values returns a buffer that holds v.
func (b *bed) values(v []float32) kernels.Buf {
	buf := b.zeros(len(v), kernels.F32)
	if b.err == nil {
		b.err = kernels.Write(b.dev, buf, v)
	}
	return buf
}

// scratch returns working memory; a negative size cannot be asked for.
func (b *bed) scratch(bytes int64) kernels.Buf { return b.zeros(int(bytes), kernels.U8) }

// clear frees everything and forgets the error.
func (b *bed) clear() {
	for _, m := range b.mems {
		b.dev.Free(m)
	}
	b.mems, b.err = b.mems[:0], nil
}
