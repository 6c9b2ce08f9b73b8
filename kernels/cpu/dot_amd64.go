//go:build !noasm

package cpu

import (
	"math"

	"huihai/kernels"
)

// dotKernel continues a group of dot products: the same arguments for every type
// of B, number of rows of A and instruction set. c is dense, ldb and ahead are
// bytes, scales and work are used by the types that need them.
type dotKernel func(c, a *float32, lda int, b *byte, ldb, n, ahead int, scales, work *float32)

// dotKernels returns the routines for 1 to 4 rows of A.
func (p isa) dotKernels(t kernels.DType) (f [smallRows]dotKernel) {
	switch {
	case p == avx2 && t == kernels.F32:
		return [smallRows]dotKernel{dotF32x1AVX2, dotF32x2AVX2, dotF32x3AVX2, dotF32x4AVX2}
	case p == avx2 && t == kernels.BF16:
		return [smallRows]dotKernel{dotBF16x1AVX2, dotBF16x2AVX2, dotBF16x3AVX2, dotBF16x4AVX2}
	case p == avx2 && t == kernels.I8:
		return [smallRows]dotKernel{dotI8x1AVX2, dotI8x2AVX2, dotI8x3AVX2, dotI8x4AVX2}
	case p == avx2:
		return [smallRows]dotKernel{dotNF4x1AVX2, dotNF4x2AVX2, dotNF4x3AVX2, dotNF4x4AVX2}
	case t == kernels.F32:
		return [smallRows]dotKernel{dotF32x1AVX512, dotF32x2AVX512, dotF32x3AVX512, dotF32x4AVX512}
	case t == kernels.BF16:
		return [smallRows]dotKernel{dotBF16x1AVX512, dotBF16x2AVX512, dotBF16x3AVX512, dotBF16x4AVX512}
	case t == kernels.I8:
		return [smallRows]dotKernel{dotI8x1AVX512, dotI8x2AVX512, dotI8x3AVX512, dotI8x4AVX512}
	}
	return [smallRows]dotKernel{dotNF4x1AVX512, dotNF4x2AVX512, dotNF4x3AVX512, dotNF4x4AVX512}
}

// dotShape returns how many rows of B a routine takes together and of what the
// depths are a multiple.
func (p isa) dotShape(t kernels.DType, m int) (width, depth int) {
	values := int(32 / t.Bytes(8)) // per word
	switch {
	case p == portable:
		return 16, 1
	case p == avx2:
		width, depth = 8, 4*values
		if m == 1 {
			width = 16
		}
		if t == kernels.NF4 {
			depth = nf4Block
		}
		return width, depth
	case t == kernels.F32:
		return 16, 16
	case t == kernels.BF16 || m > 1:
		return 32, 16 * values
	}
	return 64, 16 * values
}

// dotRowsOf runs the assembly on a full group and returns the depths it took.
func (p isa) dotRowsOf(g *dotGroup) int {
	n := g.k - g.k%g.depth
	if p == portable || n == 0 {
		return 0
	}
	f := p.dotKernels(g.b.typ)[g.m-1]
	b, ldb := g.b.raw[g.b.typ.Bytes(g.row*g.b.stride):], int(g.b.typ.Bytes(g.b.stride))
	words, scales := g.work[:dotWork], g.work[dotWork:]
	fetch := g.width * ldb // the next group
	if p == avx2 {
		fetch = ahead(int(g.b.typ.Bytes(n)), fetch)
	}
	switch g.b.typ {
	case kernels.I8:
		if !dotScales(scales[:g.width], g.b.scales[g.row:]) {
			return 0
		}
	case kernels.NF4:
		most := len(scales) / g.width * nf4Block
		most -= most % g.depth
		for k := 0; k < n; k += most {
			part := min(most, n-k)
			g.blockScales(scales, k, part)
			f(&g.tile[0], &g.a[k], g.lda, &b[k/2], ldb, part, fetch, &scales[0], &words[0])
		}
		return n
	}
	f(&g.tile[0], &g.a[0], g.lda, &b[0], ldb, n, fetch, &scales[0], &words[0])
	return n
}

// dotWork is the room for the transposed words of a group.
const dotWork = 4 * 256

// dotScales prepares the scales of int8 rows for routines that see each value
// times 2^24, and reports whether that is exact: not for scales so small that the
// result is subnormal.
func dotScales(dst, scales []float32) bool {
	for j := range dst {
		s := scales[j]
		if abs := math.Abs(float64(s)); abs < 0x1p-102 && abs != 0 {
			return false
		}
		dst[j] = s * 0x1p-24
	}
	return true
}

// ahead is how many bytes on rows are prefetched: further along long rows, in the
// group of rows that follows for short ones.
func ahead(row, group int) int {
	const far = 512
	if row >= 4*far {
		return far
	}
	return group
}

func (p isa) widenI8(dst []float32, src []int8, scale float32) {
	n := p.vectors(len(dst))
	if n > 0 {
		widenI8AVX2(&dst[0], &src[0], n, scale)
	}
	widenI8Go(dst[n:], src[n:], scale)
}

func (p isa) widenNF4(dst []float32, src []byte, at int, absmax float32) {
	n := p.vectors(len(dst))
	if at%2 != 0 {
		n = 0
	}
	if n > 0 {
		widenNF4AVX2(&dst[0], &src[at/2], n, absmax)
	}
	widenNF4Go(dst[n:], src, at+n, absmax)
}
