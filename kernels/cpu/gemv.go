package cpu

// smallRows is the largest number of rows of A for which B is read in place
// instead of being packed.
const smallRows = 4

// smallCols is how many rows of B one unit of such a product takes at least.
const smallCols = 64

// smallProduct is C (m <= smallRows, n) = A·Bᵀ with B read once, in place.
type smallProduct struct {
	d       *Device
	c       []float32
	ldc     int
	a, b    operand
	m, n, k int
	acc     bool
	cols    int // rows of B per unit
}

func (d *Device) multiplySmallNT(c []float32, ldc int, a, b operand, m, n, k int, acc bool) {
	if m == 0 || n == 0 {
		return
	}
	p := &d.tasks.small
	*p = smallProduct{d: d, c: c, ldc: ldc, a: a, b: b, m: m, n: n, k: k, acc: acc}
	p.cols = roundUp(max(smallCols, ceilDiv(n, 8*d.threads)), smallCols)
	units := ceilDiv(n, p.cols)
	if n*k <= inlineWork {
		p.cols, units = n, 1
	}
	d.pool.run(p, units)
	*p = smallProduct{}
}

// unit implements task.
func (p *smallProduct) unit(worker, u int) {
	end := min(p.n, (u+1)*p.cols)
	for j := u * p.cols; j < end; j += smallGroup {
		p.group(p.d.ws[worker].row, j, min(smallGroup, end-j))
	}
}

// smallGroup is how many rows of B are multiplied together.
const smallGroup = 16

// group multiplies all rows of A by rows j..j+w of B. Four rows of A share what
// is read of B; fewer take turns.
func (p *smallProduct) group(scratch []float32, j, w int) {
	switch {
	case p.m == tileRows && p.b.h != nil:
		p.widened(scratch, j, w)
		return
	case p.m == tileRows:
		p.tiles(scratch, p.a.f, p.b.f[j*p.b.stride:], p.b.stride, j, w, p.k, !p.acc)
		return
	}
	for i := range p.m {
		c, a := p.c[i*p.ldc+j:i*p.ldc+j+w], p.a.f[i*p.a.stride:i*p.a.stride+p.k]
		if p.b.h != nil {
			p.d.isa.dotRowsBF16(c, a, p.b.h[j*p.b.stride:], p.b.stride, !p.acc)
		} else {
			p.d.isa.dotRows(c, a, p.b.f[j*p.b.stride:], p.b.stride, !p.acc)
		}
	}
}

// widened multiplies by bf16 rows, widening a stretch of depths at a time.
func (p *smallProduct) widened(scratch []float32, j, w int) {
	const depth = (rowLen - tileLen) / smallGroup
	tile, rows := scratch[:tileLen], scratch[tileLen:]
	for k := 0; k < p.k || k == 0; k += depth {
		kb := min(depth, p.k-k)
		for r := range w {
			p.d.isa.widen(rows[r*depth:r*depth+kb], p.b.h[(j+r)*p.b.stride+k:])
		}
		p.tiles(tile, p.a.f[k:], rows, depth, j, w, kb, !p.acc && k == 0)
	}
}

// Tile of dotTile.
const (
	tileRows = 4
	tileCols = 8
)

// tiles continues columns j..j+w of C with depths 0..k of four rows of a and of w
// rows of b.
func (p *smallProduct) tiles(tile, a, b []float32, ldb, j, w, k int, zero bool) {
	for from := 0; from < w; from += tileCols {
		n := min(tileCols, w-from)
		for i := range tileRows {
			row := tile[i*tileCols : (i+1)*tileCols]
			clear(row)
			if !zero {
				copy(row[:n], p.c[i*p.ldc+j+from:])
			}
		}
		p.d.isa.dotTile(tile, a, p.a.stride, b[from*ldb:], ldb, n, k)
		for i := range tileRows {
			copy(p.c[i*p.ldc+j+from:i*p.ldc+j+from+n], tile[i*tileCols:])
		}
	}
}
