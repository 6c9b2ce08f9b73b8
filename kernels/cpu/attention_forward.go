package cpu

import "huihai/kernels"

// query computes one query with the keys and values read in place.
func (t *attentionTask) query(s []float32, b, h, i int) {
	dim, kv := t.p.HeadDim, t.kvHead(h)
	r := t.row(b, h, i, 0, t.p.Tk)
	k, v := t.k.from(b*t.p.Tk, kv), t.v.from(b*t.p.Tk, kv)
	qi := b*t.p.Tq + i
	t.d.isa.dotRows(s[:r.n], t.q.at(qi, h*dim, dim), k.f, k.stride, true)
	top, sum := t.d.isa.softmax(s[:roundUp(r.n, kernels.Lanes)], &r)
	out := t.out.at(qi, h*dim, dim)
	clear(out)
	t.d.isa.axpyRows(out, s[:r.n], v.f, v.stride)
	t.finish(out, b, h, i, top, sum)
}

// finish divides a row by its sum of weights and records the log of that sum.
func (t *attentionTask) finish(out []float32, b, h, i int, top, sum float32) {
	t.d.isa.scale(out, 1/sum, out)
	if t.lse != nil {
		t.lse[(b*t.p.Heads+h)*t.p.Tq+i] = top + kernels.Log32(sum)
	}
}

// headForward is the state of the forward pass over some queries of a head.
type headForward struct {
	t         *attentionTask
	b, h, lo  int       // lo is the first key that is packed
	keys      []float32 // transposed panels
	values, q []float32 // rows of HeadDim
	s         []float32 // scores, then weights
}

// forward computes queries [from, to) of one head, forwardRows at a time.
func (t *attentionTask) forward(scratch []float32, b, h, from, to int) {
	dim, kv := t.p.HeadDim, t.kvHead(h)
	all := t.span(b, from, to)
	n := all.hi - all.lo
	var part carver = scratch
	f := headForward{t: t, b: b, h: h, lo: all.lo, keys: part.take(roundUp(n, keyAlign) * dim), values: part.take(n * dim),
		q: part.take(forwardRows * dim), s: part.take(forwardRows * (roundUp(n, keyAlign) + scorePad))}
	t.d.isa.transposeAll(f.keys, t.k.from(b*t.p.Tk+all.lo, kv), n, dim)
	t.d.isa.copyRows(f.values, t.v.from(b*t.p.Tk+all.lo, kv), n, dim)
	for i := from; i < to; i += forwardRows {
		f.block(i, min(forwardRows, to-i))
	}
}

// block computes queries i..i+m.
func (f *headForward) block(i, m int) {
	t, p, dim := f.t, f.t.d.isa, f.t.p.HeadDim
	var spans [forwardRows / groupRows]span
	var all span
	groups := ceilDiv(m, groupRows)
	for g := range groups {
		spans[g] = t.span(f.b, i+g*groupRows, i+min(m, (g+1)*groupRows))
		all = all.join(spans[g])
	}
	first := f.b*t.p.Tq + i
	p.copyRows(f.q, t.q.from(first, f.h*dim), m, dim)
	s := mat{f.s, roundUp(all.hi-all.lo, keyAlign) + scorePad}
	for j := all.lo; j < all.hi; j += keyPanel {
		keys := mat{f.keys[(j-f.lo)*dim:], keyPanel}
		for g := 0; g < groups; {
			to := g
			for to < groups && spans[to].has(j) {
				to++
			}
			if r, end := g*groupRows, min(m, to*groupRows); r < end {
				p.product(s.from(r, j-all.lo), strided{f.q[r*dim:], dim, 1}, keys, end-r, keyPanel, dim, true)
			}
			g = to + 1
		}
	}
	var tops, sums [forwardRows]float32
	for r := range m {
		keys := spans[r/groupRows]
		row := t.row(f.b, f.h, i+r, keys.lo, keys.hi)
		weights := s.at(r, keys.lo-all.lo, roundUp(keys.hi-keys.lo, kernels.Lanes))
		seen := roundUp(row.n, kernels.Lanes)
		tops[r], sums[r] = p.softmax(weights[:seen], &row)
		clear(weights[seen:])
	}
	out := t.out.from(first, f.h*dim)
	for k := all.lo; k < all.hi; k += forwardDepth {
		for c := 0; c < dim; c += keyPanel {
			f.addValues(out.shift(c), s, k, c, m, all.lo, spans[:groups])
		}
	}
	for r := range m {
		t.finish(out.at(r, 0, dim), f.b, f.h, i+r, tops[r], sums[r])
	}
}

// addValues adds up to forwardDepth keys from k on to up to keyPanel columns of
// out from column c on, groups with the same keys at once.
func (f *headForward) addValues(out, s mat, k, c, m, base int, groups []span) {
	dim := f.t.p.HeadDim
	for g := 0; g < len(groups); {
		keys, to := groups[g].within(k, k+forwardDepth), g+1
		zero := keys.lo == groups[g].lo
		for to < len(groups) && groups[to].within(k, k+forwardDepth) == keys && zero == (keys.lo == groups[to].lo) {
			to++
		}
		if r, end := g*groupRows, min(m, to*groupRows); !keys.empty() {
			f.t.d.isa.product(out.from(r, 0), strided{s.f[r*s.stride+keys.lo-base:], s.stride, 1}, mat{f.values[(keys.lo-f.lo)*dim+c:], dim},
				end-r, min(keyPanel, dim-c), keys.hi-keys.lo, zero)
		}
		g = to
	}
}
