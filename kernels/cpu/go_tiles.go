package cpu

// keyPanel is how many columns a transposed panel has: those of the widest tile.
const keyPanel = 32

// productGo defines isa.product.
func productGo(c mat, a strided, b mat, m, n, depth int, zero bool) {
	for i := range m {
		row := c.at(i, 0, n)
		if zero {
			clear(row)
		}
		for p := range depth {
			axpyGo(row, a.f[i*a.row+p*a.step], b.f[p*b.stride:p*b.stride+n])
		}
	}
}

// transposeGo defines isa.transpose from column j0 on.
func transposeGo(dst []float32, src mat, j0, n, depth int) {
	for k := range depth {
		row := dst[k*keyPanel : (k+1)*keyPanel]
		for j := j0; j < n; j++ {
			row[j] = src.f[j*src.stride+k]
		}
		clear(row[n:])
	}
}
