package optim

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"huihai/kernels"
)

// fakeDevice does the few calls an optimizer makes as plain loops in float64,
// rounding only what is stored. It is the independent implementation the
// package is held against.
type fakeDevice struct {
	kernels.Device // nil: any other call is a failure of the test
	allocs, frees  int
	limit          int64
	failNorm       error
}

type fakeMem []byte

func (m fakeMem) Size() int64 { return int64(len(m)) }

func (d *fakeDevice) Alloc(n int64) (kernels.Mem, error) {
	if d.limit > 0 && n > d.limit {
		return nil, errors.New("not enough memory")
	}
	d.allocs++
	return fakeMem(make([]byte, n)), nil
}

func (d *fakeDevice) Free(kernels.Mem) { d.frees++ }

func (d *fakeDevice) Write(dst kernels.Buf, src []byte) error {
	copy(window(dst), src)
	return nil
}

func (d *fakeDevice) Read(dst []byte, src kernels.Buf) error {
	copy(dst, window(src))
	return nil
}

func (d *fakeDevice) SumSquares(x kernels.Buf) (float64, error) {
	if d.failNorm != nil {
		return 0, d.failNorm
	}
	sum := 0.0
	for i := range x.Len {
		v := float64(at(x, i))
		sum += v * v
	}
	return sum, nil
}

func (d *fakeDevice) AdamW(p, g, m, v kernels.Buf, a kernels.AdamWArgs) {
	b1, b2 := float64(a.Beta1), float64(a.Beta2)
	for i := range p.Len {
		grad := float64(a.GradScale) * float64(at(g, i))
		mi := b1*float64(at(m, i)) + (1-b1)*grad
		vi := b2*float64(at(v, i)) + (1-b2)*grad*grad
		w := float64(at(p, i))
		w -= float64(a.LR) * float64(a.WeightDecay) * w
		w -= float64(a.LR) * (mi / float64(a.Corr1)) / (math.Sqrt(vi/float64(a.Corr2)) + float64(a.Eps))
		set(p, i, float32(w))
		set(m, i, float32(mi))
		set(v, i, float32(vi))
	}
}

func window(b kernels.Buf) []byte { return b.Mem.(fakeMem)[b.Off : b.Off+b.Bytes()] }

func at(b kernels.Buf, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(window(b)[4*i:]))
}

func set(b kernels.Buf, i int, x float32) {
	binary.LittleEndian.PutUint32(window(b)[4*i:], math.Float32bits(x))
}

// newParam allocates a parameter with the given weights and no gradient.
func newParam(t testing.TB, dev kernels.Device, name string, shape []int, values []float32) Param {
	t.Helper()
	buf := func() kernels.Buf {
		mem, err := dev.Alloc(4 * int64(len(values)))
		if err != nil {
			t.Fatal(err)
		}
		return kernels.Buf{Mem: mem, Len: len(values), Type: kernels.F32}
	}
	p := Param{Name: name, Shape: shape, Value: buf(), Grad: buf()}
	write(t, dev, p.Value, values)
	return p
}

func write(t testing.TB, dev kernels.Device, b kernels.Buf, x []float32) {
	t.Helper()
	if err := kernels.Write(dev, b, x); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, dev kernels.Device, b kernels.Buf) []float32 {
	t.Helper()
	x := make([]float32, b.Len)
	if err := kernels.Read(dev, x, b); err != nil {
		t.Fatal(err)
	}
	return x
}

// stateOf reads one F32 tensor of the state.
func stateOf(t testing.TB, dev kernels.Device, o Optimizer, name string) []float32 {
	t.Helper()
	for _, s := range o.State() {
		if s.Name == name {
			return read(t, dev, s.Buf)
		}
	}
	t.Fatalf("there is no state called %s", name)
	return nil
}

// saveState reads the whole state as a checkpoint does.
func saveState(t testing.TB, dev kernels.Device, o Optimizer) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, s := range o.State() {
		raw := make([]byte, s.Buf.Bytes())
		if err := dev.Read(raw, s.Buf); err != nil {
			t.Fatal(err)
		}
		out[s.Name] = raw
	}
	return out
}

// loadState sets the whole state, each tensor in two pieces of whole rows.
func loadState(t testing.TB, o Optimizer, saved map[string][]byte) {
	t.Helper()
	for _, s := range o.State() {
		raw, size := saved[s.Name], int(s.Buf.Type.Bytes(1))
		row := 1
		if len(s.Shape) == 2 {
			row = s.Shape[1]
		}
		half := s.Buf.Len / row / 2 * row
		for _, err := range []error{o.SetState(s.Name, 0, raw[:half*size]), o.SetState(s.Name, half, raw[half*size:])} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// leBytes are the bytes that a file has for x.
func leBytes(x []float32) []byte {
	var out []byte
	for _, v := range x {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}
