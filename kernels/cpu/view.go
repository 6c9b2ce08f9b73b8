package cpu

import "huihai/kernels"

// mat is an F32 matrix in host memory.
type mat struct {
	f      []float32
	stride int
}

func viewMat(m kernels.Mat) mat { return mat{matF32(m), m.Stride} }

// at returns n elements of row r from column c on.
func (m mat) at(r, c, n int) []float32 { return m.f[r*m.stride+c : r*m.stride+c+n] }

// from returns the matrix that starts at row r, column c.
func (m mat) from(r, c int) mat { return mat{m.f[r*m.stride+c:], m.stride} }

// rest returns what there is from row r on, perhaps nothing.
func (m mat) rest(r int) []float32 { return m.f[min(len(m.f), r*m.stride):] }

// shift returns the matrix that starts at column c.
func (m mat) shift(c int) mat { return mat{m.f[c:], m.stride} }

// strided is the left side of a small product: element (i, p) lies at
// i*row + p*step.
type strided struct {
	f         []float32
	row, step int
}

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
