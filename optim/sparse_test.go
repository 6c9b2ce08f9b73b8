package optim

import (
	"errors"
	"math"
	"slices"
	"testing"

	"huihai/internal/rng"
	"huihai/kernels"
)

const sparseRows, sparseCols = 300, 37

// sparseParam is a matrix whose gradient of a step is a few rows, and the same
// matrix with a dense gradient.
type sparseParam struct {
	t             *testing.T
	dev           kernels.Device
	sparse, dense Param
	store         kernels.Mat
	rows          kernels.SparseRows
}

func newSparseParam(t *testing.T, dev kernels.Device) *sparseParam {
	s := rng.New(3, "weights")
	values := make([]float32, sparseRows*sparseCols)
	for i := range values {
		values[i] = float32(s.NormFloat64())
	}
	p := &sparseParam{t: t, dev: dev, dense: newParam(t, dev, "w", []int{sparseRows, sparseCols}, values)}
	p.sparse = newParam(t, dev, "w", []int{sparseRows, sparseCols}, values)
	p.store = p.sparse.Grad.Mat(20, sparseCols)
	p.sparse.Grad, p.sparse.Rows = kernels.Buf{}, func() kernels.SparseRows { return p.rows }
	return p
}

// set draws the gradient of a step: twenty rows among the first of.
func (p *sparseParam) set(step, of int) {
	s := rng.New(uint64(step), "gradient")
	p.rows = kernels.SparseRows{Values: p.store}
	for len(p.rows.Row) < 20 {
		if r := int32(s.IntN(of)); !slices.Contains(p.rows.Row, r) {
			p.rows.Row = append(p.rows.Row, r)
		}
	}
	slices.Sort(p.rows.Row)
	whole := make([]float32, sparseRows*sparseCols)
	for i, r := range p.rows.Row {
		row := whole[int(r)*sparseCols:][:sparseCols]
		for c := range row {
			row[c] = float32(s.NormFloat64())
		}
		slot := 19 - i
		p.rows.Slot = append(p.rows.Slot, int32(slot))
		write(p.t, p.dev, p.store.Slice(slot*sparseCols, (slot+1)*sparseCols), row)
	}
	write(p.t, p.dev, p.dense.Grad, whole)
}

func newAdamW(t *testing.T, dev kernels.Device, p Param) *optimizer {
	t.Helper()
	o, err := newOptimizer(dev, Default(), []Param{p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// Gradients by row move weights and moments exactly as the dense ones do, also
// in an optimizer that takes over the moments of another, and of an older state.
func TestSparseStepsEqualDense(t *testing.T) {
	dev := openCPU(t, 2)
	p := newSparseParam(t, dev)
	sparse, dense := newAdamW(t, dev, p.sparse), newAdamW(t, dev, p.dense)
	step := func(n, of int) {
		t.Helper()
		p.set(n, of)
		got, err1 := Step(sparse, n, 1e-2)
		want, err2 := Step(dense, n, 1e-2)
		if err1 != nil || err2 != nil || got != want {
			t.Fatalf("step %d: %+v (%v), dense %+v (%v)", n, got, err1, want, err2)
		}
		if !slices.Equal(read(t, dev, p.sparse.Value), read(t, dev, p.dense.Value)) {
			t.Fatalf("step %d: weights differ", n)
		}
		m, v := momentsOf(t, dev, sparse)
		if wm, wv := momentsOf(t, dev, dense); !slices.Equal(m, wm) || !slices.Equal(v, wv) {
			t.Fatalf("step %d: moments differ", n)
		}
	}
	step(1, 30)
	m, v := momentsOf(t, dev, sparse)
	step(2, sparseRows)
	for _, o := range []*optimizer{sparse, dense} { // back to the state after step 1, in pieces
		for from, to := 0, 7*sparseCols; from < len(m); from, to = to, len(m) {
			setMoments(t, o, from, m[from:to], v[from:to])
		}
	}
	step(2, 90)
	sparse = newAdamW(t, dev, p.sparse)
	m, v = momentsOf(t, dev, dense)
	setMoments(t, sparse, 0, m, v)
	step(3, sparseRows)
}

func momentsOf(t *testing.T, dev kernels.Device, o Optimizer) (m, v []float32) {
	return stateOf(t, dev, o, "exp_avg.w"), stateOf(t, dev, o, "exp_avg_sq.w")
}

func setMoments(t *testing.T, o Optimizer, from int, m, v []float32) {
	t.Helper()
	if err := errors.Join(o.SetState("exp_avg.w", from, leBytes(m)), o.SetState("exp_avg_sq.w", from, leBytes(v))); err != nil {
		t.Fatal(err)
	}
}

// A row that is not finite changes nothing, and rows without gradient so far stay
// marked as such.
func TestSparseNonFiniteChangesNothing(t *testing.T) {
	dev := openCPU(t, 1)
	p := newSparseParam(t, dev)
	o := newAdamW(t, dev, p.sparse)
	p.set(1, 50)
	write(t, dev, p.store.Slice(5, 6), []float32{float32(math.Inf(1))})
	before := read(t, dev, p.sparse.Value)
	if _, err := Step(o, 1, 1e-2); err == nil {
		t.Error("an infinite gradient was taken")
	}
	if !slices.Equal(read(t, dev, p.sparse.Value), before) || slices.Contains(o.tensors[0].seen, true) {
		t.Error("a refused step changed the state")
	}
}

// writes counts the bytes written to the device.
type writes struct {
	kernels.Device
	bytes int64
}

func (w *writes) Write(dst kernels.Buf, src []byte) error {
	w.bytes += int64(len(src))
	return w.Device.Write(dst, src)
}

// Moments that are zero are not written, so that they take no memory.
func TestSetStateLeavesZeroRowsAlone(t *testing.T) {
	dev := &writes{Device: openCPU(t, 1)}
	o := newAdamW(t, dev, newSparseParam(t, dev).sparse)
	m, v := make([]float32, sparseRows*sparseCols), make([]float32, sparseRows*sparseCols)
	m[5*sparseCols], v[9*sparseCols+1] = 1, 2
	dev.bytes = 0
	setMoments(t, o, 0, m, v)
	// Row 5 is marked by the first moment, so the second is written there too.
	if want := int64(3 * 4 * sparseCols); dev.bytes != want {
		t.Errorf("%d bytes were written, want %d: row 5 of both moments, row 9 of the second", dev.bytes, want)
	}
	gm, gv := momentsOf(t, dev, o)
	if !slices.Equal(gm, m) || !slices.Equal(gv, v) {
		t.Error("the moments read back differ")
	}
}

func TestSparseParamMustBeAMatrix(t *testing.T) {
	dev := openCPU(t, 1)
	p := newParam(t, dev, "w", []int{4}, make([]float32, 4))
	p.Rows = func() kernels.SparseRows { return kernels.SparseRows{} }
	if _, err := New(dev, Default(), []Param{p}); err == nil {
		t.Error("a vector was given a gradient by row")
	}
}
