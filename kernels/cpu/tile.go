package cpu

// rowPanels are some rows of A at some depths, as tiles read them.
type rowPanels struct {
	a         []float32
	row, step int // of a tile in place
	inPlace   int // rows that are read in place
	next      int // elements from packed panel to panel
	packed    []float32
	mr        int
}

// left prepares rows [r0,r1) of A at depths [k,k+kb): full tiles in place where
// that is possible, the rest packed into the workspace.
func (b *bBlock) left(ws *workspace, r0, r1, k, kb int) rowPanels {
	mr, _ := b.d.isa.tile()
	l := rowPanels{packed: ws.a, mr: mr, next: mr*kb + panelPad}
	if b.inPlace {
		l.inPlace = (r1 - r0) / mr * mr
		if b.a.kMajor {
			l.a, l.row, l.step = b.a.f[k*b.a.stride+r0:], 1, b.a.stride
		} else {
			l.a, l.row, l.step = b.a.f[r0*b.a.stride+k:], b.a.stride, 1
		}
	}
	for i := l.inPlace; i < r1-r0; i += mr {
		b.d.isa.packPanel(ws.a[(i-l.inPlace)/mr*l.next:], b.a, r0+i, min(mr, r1-r0-i), mr, k, kb, ws.row)
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
