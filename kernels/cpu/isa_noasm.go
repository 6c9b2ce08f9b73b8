//go:build !amd64 || noasm

package cpu

import "huihai/kernels"

func availablePaths() []isa { return []isa{portable} }

func (p isa) tile() (mr, nr int) { return 4, 16 }

func (p isa) micro(kb int, a []float32, row, step int, b, c []float32, ldc int, zero bool) {
	microGo(kb, a, row, step, b, c, ldc, zero)
}

func (p isa) packRows(dst, src []float32, stride, width, kb int) {
	packRowsGo(dst, src, stride, width, kb)
}

func (p isa) packCols(dst, src []float32, stride, width, kb int) {
	packColsGo(dst, src, stride, width, kb)
}

func (p isa) dotRows(c, a, b []float32, ldb int, zero bool)  { dotRowsGo(c, a, b, ldb, zero) }
func (p isa) dotShape(kernels.DType, int) (width, depth int) { return 16, 1 }
func (p isa) dotRowsOf(*dotGroup) int                        { return 0 }

func (p isa) axpyRows(c, a, b []float32, ldb int) { axpyRowsGo(c, a, b, ldb) }

func (p isa) product(c mat, a strided, b mat, m, n, depth int, zero bool) {
	productGo(c, a, b, m, n, depth, zero)
}
func (p isa) transpose(dst []float32, src mat, n, depth int) { transposeGo(dst, src, 0, n, depth) }
func (p isa) prefetch(src []float32, stride, n, width int)   {}

func (p isa) widenI8(dst []float32, src []int8, scale float32) { widenI8Go(dst, src, scale) }
func (p isa) widenNF4(dst []float32, src []byte, at int, absmax float32) {
	widenNF4Go(dst, src, at, absmax)
}

func (p isa) widenTo(dst []float32, src []uint16, _ bool) { widenGo(dst, src) }
func (p isa) narrow(dst []uint16, src []float32, _ bool)  { narrowGo(dst, src) }

func (p isa) add(dst, a, b []float32, _ bool)                             { addGo(dst, a, b) }
func (p isa) axpy(dst []float32, alpha float32, src []float32)            { axpyGo(dst, alpha, src) }
func (p isa) scaleTo(dst []float32, alpha float32, src []float32, _ bool) { scaleGo(dst, alpha, src) }

func (p isa) fence(bool)                        {}
func (p isa) copyTo(dst, src []float32, _ bool) { copy(dst, src) }
func (p isa) zeroTo(dst []float32, _ bool)      { clear(dst) }
func (p isa) read(x []float32)                  { readGo(x) }

func (p isa) dot16(a, b []float32) float32              { return dot16Go(a, b) }
func (p isa) sumSquares64(x []float32) float64          { return sumSquares64Go(x) }
func (p isa) rowMax(x []float32) float32                { return rowMaxGo(x) }
func (p isa) divide(y, x []float32, by float32, _ bool) { divideGo(y, x, by) }

func (p isa) normApply(y, x, gain []float32, rstd float32, _ bool) { normApplyGo(y, x, gain, rstd) }
func (p isa) normGradDot(dy, x, gain []float32, rstd float32) float32 {
	return normGradDotGo(dy, x, gain, rstd)
}
func (p isa) normGradApply(dx, dy, x, gain []float32, rstd, s float32, _ bool) {
	normGradApplyGo(dx, dy, x, gain, rstd, s)
}
func (p isa) gainRows(dGain []float32, dy, x mat, rstd []float32) { gainRowsGo(dGain, dy, x, rstd) }
func (p isa) divideDot(dy, x []float32, by float32) float32       { return divideDotGo(dy, x, by) }
func (p isa) rowNormGrad(dx, dy, x []float32, by, s float32, acc, _ bool) {
	rowNormGradGo(dx, dy, x, by, s, acc)
}

func (p isa) rotate(x, table []float32, dim int, inverse bool) { rotateGo(x, table, dim, inverse) }

func (p isa) softmax(s []float32, r *scoreRow) (top, sum float32) { return softmaxGo(s, r) }
func (p isa) softmaxGrad(s, dp []float32, r *scoreRow, lse, delta float32) {
	softmaxGradGo(s, dp, r, lse, delta)
}

func (p isa) swiglu(h, gate, up []float32, _ bool) { swigluGo(h, gate, up) }
func (p isa) swigluGrad(dGate, dUp, dh, gate, up []float32, _ bool) {
	swigluGradGo(dGate, dUp, dh, gate, up)
}

func (p isa) adamw(w, g, m, v []float32, s *adamStep) { adamwGo(w, g, m, v, s) }

func (p isa) peak(rounds int) float64 { return peakGo(rounds) }
