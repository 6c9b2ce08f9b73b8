package kerneltest

import (
	"fmt"
	"testing"

	"huihai/kernels"
)

// storedTypes are the element types of right-hand sides besides float32.
var storedTypes = []kernels.DType{kernels.BF16, kernels.I8, kernels.NF4}

// storedMat puts a matrix on the device in the given type and returns the values
// it stands for. Gaps between rows hold values too, and what surrounds the scales
// is NaN: either would spoil a result. NF4 takes gap up to a multiple of a block.
func (b *bench) storedMat(name string, rows, cols, gap int, v []float32, typ kernels.DType) (kernels.Mat, []float32) {
	b.t.Helper()
	if typ == kernels.F32 {
		return b.mat(name, rows, cols, gap, v), v
	}
	if typ == kernels.NF4 {
		gap = (gap + kernels.NF4Block - 1) / kernels.NF4Block * kernels.NF4Block
	}
	stride := cols + gap
	full := make([]float32, rows*stride)
	for i := range full {
		if full[i] = float32(i%13) - 5; i%stride < cols {
			full[i] = v[i/stride*cols+i%stride]
		}
	}
	m, wide := b.encode(name, full, rows, stride, typ)
	m.Cols = cols
	kept := make([]float32, 0, rows*cols)
	for r := range rows {
		kept = append(kept, wide[r*stride:r*stride+cols]...)
	}
	return m, kept
}

// encode stores a dense matrix and returns it and what it widens to.
func (b *bench) encode(name string, v []float32, rows, cols int, typ kernels.DType) (m kernels.Mat, wide []float32) {
	b.t.Helper()
	wide = make([]float32, len(v))
	place := func(bytes []byte) {
		buf := b.bytes(name, bytes)
		buf.Type, buf.Len = typ, len(v)
		m = kernels.Mat{Buf: buf, Rows: rows, Cols: cols, Stride: cols}
	}
	switch typ {
	case kernels.BF16:
		bytes := make([]byte, 0, 2*len(v))
		for i, x := range v {
			h := kernels.BF16FromF32(x)
			bytes, wide[i] = append(bytes, byte(h), byte(h>>8)), kernels.F32FromBF16(h)
		}
		place(bytes)
	case kernels.I8:
		if len(v) == 0 {
			place(nil)
			m.Scales = b.vec(name+" scales", nil)
			return m, wide
		}
		q, scales, err := kernels.QuantizeI8(v, cols)
		if err != nil {
			b.t.Fatal(err)
		}
		kernels.WidenI8(wide, q, scales, cols)
		bytes := make([]byte, len(q))
		for i, x := range q {
			bytes[i] = byte(x)
		}
		place(bytes)
		m.Scales = b.vec(name+" scales", scales)
	default:
		d, err := kernels.QuantizeNF4(v)
		if err != nil {
			b.t.Fatal(err)
		}
		d.Widen(wide)
		place(d.Values)
		m.Blocks = kernels.Blocks{Codes: b.bytes(name+" codes", d.Codes), Scales: b.vec(name+" scales", d.Scales), Offset: d.Offset}
	}
	return m, wide
}

// testStored: a product with a stored matrix has the bits of the product with
// what that widens to, and so has one with a part of it.
func testStored(t *testing.T, dev kernels.Device) {
	shapes := [][3]int{{1, 1, 1}, {1, 17, 5}, {1, 33, 130}, {1, 200, 333}, {2, 70, 192}, {3, 64, 64}, {3, 97, 640}, {4, 40, 515}, {4, 129, 320}, {5, 70, 300}, {14, 50, 580}}
	for _, typ := range storedTypes {
		for i, s := range shapes {
			for _, kind := range []string{"NT", "NN"} {
				p := product{kind: kind, m: s[0], n: s[1], k: s[2], gap: i % 3 * 5, acc: i%2 == 1, typ: typ}
				p.alike(t, dev)
			}
		}
		// Rows long enough for several stretches of block scales.
		product{kind: "NT", m: 1, n: 70, k: 7424, typ: typ}.alike(t, dev)
	}
}

