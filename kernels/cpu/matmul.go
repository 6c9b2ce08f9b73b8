package cpu

import "huihai/kernels"

// MatMulNT implements [kernels.Device].
func (d *Device) MatMulNT(c, a, b kernels.Mat, acc bool) {
	d.matMul(kernels.MatMul{Kind: kernels.NT, C: c, A: a, B: b, Acc: acc})
}

// MatMulNN implements [kernels.Device].
func (d *Device) MatMulNN(c, a, b kernels.Mat, acc bool) {
	d.matMul(kernels.MatMul{Kind: kernels.NN, C: c, A: a, B: b, Acc: acc})
}

// MatMulTN implements [kernels.Device].
func (d *Device) MatMulTN(c, a, b kernels.Mat, acc bool) {
	d.matMul(kernels.MatMul{Kind: kernels.TN, C: c, A: a, B: b, Acc: acc})
}

func (d *Device) matMul(m kernels.MatMul) {
	p := productOf(m)
	if m.Kind == kernels.NT && p.m <= smallRows {
		d.multiplySmallNT(p.c, p.ldc, p.a, p.b, p.m, p.n, p.k, p.acc)
		return
	}
	d.tasks.list = append(d.tasks.list[:0], p)
	d.multiplyAll()
}

// MatMuls implements [kernels.Device].
func (d *Device) MatMuls(ms []kernels.MatMul) {
	if len(ms) == 1 {
		d.matMul(ms[0])
		return
	}
	d.tasks.list = d.tasks.list[:0]
	for _, m := range ms {
		d.tasks.list = append(d.tasks.list, productOf(m))
	}
	d.multiplyAll()
}

// productOf checks the operands of a product.
func productOf(m kernels.MatMul) product {
	if m.A.Type != kernels.F32 || m.Kind == kernels.TN && m.B.Type != kernels.F32 {
		panic("cpu: MatMul: the left side, and both sides of TN, must be F32")
	}
	aT, bT := m.Kind == kernels.TN, m.Kind != kernels.NT
	rows, depth := m.A.Rows, m.A.Cols
	if aT {
		rows, depth = depth, rows
	}
	cols, depthB := m.B.Rows, m.B.Cols
	if bT {
		cols, depthB = depthB, cols
	}
	if m.C.Rows != rows || m.C.Cols != cols || depth != depthB {
		panic("cpu: MatMul: shapes do not agree")
	}
	return newProduct(matF32(m.C), m.C.Stride, operandOf(m.A, aT), operandOf(m.B, bT), rows, cols, depth, m.Acc)
}
