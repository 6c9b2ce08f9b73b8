package cpu

import "huihai/kernels"

// smallRows is the largest number of rows of A for which B is read in place
// instead of being packed.
const smallRows = 4

// smallCols is how many rows of B one unit of such a product takes at least: a
// multiple of every group.
const smallCols = 64

// smallProduct is C (m <= smallRows, n) = A·Bᵀ with B read once, in place.
type smallProduct struct {
	d       *Device
	c       []float32
	ldc     int
	a       operand
	b       stored
	m, n, k int
	acc     bool
	cols    int // rows of B per unit
}

func (d *Device) multiplySmallNT(c []float32, ldc int, a, b operand, m, n, k int, acc bool) {
	if m == 0 || n == 0 {
		return
	}
	p := &d.tasks.small
	*p = smallProduct{d: d, c: c, ldc: ldc, a: a, b: b.s, m: m, n: n, k: k, acc: acc}
	if !b.s.narrow() {
		p.b = stored{typ: kernels.F32, raw: f32Bytes(b.f), stride: b.stride}
	}
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
	from, end := u*p.cols, min(p.n, (u+1)*p.cols)
	ws := &p.d.ws[worker]
	g := dotGroup{b: &p.b, a: p.a.f, lda: p.a.stride, m: p.m, k: p.k, tile: ws.tile, work: ws.row}
	g.width, g.depth = p.d.isa.dotShape(p.b.typ, p.m)
	for j := from; j < end; j += g.width {
		p.group(&g, j, min(g.width, end-j))
	}
}

// group multiplies all rows of A by rows j..j+w of B. A group that is not full
// takes rows before j along and drops what they give.
func (p *smallProduct) group(g *dotGroup, j, w int) {
	skip := g.width - w
	g.row = j - skip
	if g.row < 0 {
		skip, g.row = 0, j
	}
	for i := range p.m {
		row := g.tile[i*g.width : (i+1)*g.width]
		clear(row)
		if p.acc {
			copy(row[skip:skip+w], p.c[i*p.ldc+j:])
		}
	}
	done := 0
	if g.row+g.width <= p.n {
		done = p.d.isa.dotRowsOf(g)
	}
	g.rest(p.d.isa, skip, w, done)
	for i := range p.m {
		copy(p.c[i*p.ldc+j:i*p.ldc+j+w], g.tile[i*g.width+skip:])
	}
}

// dotGroup is a product of m rows of A and a group of rows of B:
// tile[i*width+j] = chain over x < k of fma(a[i*lda+x], b(row+j, x), tile[i*width+j]).
type dotGroup struct {
	b            *stored
	row          int
	a            []float32
	lda          int
	m, k         int
	width, depth int // rows of B together, and depths that assembly takes a multiple of
	tile, work   []float32
}

// rest continues columns from..from+w with depths k on, in Go.
func (g *dotGroup) rest(p isa, from, w, k int) {
	const stretch = 256
	for ; k < g.k; k += stretch {
		n := min(stretch, g.k-k)
		wide := g.work[:n]
		for j := from; j < from+w; j++ {
			g.b.widenRow(p, wide, g.row+j, k)
			for i := range g.m {
				dotRowsGo(g.tile[i*g.width+j:i*g.width+j+1], g.a[i*g.lda+k:i*g.lda+k+n], wide, n, false)
			}
		}
	}
}

// blockScales lays the scales of depths k..k+n of an NF4 group out, block by block
// across its rows.
func (g *dotGroup) blockScales(dst []float32, k, n int) {
	for j := range g.width {
		first, at := g.b.block(g.row+j, k), j
		for codes := g.b.codes[first : first+n/nf4Block]; len(codes) > 0; {
			run := min(len(codes), nf4Nested-first%nf4Nested) // share a scale
			scale, offset := g.b.nested[first/nf4Nested], g.b.offset
			for _, code := range codes[:run] {
				dst[at] = kernels.NF4AbsMax(code, scale, offset)
				at += g.width
			}
			codes, first = codes[run:], first+run
		}
	}
}