// alike runs p with the stored and with the widened matrix.
func (p product) alike(t *testing.T, dev kernels.Device) {
	t.Helper()
	p = p.fit()
	b, src := newBench(t, dev), newSource(uint64(p.m+p.n+p.k))
	rows, cols := p.k, p.n
	if p.kind == "NT" {
		rows, cols = p.n, p.k
	}
	v := src.normal(rows * cols)
	for i := range v {
		if i/cols%5 == 3 { // scales near the end of the range
			v[i] *= 1e-36
		}
	}
	w, kept := b.storedMat("w", rows, cols, p.gap, v, p.typ)
	f := b.mat("widened", rows, cols, 0, kept)
	av, cv := src.normal(p.m*p.k), src.normal(p.m*p.n)
	a := b.mat("a", p.m, p.k, 3, av)
	multiply := dev.MatMulNT
	if p.kind == "NN" {
		multiply = dev.MatMulNN
	}
	got, want := b.mat("c", p.m, p.n, 1, cv), b.mat("c widened", p.m, p.n, 0, cv)
	multiply(got, a, w, p.acc)
	multiply(want, a, f, p.acc)
	same(t, p.String(), b.getMat(got), b.getMat(want))

	// A part: from row 1 on, and without the first block of columns.
	if rows < 2 || cols <= kernels.NF4Block {
		b.done()
		return
	}
	part := func(m kernels.Mat) kernels.Mat { return m.RowRange(1, rows).ColRange(kernels.NF4Block, cols) }
	if p.kind == "NT" {
		got, want, a = got.ColRange(1, p.n), want.ColRange(1, p.n), a.ColRange(kernels.NF4Block, p.k)
	} else {
		got, want, a = got.ColRange(kernels.NF4Block, p.n), want.ColRange(kernels.NF4Block, p.n), a.ColRange(1, p.k)
	}
	multiply(got, a, part(w), p.acc)
	multiply(want, a, part(f), p.acc)
	same(t, "part of "+p.String(), b.getMat(got), b.getMat(want))
	b.done()
}

// fit takes the columns of an NF4 matrix up to whole blocks.
func (p product) fit() product {
	if p.typ != kernels.NF4 {
		return p
	}
	cols := &p.n
	if p.kind == "NT" {
		cols = &p.k
	}
	*cols = (*cols + kernels.NF4Block - 1) / kernels.NF4Block * kernels.NF4Block
	return p
}

// testStoredMisuse: a matrix whose scales are missing or too few is refused
// before memory is touched.
func testStoredMisuse(t *testing.T, dev kernels.Device) {
	b, src := newBench(t, dev), newSource(9)
	c, a := b.mat("c", 1, 4, 0, make([]float32, 4)), b.mat("a", 1, 128, 0, src.normal(128))
	q, _ := b.storedMat("int8", 4, 128, 0, src.normal(512), kernels.I8)
	n, _ := b.storedMat("NF4", 4, 128, 0, src.normal(512), kernels.NF4)
	for name, bad := range map[string]func(){
		"int8 without scales": func() { m := q; m.Scales = kernels.Buf{}; dev.MatMulNT(c, a, m, false) },
		"int8 with few":       func() { m := q; m.Scales = m.Scales.Slice(0, 3); dev.MatMulNT(c, a, m, false) },
		"NF4 without scales":  func() { m := n; m.Blocks = kernels.Blocks{}; dev.MatMulNT(c, a, m, false) },
		"NF4 with few":        func() { m := n; m.Blocks.First = 1; dev.MatMulNT(c, a, m, false) },
		"NF4 of half a block": func() { m := n; m.Cols = 96; dev.MatMulNT(c, a.ColRange(0, 96), m, false) },
		"int8 on the left":    func() { dev.MatMulNT(b.mat("d", 4, 1, 0, make([]float32, 4)), q, a, false) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if _, text := recover().(string); !text {
					t.Error("no panic with a message")
				}
			}()
			bad()
		})
	}
	b.done()
}

// storedProbes are products with every stored type for [SameBits].
func storedProbes() []probe {
	var all []probe
	for _, typ := range storedTypes {
		for m := 1; m <= 5; m++ {
			for _, kind := range []string{"NT", "NN"} {
				p := product{kind: kind, m: m, n: 300, k: 530 + 64*m, gap: m, acc: m%2 == 0, typ: typ}.fit()
				all = append(all, probe{fmt.Sprint(p), func(b *bench) [][]float32 {
					got, _ := p.run(b.t, b.dev)
					return [][]float32{got}
				}})
			}
		}
	}
	return all
}
