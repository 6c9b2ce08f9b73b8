package cpu

import "huihai/kernels"

// Block sizes of a matrix product. A block of A (panelRows x panelDepth) and one
// of B (panelDepth x panelCols) are packed together and shared by all workers;
// they set the memory a device keeps, not the result.
const (
	panelRows  = 2304 // a multiple of every tile height
	panelCols  = 2048 // a multiple of every tile width
	panelDepth = 256
	panelPad   = 16 // elements that a packer may write past a panel

	tileLen = 12 * 32         // the largest tile
	rowLen  = 32 * panelDepth // widened bf16 columns of one panel

	inlineWork = 1 << 17 // multiply-adds below which workers are not woken
	unitWork   = 1 << 20 // multiply-adds that a unit of work should have
)

// panels are the packed blocks of the product under way.
type panels struct{ a, b []float32 }

// workspace is what one worker may scribble on.
type workspace struct {
	tile []float32 // tileLen, a tile at the edge of C
	row  []float32 // rowLen
}

// product is C (m x n) = A·B or C += A·B with depth k, in blocks. Each element of
// C is one chain of fused multiply-adds over k in order; blocks of k continue
// the chain through C.
type product struct {
	d       *Device
	c       []float32
	ldc     int
	a, b    operand
	m, n, k int
	acc     bool

	i0, mb, j0, nb, k0, kb int // the block
	packing                bool
	aPanels                int // panels of A, then of B, are the packing units
	group                  int // panels of A or B per packing unit
	unitRows, unitCols     int // extent of a computing unit
	across                 int // computing units per row of units
}

// multiply runs a product. inline keeps it on the calling worker.
func (d *Device) multiply(c []float32, ldc int, a, b operand, m, n, k int, acc bool) {
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		if !acc {
			for i := range m {
				clear(c[i*ldc : i*ldc+n])
			}
		}
		return
	}
	p := &d.tasks.product
	*p = product{d: d, c: c, ldc: ldc, a: a, b: b, m: m, n: n, k: k, acc: acc}
	for p.i0 = 0; p.i0 < m; p.i0 += panelRows {
		p.mb = min(panelRows, m-p.i0)
		for p.j0 = 0; p.j0 < n; p.j0 += panelCols {
			p.nb = min(panelCols, n-p.j0)
			for p.k0 = 0; p.k0 < k; p.k0 += panelDepth {
				p.kb = min(panelDepth, k-p.k0)
				p.block()
			}
		}
	}
	*p = product{}
}

// block packs and multiplies the current block.
func (p *product) block() {
	mr, nr := p.d.isa.tile()
	p.aPanels = ceilDiv(p.mb, mr)
	units := p.aPanels + ceilDiv(p.nb, nr)
	p.group = max(1, ceilDiv(units, 8*p.d.threads))
	p.packing = true
	p.start(p.d, ceilDiv(units, p.group))
	p.packing = false
	p.unitRows, p.unitCols = unitShape(p.mb, p.nb, p.kb, p.d.threads, mr, nr)
	p.across = ceilDiv(p.nb, p.unitCols)
	p.start(p.d, ceilDiv(p.mb, p.unitRows)*p.across)
}

func (p *product) start(d *Device, units int) {
	if p.mb*p.nb*p.kb <= inlineWork {
		for i := range units {
			p.unit(0, i)
		}
		return
	}
	d.pool.run(p, units)
}

// unitShape cuts a block into units of about unitWork multiply-adds or less,
// tall ones first so that a unit's rows of A stay in the second-level cache.
func unitShape(mb, nb, kb, threads, mr, nr int) (rows, cols int) {
	rows = min(roundUp(mb, mr), 96)
	cols = roundUp(max(nr, unitWork/(rows*kb)), nr)
	if threads == 1 {
		cols = roundUp(nb, nr)
	}
	for ceilDiv(mb, rows)*ceilDiv(nb, cols) < 4*threads && threads > 1 && cols > 2*nr {
		cols = roundUp(cols/2, nr)
	}
	return rows, cols
}

// unit implements task.
func (p *product) unit(worker, u int) {
	if p.packing {
		total := p.aPanels + ceilDiv(p.nb, p.nr())
		for i := u * p.group; i < min(total, (u+1)*p.group); i++ {
			p.pack(worker, i)
		}
		return
	}
	rows, cols := u/p.across*p.unitRows, u%p.across*p.unitCols
	p.compute(worker, rows, min(rows+p.unitRows, p.mb), cols, min(cols+p.unitCols, p.nb))
}

