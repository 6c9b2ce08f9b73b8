package cpu

// span is a range of keys.
type span struct{ lo, hi int }

func (s span) empty() bool { return s.lo >= s.hi }

func (s span) has(key int) bool { return key >= s.lo && key < s.hi }

// within returns the keys of s that are in [lo, hi).
func (s span) within(lo, hi int) span { return span{max(s.lo, lo), min(s.hi, hi)} }

// join returns the least range that holds both.
func (s span) join(o span) span {
	switch {
	case s.empty():
		return o
	case o.empty():
		return s
	}
	return span{min(s.lo, o.lo), max(s.hi, o.hi)}
}

// findFirst fills t.first.
func (t *attentionTask) findFirst() {
	for b := range t.p.Batch {
		seg, first := t.segments[b*t.p.Tk:(b+1)*t.p.Tk], t.first[b*t.p.Tk:(b+1)*t.p.Tk]
		for i, s := range seg {
			if i > 0 && s == seg[i-1] {
				first[i] = first[i-1]
				continue
			}
			j := 0
			for seg[j] != s {
				j++
			}
			first[i] = int32(j)
		}
	}
}

// span returns a range of keys that holds all that queries [from, to) may see;
// it starts at a multiple of keyAlign.
func (t *attentionTask) span(b, from, to int) span {
	shift := t.p.Tk - t.p.Tq
	if t.segments == nil {
		return span{0, to + shift}
	}
	lo := to + shift
	for _, first := range t.first[b*t.p.Tk+from+shift : b*t.p.Tk+to+shift] {
		lo = min(lo, int(first))
	}
	return span{lo / keyAlign * keyAlign, to + shift}
}

// row describes the scores of query i of head h against the keys [lo, hi).
func (t *attentionTask) row(b, h, i, lo, hi int) scoreRow {
	pos := i + t.p.Tk - t.p.Tq
	hi = min(hi, pos+1)
	r := scoreRow{n: hi - lo, scale: t.p.Scale, rel: lo - pos}
	if t.slopes != nil {
		r.slope = t.slopes[h]
	}
	if t.segments != nil && lo < hi {
		r.segments = t.segments[b*t.p.Tk+lo : b*t.p.Tk+hi]
		r.want = t.segments[b*t.p.Tk+pos]
	}
	return r
}

// carver hands out consecutive pieces of a scratch buffer.
type carver []float32

func (c *carver) take(n int) []float32 {
	s := (*c)[:n:n]
	*c = (*c)[n:]
	return s
}

// aheadRows is how many rows are asked for before they are laid out.
const aheadRows = keyPanel

// copyRows copies the first n rows of dim columns of src one after the other.
func (p isa) copyRows(dst []float32, src mat, n, dim int) {
	for i := 0; i < n; i += aheadRows {
		p.prefetch(src.rest(i+aheadRows), src.stride, min(aheadRows, n-i-aheadRows), dim)
		for r := i; r < min(n, i+aheadRows); r++ {
			copy(dst[r*dim:(r+1)*dim], src.at(r, 0, dim))
		}
	}
}

// transposeAll lays n rows out as panels of keyPanel columns.
func (p isa) transposeAll(dst []float32, src mat, n, dim int) {
	for j := 0; j < n; j += keyPanel {
		p.prefetch(src.rest(j+keyPanel), src.stride, min(keyPanel, n-j-keyPanel), dim)
		p.transpose(dst[j*dim:(j+keyPanel)*dim], src.from(j, 0), min(keyPanel, n-j), dim)
	}
}
