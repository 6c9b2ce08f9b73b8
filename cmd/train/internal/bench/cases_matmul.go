package bench

import (
	"fmt"

	"huihai/kernels"
)

// squares are the edges of square products.
var squares = []int{256, 512, 1024, 2048, 4096}

// productShape is C[m,n] = A·B with depth k; kind is NT, NN or TN.
type productShape struct {
	kind    string
	m, n, k int
}

func (p productShape) flops() float64 { return 2 * float64(p.m) * float64(p.n) * float64(p.k) }

func (p productShape) size() string { return fmt.Sprintf("%dx%dx%d", p.m, p.n, p.k) }

// stepProducts are the products of a training step: the projections and the
// head forward (NT), the gradients of their inputs (NN) and of their weights (TN).
func stepProducts() []productShape {
	var out []productShape
	for _, w := range []struct{ out, in int }{{stepC, stepC}, {3 * stepC, stepC}, {stepF, stepC}, {stepC, stepF}, {stepV, stepC}} {
		out = append(out,
			productShape{"NT", stepT, w.out, w.in}, productShape{"NN", stepT, w.in, w.out}, productShape{"TN", w.out, w.in, stepT})
	}
	return out
}

func matMulCases() []kernelCase {
	var shapes []productShape
	for _, kind := range []string{"NT", "NN", "TN"} {
		for _, n := range squares {
			shapes = append(shapes, productShape{kind, n, n, n})
		}
	}
	shapes = append(shapes, stepProducts()...)
	// Decoding one token and a few: every weight is read once.
	for _, rows := range []int{1, 4} {
		shapes = append(shapes, productShape{"NT", rows, bigC, bigC})
	}
	shapes = append(shapes, productShape{"NT", 1, bigF, bigC}, productShape{"NT", 1, bigV, bigC})
	var cases []kernelCase
	for _, p := range shapes {
		cases = append(cases, productCase(p, kernels.F32))
		if p.m <= 4 || p.kind == "NT" && p.m == 1024 {
			for _, t := range []kernels.DType{kernels.BF16, kernels.I8, kernels.NF4} {
				cases = append(cases, productCase(p, t))
			}
		}
	}
	return append(cases, pairCase(stepC, stepC), pairCase(stepF, stepC))
}

// pairCase times the two gradients of a linear layer, which a step launches
// together.
func pairCase(out, in int) kernelCase {
	dx, dw := productShape{"NN", stepT, in, out}, productShape{"TN", out, in, stepT}
	return kernelCase{
		kernel: "MatMuls", shape: "NN " + dx.size() + ", TN " + dw.size(), flops: dx.flops() + dw.flops(),
		bytes: 4 * float64(2*stepT*(out+in)+2*out*in),
		build: func(b *bed) func() {
			dX, dY, w := dx.operands(b, kernels.F32)
			dW, _, x := dw.operands(b, kernels.F32)
			pair := []kernels.MatMul{{Kind: kernels.NN, C: dX, A: dY, B: w}, {Kind: kernels.TN, C: dW, A: dY, B: x, Acc: true}}
			return func() { b.dev.MatMuls(pair) }
		},
	}
}

// productCase times one product whose right-hand side is stored in type t.
func productCase(p productShape, t kernels.DType) kernelCase {
	shape := p.size()
	if t != kernels.F32 {
		shape += " " + map[kernels.DType]string{kernels.BF16: "bf16", kernels.I8: "int8", kernels.NF4: "nf4"}[t]
	}
	return kernelCase{
		kernel: "MatMul" + p.kind, shape: shape, flops: p.flops(), readOnly: p.m <= 4,
		bytes: 4*float64(p.m*p.k+p.m*p.n) + weightBytes(p.n, p.k, t),
		build: func(b *bed) func() {
			c, left, right := p.operands(b, t)
			return func() { p.call(b.dev, c, left, right) }
		},
	}
}

// weightBytes is what a matrix takes with its scales.
func weightBytes(rows, cols int, t kernels.DType) float64 {
	bytes := float64(t.Bytes(rows * cols))
	switch t {
	case kernels.I8:
		bytes += 4 * float64(rows)
	case kernels.NF4:
		blocks := float64(rows) * float64(cols) / kernels.NF4Block
		bytes += blocks + 4*blocks/256
	}
	return bytes
}

// operands lays the matrices out as the kind of product wants them.
func (p productShape) operands(b *bed, t kernels.DType) (c, left, right kernels.Mat) {
	makeRight := func(rows, cols int) kernels.Mat { return b.stored(rows, cols, t) }
	c = b.zeros(p.m*p.n, kernels.F32).Mat(p.m, p.n)
	switch p.kind {
	case "NT":
		return c, b.mat(p.m, p.k), makeRight(p.n, p.k)
	case "NN":
		return c, b.mat(p.m, p.k), makeRight(p.k, p.n)
	}
	return c, b.mat(p.k, p.m), makeRight(p.k, p.n)
}

// call multiplies, overwriting c.
func (p productShape) call(dev kernels.Device, c, left, right kernels.Mat) {
	switch p.kind {
	case "NT":
		dev.MatMulNT(c, left, right, false)
	case "NN":
		dev.MatMulNN(c, left, right, false)
	default:
		dev.MatMulTN(c, left, right, false)
	}
}
