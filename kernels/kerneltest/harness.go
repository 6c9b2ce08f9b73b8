package kerneltest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"huihai/kernels"
)

// guard is how many elements before and after each buffer are watched, and
// guardBits is what they hold: a NaN, so that reading them spoils a result too.
const (
	guard     = 48
	guardBits = 0x7fc0dead
)

// bench is a device under test with the buffers made on it.
type bench struct {
	t    testing.TB
	dev  kernels.Device
	bufs []guarded
}

type guarded struct {
	name  string
	whole kernels.Buf // F32 or I32 with guards
	mat   kernels.Mat // set for matrices: gaps between rows are guards too
	n     int
}

func newBench(t testing.TB, dev kernels.Device) *bench { return &bench{t: t, dev: dev} }

func (b *bench) alloc(name string, n int, typ kernels.DType) kernels.Buf {
	b.t.Helper()
	bytes := int64(n+2*guard) * 4
	mem, err := b.dev.Alloc(bytes)
	if err != nil {
		b.t.Fatalf("alloc %s: %v", name, err)
	}
	whole := kernels.Buf{Mem: mem, Len: n + 2*guard, Type: kernels.I32}
	fill := make([]int32, whole.Len)
	for i := range fill {
		fill[i] = guardBits
	}
	if err := kernels.Write(b.dev, whole, fill); err != nil {
		b.t.Fatalf("write %s: %v", name, err)
	}
	b.bufs = append(b.bufs, guarded{name: name, whole: whole, n: n})
	whole.Type = typ
	return whole.Slice(guard, guard+n)
}

// vec puts values on the device.
func (b *bench) vec(name string, v []float32) kernels.Buf {
	b.t.Helper()
	buf := b.alloc(name, len(v), kernels.F32)
	b.write(buf, v)
	return buf
}

func (b *bench) write(buf kernels.Buf, v []float32) {
	b.t.Helper()
	if err := kernels.Write(b.dev, buf, v); err != nil {
		b.t.Fatal(err)
	}
}

// ints puts integers on the device.
func (b *bench) ints(name string, v []int32) kernels.Buf {
	b.t.Helper()
	buf := b.alloc(name, len(v), kernels.I32)
	if err := kernels.Write(b.dev, buf, v); err != nil {
		b.t.Fatal(err)
	}
	return buf
}

// bytes puts bytes on the device.
func (b *bench) bytes(name string, v []byte) kernels.Buf {
	b.t.Helper()
	buf := b.alloc(name, (len(v)+3)/4, kernels.I32)
	buf.Type, buf.Len = kernels.U8, len(v)
	if err := b.dev.Write(buf, v); err != nil {
		b.t.Fatal(err)
	}
	return buf
}

// mat puts a matrix on the device; gap elements between rows are guarded.
func (b *bench) mat(name string, rows, cols, gap int, v []float32) kernels.Mat {
	b.t.Helper()
	stride := cols + gap
	n := 0
	if rows > 0 {
		n = (rows-1)*stride + cols
	}
	m := kernels.Mat{Buf: b.alloc(name, n, kernels.F32), Rows: rows, Cols: cols, Stride: stride}
	b.bufs[len(b.bufs)-1].mat = m
	for r := range rows {
		b.write(m.Slice(r*stride, r*stride+cols), v[r*cols:(r+1)*cols])
	}
	return m
}

// scratch makes a U8 buffer of the given bytes, filled with guard NaNs.
func (b *bench) scratch(bytes int64) kernels.Buf {
	b.t.Helper()
	buf := b.alloc("scratch", int((bytes+3)/4), kernels.F32)
	buf.Type, buf.Len = kernels.U8, int(bytes)
	return buf
}

// get reads a vector back.
func (b *bench) get(buf kernels.Buf) []float32 {
	b.t.Helper()
	v := make([]float32, buf.Len)
	if err := kernels.Read(b.dev, v, buf); err != nil {
		b.t.Fatal(err)
	}
	return v
}

// getMat reads a matrix back, dense.
func (b *bench) getMat(m kernels.Mat) []float32 {
	b.t.Helper()
	v := make([]float32, 0, m.Rows*m.Cols)
	for r := range m.Rows {
		v = append(v, b.get(m.Slice(r*m.Stride, r*m.Stride+m.Cols))...)
	}
	return v
}

// done checks all guards and frees the buffers.
func (b *bench) done() {
	b.t.Helper()
	if err := b.dev.Sync(); err != nil {
		b.t.Fatal(err)
	}
	for _, g := range b.bufs {
		raw := make([]byte, g.whole.Bytes())
		if err := b.dev.Read(raw, g.whole); err != nil {
			b.t.Fatal(err)
		}
		for i := range g.whole.Len {
			if g.inside(i-guard) || binary.LittleEndian.Uint32(raw[4*i:]) == guardBits {
				continue
			}
			b.t.Errorf("%s: element %d, outside the output, was overwritten", g.name, i-guard)
			break
		}
		b.dev.Free(g.whole.Mem)
	}
	b.bufs = nil
}

func (g guarded) inside(i int) bool {
	if i < 0 || i >= g.n {
		return false
	}
	return g.mat.Stride == 0 || i%g.mat.Stride < g.mat.Cols
}

// source makes test data.
type source struct{ *rand.Rand }

func newSource(seed uint64) source { return source{rand.New(rand.NewPCG(seed, 7))} }

func (s source) normal(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(s.NormFloat64())
	}
	return v
}

func wide(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// near compares with an error bound relative to the largest reference value.
func near(t testing.TB, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	scale := 1e-30
	for _, w := range want {
		scale = max(scale, math.Abs(w))
	}
	for i, w := range want {
		if e := math.Abs(float64(got[i])-w) / scale; !(e <= tol) {
			t.Errorf("%s: element %d is %g, want %g (error %.2g of the largest, allowed %.2g)", what, i, got[i], w, e, tol)
			return
		}
	}
}

// same compares bit for bit.
func same(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if g, w := math.Float32bits(got[i]), math.Float32bits(want[i]); g != w {
			t.Errorf("%s: element %d is %g (%08x), want %g (%08x)", what, i, got[i], g, want[i], w)
			return
		}
	}
}
