package cpu

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
type product struct {
	c       []float32
	ldc     int
	a, b    operand
	m, n, k int
	acc     bool
	inPlace bool // A is read where it lies
}

// newProduct describes a product; it counts nothing to do as no rows.
func newProduct(c []float32, ldc int, a, b operand, m, n, k int, acc bool) product {
	if n == 0 {
		m = 0
	}
	if k == 0 && !acc {
		for i := range m {
			clear(c[i*ldc : i*ldc+n])
		}
	}
	return product{c: c, ldc: ldc, a: a, b: b, m: m, n: n, k: k, acc: acc, inPlace: a.inPlace()}
}

// inPlace tells whether the micro-kernel can broadcast from the operand where it
// lies. Rows a multiple of a page apart share too few sets of the caches.
func (o operand) inPlace() bool {
	const page = 4096 / 4
	return o.f != nil && o.rows.norms == nil && o.stride%page != 0
}

// bBlock is what of B is packed at once, and the part of C that it gives: columns
// [j0, j0+nb) at depths [k0, k0+kb). It is packed as slabs of panelDepth depths,
// each a row of panels. Then every unit multiplies some rows of A by it.
type bBlock struct {
	*product
	d              *Device
	panels         []float32
	j0, nb, k0, kb int
	packing        int // panels
	perPack        int // panels that a packing unit takes
	rows, cols     int // extent of a computing unit
	across         int // computing units per row of units
}

// products runs several products as one sequence of blocks. While a block is
// multiplied, the next one, of the same product or of the one after, is packed
// into the other half of the panels; so products must not read what those before
// them in the list write.
type products struct {
	d         *Device
	list      []product
	i         int // the product of next
	at        [2]bBlock
	now, next *bBlock // being multiplied, being packed; nil when there is none
	computing int     // units of now; those of next follow
}

// multiply runs one product.
func (d *Device) multiply(c []float32, ldc int, a, b operand, m, n, k int, acc bool) {
	d.tasks.list = append(d.tasks.list[:0], newProduct(c, ldc, a, b, m, n, k, acc))
	d.multiplyAll()
}

// multiplyAll runs the products in tasks.list.
func (d *Device) multiplyAll() {
	p := &d.tasks.products
	*p = products{d: d, list: d.tasks.list}
	for p.step(); p.next != nil || p.now != nil; p.step() {
		units, work := 0, 0
		if p.now != nil {
			p.computing = p.now.split()
			units, work = p.computing, p.now.m*p.now.nb*p.now.kb
		}
		if p.next != nil {
			units += ceilDiv(p.next.packing, p.next.perPack)
			work = max(work, p.next.m*p.next.nb*p.next.kb)
		}
		if work > inlineWork {
			d.pool.run(p, units)
			continue
		}
		for u := range units {
			p.unit(0, u)
		}
	}
	*p = products{}
	clear(d.tasks.list)
}

// step makes the packed block the one to multiply, and finds the one to pack.
func (p *products) step() {
	p.now, p.computing = p.next, 0
	spare := &p.at[0]
	if p.now == spare {
		spare = &p.at[1]
	}
	p.next = nil
	j0, k0 := 0, 0
	if b := p.now; b != nil {
		if j0, k0 = b.j0, b.k0+b.kb; k0 == b.k {
			j0, k0 = j0+b.nb, 0
		}
		if j0 == b.n {
			p.i++
			j0 = 0
		}
	}
	for p.i < len(p.list) && (p.list[p.i].m == 0 || p.list[p.i].k == 0) {
		p.i++
	}
	if p.i < len(p.list) {
		half := 0
		if spare == &p.at[1] {
			half = bLen + panelPad
		}
		*spare = bBlock{product: &p.list[p.i], d: p.d, panels: p.d.panels[half:][:bLen+panelPad], j0: j0, k0: k0}
		spare.size()
		p.next = spare
	}
}

// size sets the extent of the block and how it is packed.
func (b *bBlock) size() {
	_, nr := b.d.isa.tile()
	b.nb = min(panelCols, b.n-b.j0)
	depth := max(panelDepth, bLen/roundUp(b.nb, nr)/panelDepth*panelDepth)
	b.kb = min(depth, b.k-b.k0)
	b.packing = ceilDiv(b.nb, nr) * ceilDiv(b.kb, panelDepth)
	b.perPack = max(1, ceilDiv(b.packing, 8*b.d.threads))
}

// split cuts the block into computing units and returns their number.
func (b *bBlock) split() int {
	mr, nr := b.d.isa.tile()
	b.rows, b.cols = unitShape(b.m, b.nb, b.kb, b.d.threads, mr, nr)
	b.across = ceilDiv(b.nb, b.cols)
	return ceilDiv(b.m, b.rows) * b.across
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
func (p *products) unit(worker, u int) {
	ws := &p.d.ws[worker]
	if u < p.computing {
		b := p.now
		r, c := u/b.across*b.rows, u%b.across*b.cols
		b.compute(ws, r, min(r+b.rows, b.m), c, min(c+b.cols, b.nb))
		return
	}
	b, u := p.next, u-p.computing
	for i := u * b.perPack; i < min(b.packing, (u+1)*b.perPack); i++ {
		b.pack(ws, i)
	}
}

// slab returns the packed depths of the block from k on.
func (b *bBlock) slab(k int) (panels []float32, kb int) {
	_, nr := b.d.isa.tile()
	return b.panels[k*roundUp(b.nb, nr):], min(panelDepth, b.kb-k)
}

// pack packs panel i.
func (b *bBlock) pack(ws *workspace, i int) {
	_, nr := b.d.isa.tile()
	across := ceilDiv(b.nb, nr)
	k, j := i/across*panelDepth, i%across*nr
	dst, kb := b.slab(k)
	b.d.isa.packPanel(dst[j*kb:], b.b, b.j0+j, min(nr, b.nb-j), nr, b.k0+k, kb, ws.row)
}

// compute multiplies rows [r0,r1) by columns [c0,c1).
func (b *bBlock) compute(ws *workspace, r0, r1, c0, c1 int) {
	mr, nr := b.d.isa.tile()
	for k := 0; k < b.kb; k += panelDepth {
		slab, kb := b.slab(k)
		left := b.left(ws, r0, r1, b.k0+k, kb)
		zero := b.k0+k == 0 && !b.acc
		for j := c0; j < c1; j += nr {
			for i := r0; i < r1; i += mr {
				a, row, step := left.tile(i - r0)
				t := tile{kb: kb, a: a, row: row, step: step, b: slab[j*kb:],
					c: b.c[i*b.ldc+b.j0+j:], ldc: b.ldc, m: min(mr, r1-i), n: min(nr, b.nb-j), zero: zero}
				b.d.isa.tileProduct(&t, ws.tile)
			}
		}
	}
}
