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

// group multiplies all rows of A by rows j..j+w of B, a stretch of depths at a
// time when they must be widened first.
func (p *smallProduct) group(scratch []float32, j, w int) {
	if p.b.h == nil {
		for i := range p.m {
			p.d.isa.dotRows(p.c[i*p.ldc+j:i*p.ldc+j+w], p.a.f[i*p.a.stride:i*p.a.stride+p.k],
				p.b.f[j*p.b.stride:], p.b.stride, !p.acc)
		}
		return
	}
	const depth = rowLen / smallGroup
	for k := 0; k < p.k || k == 0; k += depth {
		kb := min(depth, p.k-k)
		for r := range w {
			p.d.isa.widen(scratch[r*depth:r*depth+kb], p.b.h[(j+r)*p.b.stride+k:])
		}
		for i := range p.m {
			p.d.isa.dotRows(p.c[i*p.ldc+j:i*p.ldc+j+w], p.a.f[i*p.a.stride+k:i*p.a.stride+k+kb],
				scratch, depth, !p.acc && k == 0)
		}
	}
}
