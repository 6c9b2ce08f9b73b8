package cpu

import (
	"runtime"
	"sync/atomic"

	"huihai/kernels"
)

// headGrad is the state of the backward pass over a range of keys of one
// key/value head.
type headGrad struct {
	t            *attentionTask
	b, kv        int
	keys         span
	kCols, vCols []float32 // keys and values as transposed panels, for q·kᵀ and dOut·vᵀ
	kRows        []float32 // keys, for dS·k
	dk, dv       []float32 // rows of HeadDim
	q, dOut      []float32 // of a block of queries
	s, dp        []float32 // scores, then probabilities; their gradients
	before, done *atomic.Int32
}

// backward computes dk and dv of some keys of one key/value head and what they
// add to dq of the heads that share it: heads in order, blocks of queries in
// order, so that every element of dk and dv is one chain over them. An element of
// dq is a chain over the keys, so a unit follows the unit of the keys before it;
// that one was given out earlier and waits for none that comes later.
func (t *attentionTask) backward(scratch []float32, b, kvHead, u int) {
	dim, n := t.p.HeadDim, t.unitKeys
	g := headGrad{t: t, b: b, kv: kvHead * dim, keys: span{u * n, min(t.p.Tk, (u+1)*n)}}
	var part carver = scratch
	g.kCols, g.vCols, g.kRows = part.take(n*dim), part.take(n*dim), part.take(n*dim)
	g.dk, g.dv = part.take(n*dim), part.take(n*dim)
	g.q, g.dOut = part.take(backwardRows*dim), part.take(backwardRows*dim)
	g.s, g.dp = part.take(backwardRows*(n+scorePad)), part.take(backwardRows*(n+scorePad))
	units := ceilDiv(t.p.Tk, n)
	own := (b*t.p.KVHeads+kvHead)*units + u
	g.done = &t.progress[own]
	if u > 0 {
		g.before = &t.progress[own-1]
	}
	key := b*t.p.Tk + g.keys.lo
	n = g.keys.hi - g.keys.lo
	k, v := t.k.from(key, g.kv), t.v.from(key, g.kv)
	t.d.isa.transposeAll(g.kCols, k, n, dim)
	t.d.isa.transposeAll(g.vCols, v, n, dim)
	t.d.isa.copyRows(g.kRows, k, n, dim)
	clear(g.dk)
	clear(g.dv)
	group := t.p.Heads / t.p.KVHeads
	blocks := int32(ceilDiv(t.p.Tq, backwardRows))
	start := max(0, g.keys.lo-(t.p.Tk-t.p.Tq)) / backwardRows
	for h := range group {
		for i := start; i < int(blocks); i++ {
			g.block(kvHead*group+h, i*backwardRows, min(backwardRows, t.p.Tq-i*backwardRows), int32(h)*blocks+int32(i)+1)
		}
	}
	for j := range n {
		copy(t.dk.at(key+j, g.kv, dim), g.dk[j*dim:])
		copy(t.dv.at(key+j, g.kv, dim), g.dv[j*dim:])
	}
}

// findDeltas multiplies rows [from, to) of dOut and out, head by head.
func (t *attentionTask) findDeltas(from, to int) {
	dim := t.p.HeadDim
	for r := from; r < to; r++ {
		for h := range t.p.Heads {
			t.deltas[(r/t.p.Tq*t.p.Heads+h)*t.p.Tq+r%t.p.Tq] = t.d.isa.dot16(t.dOut.at(r, h*dim, dim), t.out.at(r, h*dim, dim))
		}
	}
}

// await returns when the unit of the keys before has finished the given number
// of blocks.
func (g *headGrad) await(blocks int32) {
	for g.before != nil && g.before.Load() < blocks {
		runtime.Gosched()
	}
}

