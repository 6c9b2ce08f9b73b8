package cpu

// operand is one side of a matrix product: element (k, j), with j a row of A or
// a column of B, lies at k*stride+j when kMajor and at j*stride+k otherwise.
type operand struct {
	f      []float32
	s      stored // instead of f, when it is not float32
	stride int
	kMajor bool
	rows   divisors // of f; not set for most operands
}

// divisors stand for max(norms[r], eps), by which row r of a stored matrix is
// divided as it is packed. In a product a row is a column of B, or a depth when
// the operand is kMajor.
type divisors struct {
	norms []float32
	eps   float32
}

func (d *divisors) at(r int) float32 { return larger(d.norms[r], d.eps) }

// packPanel lays columns j0..j0+w of o, depths k0..k0+kb, out as a panel of the
// given width: dst[k*width+j]. Columns from w on hold finite leftovers or
// nothing defined; their products are thrown away. dst has panelPad elements
// more than the panel. scratch holds width*kb elements and is used where o is
// not float32 and for rows that are divided.
func (p isa) packPanel(dst []float32, o operand, j0, w, width, k0, kb int, scratch []float32) {
	src, stride := o.f, o.stride
	switch {
	case o.rows.norms != nil && !o.kMajor:
		for j := range w {
			from := (j0+j)*stride + k0
			p.divide(scratch[j*kb:(j+1)*kb], src[from:from+kb], o.rows.at(j0+j), false)
		}
		src, stride = scratch, kb
	case !o.s.narrow() && o.kMajor:
		src = src[k0*stride+j0:]
	case !o.s.narrow():
		src = src[j0*stride+k0:]
	case o.kMajor:
		for k := range kb {
			o.s.widenRow(p, dst[k*width:k*width+w], k0+k, j0)
		}
		padPanel(dst, w, width, kb)
		return
	default:
		for j := range w {
			o.s.widenRow(p, scratch[j*kb:(j+1)*kb], j0+j, k0)
		}
		src, stride = scratch, kb
	}
	switch {
	case w < width:
		packEdge(dst, src, stride, w, width, kb, o.kMajor)
	case o.kMajor:
		p.packRows(dst, src, stride, width, kb)
	default:
		p.packCols(dst, src, stride, width, kb)
	}
	if o.rows.norms != nil && o.kMajor { // in the panel, which is near by now
		for k := range kb {
			row := dst[k*width : (k+1)*width]
			p.divide(row, row, o.rows.at(k0+k), false)
		}
	}
}

// packEdge packs a panel that is not full and clears the rest.
func packEdge(dst, src []float32, stride, w, width, kb int, kMajor bool) {
	for k := range kb {
		row := dst[k*width : k*width+w]
		if kMajor {
			copy(row, src[k*stride:])
			continue
		}
		for j := range row {
			row[j] = src[j*stride+k]
		}
	}
	padPanel(dst, w, width, kb)
}

func padPanel(dst []float32, w, width, kb int) {
	if w == width {
		return
	}
	for k := range kb {
		clear(dst[k*width+w : (k+1)*width])
	}
}

// packRowsGo: dst[k*width+j] = src[k*stride+j].
func packRowsGo(dst, src []float32, stride, width, kb int) {
	for k := range kb {
		copy(dst[k*width:(k+1)*width], src[k*stride:])
	}
}

// packColsGo: dst[k*width+j] = src[j*stride+k].
func packColsGo(dst, src []float32, stride, width, kb int) {
	for j := range width {
		row := src[j*stride : j*stride+kb]
		for k, v := range row {
			dst[k*width+j] = v
		}
	}
}
