package cpu

import "huihai/kernels"

// Block sizes of a matrix product. They set cache use and the memory that a
// device keeps, not the result.
const (
	panelDepth = 512     // depths of one panel: deep, so that tiles of C are loaded and stored seldom
	panelRows  = 96      // rows of A that one worker has in its second-level cache, a multiple of every tile height
	panelCols  = 2048    // columns of B packed together at most, a multiple of every tile width
	bLen       = 1 << 20 // elements of B packed together, at least panelCols*panelDepth
	panelPad   = 16      // elements that a packer may write past a panel

	tileLen = 12 * 32         // the largest tile
	rowLen  = 32 * panelDepth // widened bf16 columns of one panel

	inlineWork = 1 << 17 // multiply-adds below which workers are not woken
	unitWork   = 1 << 20 // multiply-adds that a unit of work should have at least
)

// workspace is what one worker may scribble on.
type workspace struct {
	tile []float32 // tileLen, a tile at the edge of C
	row  []float32 // rowLen
	a    []float32 // packed rows of A
}

// product is C (m x n) = A·B or C += A·B with depth k. Each element of C is one
// chain of fused multiply-adds over k in order; blocks of k continue the chain
// through C.
//
// B is packed by all workers together, nb columns and kb depths at a time, as
// slabs of panelDepth depths, each a row of panels. Then every unit multiplies
// some rows of A by it, packing them for itself or reading them in place.
type product struct {
	d       *Device
	c       []float32
	ldc     int
	a, b    operand
	m, n, k int
	acc     bool
	inPlace bool // A is read where it lies

	j0, nb, k0, kb int // the block of B
	packing        bool
	panels, group  int // panels of the block, and how many of them a packing unit takes
	rows, cols     int // extent of a computing unit
	across         int // computing units per row of units
}

// multiply runs a product.
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
	*p = product{d: d, c: c, ldc: ldc, a: a, b: b, m: m, n: n, k: k, acc: acc, inPlace: a.inPlace()}
	_, nr := d.isa.tile()
	for p.j0 = 0; p.j0 < n; p.j0 += panelCols {
		p.nb = min(panelCols, n-p.j0)
		depth := max(panelDepth, bLen/roundUp(p.nb, nr)/panelDepth*panelDepth)
		for p.k0 = 0; p.k0 < k; p.k0 += depth {
			p.kb = min(depth, k-p.k0)
			p.block()
		}
	}
	*p = product{}
}

// inPlace tells whether the micro-kernel can broadcast from the operand where it
// lies. Rows a multiple of a page apart share too few sets of the caches.
func (o operand) inPlace() bool {
	const page = 4096 / 4
	return o.f != nil && o.stride%page != 0
}

// block packs and multiplies the current block of B.
func (p *product) block() {
	mr, nr := p.d.isa.tile()
	p.panels = ceilDiv(p.nb, nr) * ceilDiv(p.kb, panelDepth)
	p.group = max(1, ceilDiv(p.panels, 8*p.d.threads))
	p.packing = true
	p.start(ceilDiv(p.panels, p.group))
	p.packing = false
	p.rows, p.cols = unitShape(p.m, p.nb, p.kb, p.d.threads, mr, nr)
	p.across = ceilDiv(p.nb, p.cols)
	p.start(ceilDiv(p.m, p.rows) * p.across)
}

func (p *product) start(units int) {
	if p.m*p.nb*p.kb <= inlineWork {
		for i := range units {
			p.unit(0, i)
		}
		return
	}
	p.d.pool.run(p, units)
}

// unitShape cuts a block into units: all columns and few enough rows that every
// worker gets several; where there are not enough rows for that, columns too.
func unitShape(m, nb, kb, threads, mr, nr int) (rows, cols int) {
	cols = roundUp(nb, nr)
	if threads == 1 {
		return min(panelRows, roundUp(m, mr)), cols
	}
	const each = 8 // units per worker
	least := roundUp(ceilDiv(unitWork, nb*kb), mr)
	rows = min(panelRows, max(least, roundUp(ceilDiv(m, each*threads), mr)), roundUp(m, mr))
	for ceilDiv(m, rows)*ceilDiv(nb, cols) < each*threads && rows*cols*kb > unitWork && cols > 2*nr {
		cols = roundUp(cols/2, nr)
	}
	return rows, cols
}

