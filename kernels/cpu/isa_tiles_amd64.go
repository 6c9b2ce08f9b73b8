//go:build !noasm

package cpu

// product continues m x n sums of c over a depth: c[i,j] = fma(a[i,p], b[p,j],
// c[i,j]) for p in order, from zero when zero is set. n is a multiple of 8.
func (p isa) product(c mat, a strided, b mat, m, n, depth int, zero bool) {
	switch {
	case depth == 0 && !zero:
	case p == portable:
		productGo(c, a, b, m, n, depth, zero)
	case p == avx512:
		for j := 0; j < n; j += 32 {
			productAVX512(c.shift(j), a, b.shift(j), m, min(32, n-j), depth, zero)
		}
	default:
		for j := 0; j < n; j += 16 {
			productAVX2(c.shift(j), a, b.shift(j), m, min(16, n-j), depth, zero)
		}
	}
}

// productAVX512 is product for n <= 32: twelve rows at a time, then four, then one.
func productAVX512(c mat, a strided, b mat, m, n, depth int, zero bool) {
	mask, wide := uint32(1)<<n-1, n > 16
	if wide {
		mask = uint32(1)<<(n-16) - 1
	}
	for i := 0; i < m; {
		to, left := &c.f[i*c.stride], &a.f[i*a.row]
		switch rest := m - i; {
		case rest >= 12 && wide:
			tile12x32AVX512(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero, mask)
			i += 12
		case rest >= 12:
			tile12x16AVX512(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero, mask)
			i += 12
		case rest >= 4 && wide:
			tile4x32AVX512(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero, mask)
			i += 4
		case rest >= 4:
			tile4x16AVX512(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero, mask)
			i += 4
		case wide:
			tile1x32AVX512(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero, mask)
			i++
		default:
			tile1x16AVX512(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero, mask)
			i++
		}
	}
}

// productAVX2 is product for n 8 or 16: six rows at a time, then one.
func productAVX2(c mat, a strided, b mat, m, n, depth int, zero bool) {
	for i := 0; i < m; {
		to, left := &c.f[i*c.stride], &a.f[i*a.row]
		switch rest := m - i; {
		case rest >= 6 && n == 16:
			tile6x16AVX2(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero)
			i += 6
		case rest >= 6:
			tile6x8AVX2(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero)
			i += 6
		case n == 16:
			tile1x16AVX2(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero)
			i++
		default:
			tile1x8AVX2(depth, left, a.row, a.step, &b.f[0], b.stride, to, c.stride, zero)
			i++
		}
	}
}

// transpose lays n rows of src out as a panel of keyPanel columns: dst[k*keyPanel+j] =
// src[j,k] for k < depth, a multiple of 4. Columns from n on become zero.
func (p isa) transpose(dst []float32, src mat, n, depth int) {
	if p == portable {
		transposeGo(dst, src, 0, n, depth)
		return
	}
	whole := n &^ 7
	for j := 0; j < whole; j += 8 {
		packCols8AVX2(&dst[j], &src.f[j*src.stride], src.stride, keyPanel, depth)
	}
	transposeGo(dst, src, whole, n, depth)
}

// prefetch asks for n rows of the given width, if src has them, ahead of their
// use.
func (p isa) prefetch(src []float32, stride, n, width int) {
	if n = min(n, (len(src)-width+stride)/stride); p == portable || n <= 0 {
		return
	}
	prefetchRowsAVX2(&src[0], stride, n, ceilDiv(width, 16))
}
