package optim

import (
	"math"

	"huihai/kernels"
)

// Constants of Muon, those of torch.optim.Muon: the coefficients of its
// Newton-Schulz iteration and the least norm that a matrix is divided by.
const (
	muonA, muonB, muonC = 3.4445, -4.7750, 2.0315
	muonLeastNorm       = 1e-7
)

// muon is the optimizer of Jordan et al. ("Muon: an optimizer for hidden layers in
// neural networks", 2024) as torch.optim.Muon has it, with the Nesterov form:
//
//	m = momentum*m + (1-momentum)*g
//	x = (1-momentum)*g + momentum*m
//	x = x / max(|x|, 1e-7)
//	n times:  s = x·xᵀ;  x = a*x + (b*s + c*s·s)·x
//	p = p*(1 - lr*decay) - lr*scale*x
//
// where the iteration, in float32, brings all singular values of x near 1 and
// scale follows the shape. A tall matrix takes s = xᵀ·x and multiplies from the
// right, which is the same on its transpose.
type muon struct {
	momentum float64
	steps    int
	scale    LRScale

	most, side      int         // elements of the largest matrix, longest short side
	x, y, gram, sum kernels.Buf // scratch that all matrices share
}

func (*muon) slots(shape []int) []slot {
	return []slot{{prefix: "momentum_buffer.", shape: shape, typ: kernels.F32, kind: finite}}
}

func (*muon) byRow() bool { return false }

func (m *muon) reserve(rows, cols int) {
	m.most, m.side = max(m.most, rows*cols), max(m.side, min(rows, cols))
}

func (m *muon) scratchBytes() int64 {
	return 2*aligned(kernels.F32.Bytes(m.most)) + 2*aligned(kernels.F32.Bytes(m.side*m.side))
}

func (m *muon) place(scratch kernels.Buf) {
	take := func(n int) kernels.Buf {
		b := kernels.Buf{Mem: scratch.Mem, Off: scratch.Off, Len: n, Type: kernels.F32}
		scratch.Off += aligned(b.Bytes())
		return b
	}
	m.x, m.y, m.gram, m.sum = take(m.most), take(m.most), take(m.side*m.side), take(m.side*m.side)
}

func (m *muon) update(dev kernels.Device, t *tensor, s stepArgs) error {
	rows, cols := t.Shape[0], t.Shape[1]
	mean, x := t.state[0], m.x.Slice(0, t.Value.Len)
	keep, take := float32(m.momentum), float32((1-m.momentum)*s.gradScale)
	dev.Scale(mean, keep, mean)
	dev.Axpy(mean, take, t.Grad)
	dev.Scale(x, take, t.Grad)
	dev.Axpy(x, keep, mean)
	squares, err := dev.SumSquares(x)
	if err != nil {
		return err
	}
	dev.Scale(x, float32(1/max(math.Sqrt(squares), muonLeastNorm)), x)
	x = m.orthogonalize(dev, rows, cols)
	dev.Scale(t.Value, float32(1-float64(s.lr*s.decay)), t.Value)
	dev.Axpy(t.Value, float32(-s.lr*m.lrScale(rows, cols)), x)
	return nil
}

// orthogonalize iterates on the matrix in m.x and returns where the result is.
func (m *muon) orthogonalize(dev kernels.Device, rows, cols int) kernels.Buf {
	n, side := rows*cols, min(rows, cols)
	x, y := m.x.Slice(0, n), m.y.Slice(0, n)
	gram, sum := m.gram.Slice(0, side*side), m.sum.Slice(0, side*side)
	s, t := gram.Mat(side, side), sum.Mat(side, side)
	for range m.steps {
		from, to := x.Mat(rows, cols), y.Mat(rows, cols)
		if rows > cols {
			dev.MatMulTN(s, from, from, false)
		} else {
			dev.MatMulNT(s, from, from, false)
		}
		dev.MatMulNN(t, s, s, false)
		dev.Scale(sum, muonC, sum)
		dev.Axpy(sum, muonB, gram)
		dev.Scale(y, muonA, x)
		if rows > cols {
			dev.MatMulNN(to, from, t, true) // s and so t are symmetric
		} else {
			dev.MatMulNN(to, t, from, true)
		}
		x, y = y, x
	}
	return x
}

// lrScale returns the factor of the learning rate for a shape.
func (m *muon) lrScale(rows, cols int) float64 {
	r, c := float64(rows), float64(cols)
	if m.scale == OriginalScale {
		return math.Sqrt(max(1, r/c))
	}
	return 0.2 * math.Sqrt(max(r, c))
}