// unit implements task.
func (p *product) unit(worker, u int) {
	ws := &p.d.ws[worker]
	if p.packing {
		for i := u * p.group; i < min(p.panels, (u+1)*p.group); i++ {
			p.pack(ws, i)
		}
		return
	}
	r, c := u/p.across*p.rows, u%p.across*p.cols
	p.compute(ws, r, min(r+p.rows, p.m), c, min(c+p.cols, p.nb))
}

// slab returns the packed depths [k, k+kb) of the block.
func (p *product) slab(k int) (b []float32, kb int) {
	_, nr := p.d.isa.tile()
	return p.d.panels[k*roundUp(p.nb, nr):], min(panelDepth, p.kb-k)
}

// pack packs panel i of the block of B.
func (p *product) pack(ws *workspace, i int) {
	_, nr := p.d.isa.tile()
	across := ceilDiv(p.nb, nr)
	k, j := i/across*panelDepth, i%across*nr
	dst, kb := p.slab(k)
	p.d.isa.packPanel(dst[j*kb:], p.b, p.j0+j, min(nr, p.nb-j), nr, p.k0+k, kb, ws.row)
}

// compute multiplies rows [r0,r1) by columns [c0,c1) of the block.
func (p *product) compute(ws *workspace, r0, r1, c0, c1 int) {
	mr, nr := p.d.isa.tile()
	for k := 0; k < p.kb; k += panelDepth {
		slab, kb := p.slab(k)
		left := p.left(ws, r0, r1, p.k0+k, kb)
		zero := p.k0+k == 0 && !p.acc
		for j := c0; j < c1; j += nr {
			for i := r0; i < r1; i += mr {
				a, row, step := left.tile(i - r0)
				t := tile{kb: kb, a: a, row: row, step: step, b: slab[j*kb:],
					c: p.c[i*p.ldc+p.j0+j:], ldc: p.ldc, m: min(mr, r1-i), n: min(nr, p.nb-j), zero: zero}
				p.d.isa.tileProduct(&t, ws.tile)
			}
		}
	}
}

// rowPanels are some rows of A at some depths, as tiles read them.
type rowPanels struct {
	a         []float32
	row, step int // of a tile in place
	inPlace   int // rows that are read in place
	at, next  int // elements from row to row of a, from packed panel to panel
	packed    []float32
	mr        int
}

// left prepares rows [r0,r1) of A at depths [k,k+kb): full tiles in place where
// that is possible, the rest packed into the workspace.
func (p *product) left(ws *workspace, r0, r1, k, kb int) rowPanels {
	mr, _ := p.d.isa.tile()
	l := rowPanels{packed: ws.a, mr: mr, next: mr*kb + panelPad}
	if p.inPlace {
		l.inPlace = (r1 - r0) / mr * mr
		if p.a.kMajor {
			l.a, l.row, l.step = p.a.f[k*p.a.stride+r0:], 1, p.a.stride
		} else {
			l.a, l.row, l.step = p.a.f[r0*p.a.stride+k:], p.a.stride, 1
		}
	}
	for i := l.inPlace; i < r1-r0; i += mr {
		p.d.isa.packPanel(ws.a[(i-l.inPlace)/mr*l.next:], p.a, r0+i, min(mr, r1-r0-i), mr, k, kb, ws.row)
	}
	return l
}

// tile returns the rows from i on and their strides.
func (l *rowPanels) tile(i int) (a []float32, row, step int) {
	if i < l.inPlace {
		return l.a[i*l.row:], l.row, l.step
	}
	return l.packed[(i-l.inPlace)/l.mr*l.next:], 1, l.mr
}

// tile is one call of the micro-kernel.
type tile struct {
	kb        int
	a         []float32 // element (i, p) at i*row+p*step
	row, step int
	b, c      []float32
	ldc       int
	m, n      int // the corner of C that there is
	zero      bool
}

// tileProduct continues the sums of an m x n corner of one tile of C over kb
// depths. Tiles that are not full go through tmp.
func (p isa) tileProduct(t *tile, tmp []float32) {
	mr, nr := p.tile()
	if t.m == mr && t.n == nr {
		p.micro(t.kb, t.a, t.row, t.step, t.b, t.c, t.ldc, t.zero)
		return
	}
	if !t.zero {
		for i := range t.m {
			copy(tmp[i*nr:i*nr+t.n], t.c[i*t.ldc:])
		}
	}
	p.micro(t.kb, t.a, t.row, t.step, t.b, tmp, nr, t.zero)
	for i := range t.m {
		copy(t.c[i*t.ldc:i*t.ldc+t.n], tmp[i*nr:])
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
