//go:build !noasm

package cpu

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// The methods of isa choose between assembly and Go. Assembly takes whole
// vectors; the Go twin finishes ragged ends, continuing the same lanes.

func availablePaths() []isa {
	paths := []isa{portable}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		paths = append(paths, avx2)
		if cpu.X86.HasAVX512F {
			paths = append(paths, avx512)
		}
	}
	return paths
}

func (p isa) tile() (mr, nr int) {
	switch p {
	case avx512:
		return 12, 32
	case avx2:
		return 6, 16
	}
	return goMR, goNR
}

func (p isa) micro(kb int, a []float32, row, step int, b, c []float32, ldc int, zero bool) {
	switch p {
	case avx512:
		microAVX512(kb, &a[0], row, step, &b[0], &c[0], ldc, zero)
	case avx2:
		microAVX2(kb, &a[0], row, step, &b[0], &c[0], ldc, zero)
	default:
		microGo(kb, a, row, step, b, c, ldc, zero)
	}
}

// packRows: the last row of a panel of 6 or 12 is copied alone, since loads and
// stores of the others reach past a narrow row.
func (p isa) packRows(dst, src []float32, stride, width, kb int) {
	switch {
	case p == portable || kb < 2:
		packRowsGo(dst, src, stride, width, kb)
		return
	case width == 32:
		packRows16AVX2(&dst[16], &src[16], stride, width, kb)
		packRows16AVX2(&dst[0], &src[0], stride, width, kb)
		return
	case width == 16:
		packRows16AVX2(&dst[0], &src[0], stride, width, kb)
		return
	case width == 6 && stride >= 8:
		packRows8AVX2(&dst[0], &src[0], stride, width, kb-1)
	case width == 12 && stride >= 16:
		packRows16AVX2(&dst[0], &src[0], stride, width, kb-1)
	default:
		packRowsGo(dst, src, stride, width, kb)
		return
	}
	copy(dst[(kb-1)*width:kb*width], src[(kb-1)*stride:])
}

// packCols transposes eight columns at a time. A panel of six takes two columns
// too many, which the next stores overwrite; the source must have them. A panel
// of twelve packs its middle four columns twice.
func (p isa) packCols(dst, src []float32, stride, width, kb int) {
	whole := kb &^ 3
	if p == portable || whole == 0 || width == 6 && len(src) < 7*stride+whole {
		packColsGo(dst, src, stride, width, kb)
		return
	}
	for j := 0; j < width; j += 8 {
		if width == 12 {
			j = min(j, 4)
		}
		packCols8AVX2(&dst[j], &src[j*stride], stride, width, whole)
		if width == 12 && j == 4 {
			break
		}
	}
	if whole < kb {
		packColsGo(dst[whole*width:], src[whole:], stride, width, kb-whole)
	}
}

func (p isa) dotRows(c, a, b []float32, ldb int, zero bool) {
	if p == portable || len(a) < 4 {
		dotRowsGo(c, a, b, ldb, zero)
		return
	}
	if zero {
		clear(c)
	}
	n, whole := len(a)&^3, len(c)&^15
	for j := 0; j < whole; j += 16 {
		dotF32x1AVX2(&c[j], &a[0], 0, (*byte)(unsafe.Pointer(&b[j*ldb])), 4*ldb, n, ahead(4*n, 4*16*ldb), nil, nil)
	}
	if n < len(a) {
		dotRowsGo(c[:whole], a[n:], b[n:], ldb, false)
	}
	dotRowsGo(c[whole:], a, b[min(len(b), whole*ldb):], ldb, false)
}

func (p isa) axpyRows(c, a, b []float32, ldb int) {
	if p == portable || len(a) == 0 {
		axpyRowsGo(c, a, b, ldb)
		return
	}
	j := 0
	for ; j+64 <= len(c); j += 64 {
		axpyRows64AVX2(&c[j], &a[0], &b[j], ldb, len(a))
	}
	for ; j+8 <= len(c); j += 8 {
		axpyRows8AVX2(&c[j], &a[0], &b[j], ldb, len(a))
	}
	if j < len(c) {
		axpyRowsGo(c[j:], a, b[j:], ldb)
	}
}

// peak runs a loop of fused multiply-adds and returns how many operations it
// did.
func (p isa) peak(rounds int) float64 {
	switch p {
	case avx512:
		peakAVX512(rounds)
		return float64(rounds) * 12 * 16 * 2
	case avx2:
		peakAVX2(rounds)
		return float64(rounds) * 12 * 8 * 2
	}
	return peakGo(rounds)
}
