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
	shapes = append(shapes, productShape{"NT", 1, bigV, bigC})
	var cases []kernelCase
	for _, p := range shapes {
		cases = append(cases, productCase(p, false))
		if p.m <= 4 || p.kind == "NT" && p.m == 1024 {
			cases = append(cases, productCase(p, true))
		}
	}
	return cases
}

// productCase times one product. half stores the right-hand side as bfloat16.
func productCase(p productShape, half bool) kernelCase {
	shape, weight := p.size(), 4.0
	if half {
		shape, weight = shape+" bf16", 2
	}
	return kernelCase{
		kernel: "MatMul" + p.kind, shape: shape, flops: p.flops(), readOnly: p.m <= 4,
		bytes: 4*float64(p.m*p.k+p.m*p.n) + weight*float64(p.n)*float64(p.k),
		build: func(b *bed) func() {
			c, left, right := p.operands(b, half)
			return func() { p.call(b.dev, c, left, right) }
		},
	}
}

// operands lays the matrices out as the kind of product wants them.
func (p productShape) operands(b *bed, half bool) (c, left, right kernels.Mat) {
	makeRight := b.mat
	if half {
		makeRight = b.half
	}
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