func (p *product) nr() int { _, nr := p.d.isa.tile(); return nr }

// pack packs panel i of the block, A's first.
func (p *product) pack(worker, i int) {
	mr, nr := p.d.isa.tile()
	scratch := p.d.ws[worker].row
	if i < p.aPanels {
		dst := p.d.panels.a[i*(mr*p.kb+panelPad):]
		p.d.isa.packPanel(dst, p.a, p.i0+i*mr, min(mr, p.mb-i*mr), mr, p.k0, p.kb, scratch)
		return
	}
	i -= p.aPanels
	dst := p.d.panels.b[i*nr*p.kb:]
	p.d.isa.packPanel(dst, p.b, p.j0+i*nr, min(nr, p.nb-i*nr), nr, p.k0, p.kb, scratch)
}

// compute multiplies rows [r0,r1) by columns [c0,c1) of the packed block.
func (p *product) compute(worker, r0, r1, c0, c1 int) {
	mr, nr := p.d.isa.tile()
	zero := p.k0 == 0 && !p.acc
	for j := c0; j < c1; j += nr {
		b := p.d.panels.b[j*p.kb:]
		for i := r0; i < r1; i += mr {
			a := p.d.panels.a[i/mr*(mr*p.kb+panelPad):]
			c := p.c[(p.i0+i)*p.ldc+p.j0+j:]
			p.d.isa.tileProduct(p.kb, a, b, c, p.ldc, min(mr, p.mb-i), min(nr, p.nb-j), zero, p.d.ws[worker].tile)
		}
	}
}

// tileProduct continues the sums of an m x n corner of one tile of C over kb
// depths. Tiles that are not full go through tmp.
func (p isa) tileProduct(kb int, a, b, c []float32, ldc, m, n int, zero bool, tmp []float32) {
	mr, nr := p.tile()
	if m == mr && n == nr {
		p.micro(kb, a, b, c, ldc, zero)
		return
	}
	if !zero {
		for i := range m {
			copy(tmp[i*nr:i*nr+n], c[i*ldc:])
		}
	}
	p.micro(kb, a, b, tmp, nr, zero)
	for i := range m {
		copy(c[i*ldc:i*ldc+n], tmp[i*nr:])
	}
}

// MatMulNT implements [kernels.Device].
func (d *Device) MatMulNT(c, a, b kernels.Mat, acc bool) {
	if c.Rows != a.Rows || c.Cols != b.Rows || a.Cols != b.Cols {
		panic("cpu: MatMulNT: shapes do not agree")
	}
	out, x, w := matF32(c), operandOf(a, false), operandOf(b, false)
	if a.Type != kernels.F32 {
		panic("cpu: MatMulNT: the left side must be F32")
	}
	if c.Rows <= smallRows {
		d.multiplySmallNT(out, c.Stride, x, w, c.Rows, c.Cols, a.Cols, acc)
		return
	}
	d.multiply(out, c.Stride, x, w, c.Rows, c.Cols, a.Cols, acc)
}

// MatMulNN implements [kernels.Device].
func (d *Device) MatMulNN(c, a, b kernels.Mat, acc bool) {
	if c.Rows != a.Rows || c.Cols != b.Cols || a.Cols != b.Rows {
		panic("cpu: MatMulNN: shapes do not agree")
	}
	out, x, w := matF32(c), operandOf(a, false), operandOf(b, true)
	if a.Type != kernels.F32 {
		panic("cpu: MatMulNN: the left side must be F32")
	}
	d.multiply(out, c.Stride, x, w, c.Rows, c.Cols, a.Cols, acc)
}

// MatMulTN implements [kernels.Device].
func (d *Device) MatMulTN(c, a, b kernels.Mat, acc bool) {
	if c.Rows != a.Cols || c.Cols != b.Cols || a.Rows != b.Rows {
		panic("cpu: MatMulTN: shapes do not agree")
	}
	if a.Type != kernels.F32 || b.Type != kernels.F32 {
		panic("cpu: MatMulTN: both sides must be F32")
	}
	d.multiply(matF32(c), c.Stride, operandOf(a, true), operandOf(b, true), c.Rows, c.Cols, a.Rows, acc)
}