// block adds the gradients of queries i..i+m of head h, the block of that number.
func (g *headGrad) block(h, i, m int, number int32) {
	t, p, dim := g.t, g.t.d.isa, g.t.p.HeadDim
	var spans [backwardRows / groupRows]span // of whole rows
	var here [backwardRows / groupRows]span  // within the keys of the unit
	var all span
	groups := ceilDiv(m, groupRows)
	for r := range groups {
		spans[r] = t.span(g.b, i+r*groupRows, i+min(m, (r+1)*groupRows))
		here[r] = spans[r].within(g.keys.lo, g.keys.hi)
		all = all.join(here[r])
	}
	if all.empty() {
		g.await(number)
		g.done.Store(number)
		return
	}
	first := g.b*t.p.Tq + i
	p.copyRows(g.q, t.q.from(first, h*dim), m, dim)
	p.copyRows(g.dOut, t.dOut.from(first, h*dim), m, dim)
	stride := roundUp(all.hi-all.lo, keyAlign) + scorePad
	s, dp := mat{g.s, stride}, mat{g.dp, stride}
	for j := all.lo; j < all.hi; j += keyPanel {
		panel := (j - g.keys.lo) * dim
		for r := 0; r < groups; {
			to := r
			for to < groups && here[to].has(j) {
				to++
			}
			if from, end := r*groupRows, min(m, to*groupRows); from < end {
				p.product(s.from(from, j-all.lo), strided{g.q[from*dim:], dim, 1}, mat{g.kCols[panel:], keyPanel}, end-from, keyPanel, dim, true)
				p.product(dp.from(from, j-all.lo), strided{g.dOut[from*dim:], dim, 1}, mat{g.vCols[panel:], keyPanel}, end-from, keyPanel, dim, true)
			}
			r = to + 1
		}
	}
	for r := range m {
		g.probabilities(s, dp, h, i, r, here[r/groupRows], all)
	}
	g.await(number)
	dq := t.dq.from(first, h*dim)
	for _, next := range []mat{t.q, t.dOut, t.dq} { // for the block that follows
		p.prefetch(next.f[min(len(next.f), (first+m)*next.stride+h*dim):], next.stride, min(m, t.p.Tq-i-m), dim)
	}
	for j := 0; j < dim; j += keyPanel {
		for r := range groups {
			if keys, from := here[r], r*groupRows; !keys.empty() {
				p.product(dq.from(from, j), strided{dp.f[from*stride+keys.lo-all.lo:], stride, 1}, mat{g.kRows[(keys.lo-g.keys.lo)*dim+j:], dim},
					min(groupRows, m-from), min(keyPanel, dim-j), keys.hi-keys.lo, keys.lo == spans[r].lo)
			}
		}
	}
	g.done.Store(number)
	for j := all.lo; j < all.hi; j += groupRows {
		g.addKeys(s, dp, j, min(groupRows, all.hi-j), m, all, here[:groups])
	}
}

// probabilities turns row r of the scores into weights and that of dp into the
// gradient of the scores, both zero at the keys of all that its group does not
// see.
func (g *headGrad) probabilities(s, dp mat, h, i, r int, keys, all span) {
	t := g.t
	n := roundUp(all.hi-all.lo, keyAlign)
	weights, grads := s.at(r, 0, n), dp.at(r, 0, n)
	lo, seen := 0, 0
	if !keys.empty() {
		lo = keys.lo - all.lo
		row := t.row(g.b, h, i+r, keys.lo, keys.hi)
		if row.n > 0 {
			seen = roundUp(row.n, kernels.Lanes)
			query := (g.b*t.p.Heads+h)*t.p.Tq + i + r
			t.d.isa.softmaxGrad(weights[lo:lo+seen], grads[lo:lo+seen], &row, t.lse[query], t.deltas[query])
		}
	}
	for _, x := range [][]float32{weights, grads} {
		clear(x[:lo])
		clear(x[lo+seen:])
	}
}

// addKeys adds the m queries of a block to dk and dv of n keys from j on. Queries
// at either end that see none of them are left out, whole groups at a time.
func (g *headGrad) addKeys(s, dp mat, j, n, m int, all span, groups []span) {
	sees := func(r int) bool { return !groups[r].within(j, j+n).empty() }
	from, to := 0, len(groups)
	for from < to && !sees(from) {
		from++
	}
	for from < to && !sees(to-1) {
		to--
	}
	p, dim := g.t.d.isa, g.t.p.HeadDim
	from, to = from*groupRows, min(m, to*groupRows)
	if from >= to {
		return
	}
	at, left := (j-g.keys.lo)*dim, from*s.stride+j-all.lo
	for c := 0; c < dim; c += keyPanel {
		w := min(keyPanel, dim-c)
		p.product(mat{g.dk[at+c:], dim}, strided{dp.f[left:], 1, dp.stride}, mat{g.q[from*dim+c:], dim}, n, w, to-from, false)
		p.product(mat{g.dv[at+c:], dim}, strided{s.f[left:], 1, s.stride}, mat{g.dOut[from*dim+c:], dim}, n, w, to-from, false)
	}
}
