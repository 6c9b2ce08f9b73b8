package cpu

import "huihai/kernels"

// checkMat panics unless m lies inside its buffer.
func checkMat(m kernels.Mat) {
	if m.Rows < 0 || m.Cols < 0 || m.Stride < m.Cols {
		panic("cpu: matrix with a negative size or a stride shorter than a row")
	}
	if m.Rows > 0 && m.Cols > 0 && (m.Rows-1)*m.Stride+m.Cols > m.Len {
		panic("cpu: matrix reaches outside its buffer")
	}
}

// matF32 returns the elements of an F32 matrix from its first on; row r starts
// at r*m.Stride.
func matF32(m kernels.Mat) []float32 {
	checkMat(m)
	return f32(m.Buf)
}

// operandOf views a matrix as one side of a product.
func operandOf(m kernels.Mat, kMajor bool) operand {
	checkMat(m)
	if m.Type == kernels.F32 {
		return operand{f: f32(m.Buf), stride: m.Stride, kMajor: kMajor}
	}
	return operand{s: storedOf(m), stride: m.Stride, kMajor: kMajor}
}

// sameShape panics unless all matrices have the shape of the first.
func sameShape(ms ...kernels.Mat) {
	for _, m := range ms[1:] {
		if m.Rows != ms[0].Rows || m.Cols != ms[0].Cols {
			panic("cpu: matrices that must have one shape differ")
		}
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func roundUp(a, b int) int { return ceilDiv(a, b) * b }
