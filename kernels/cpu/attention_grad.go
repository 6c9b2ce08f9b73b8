package cpu

// headGrad is the state of the backward pass over one key/value head.
type headGrad struct {
	t                   *attentionTask
	ws                  *workspace
	b, kv               int
	kRows, vRows, kCols []float32 // packed keys and values, for q·kᵀ, dOut·vᵀ and dS·k
	s, dp               []float32 // scores, then probabilities; their gradients
	qCols, dOutCols     []float32 // packed queries, for dSᵀ·q and pᵀ·dOut
}

// backward computes dk and dv of one key/value head and dq of the heads that
// share it: heads in order, blocks of queries in order, so that every element of
// dk and dv is one chain over them.
func (t *attentionTask) backward(ws *workspace, scratch []float32, b, kvHead int) {
	dim, keys := t.p.HeadDim, t.p.Tk
	g := headGrad{t: t, ws: ws, b: b, kv: kvHead * dim}
	padded, paddedDim := roundUp(keys, keyAlign), roundUp(dim, keyAlign)
	var part carver = scratch
	g.kRows, g.vRows = part.take(padded*dim), part.take(padded*dim)
	g.kCols = part.take(keys * paddedDim)
	g.s = part.take(attentionRows * (padded + keyAlign))
	g.dp = part.take(attentionRows * (padded + keyAlign))
	g.qCols, g.dOutCols = part.take(attentionRows*paddedDim), part.take(attentionRows*paddedDim)
	k, v := t.k.from(b*keys, g.kv), t.v.from(b*keys, g.kv)
	t.d.isa.packAll(g.kRows, k.operand(false), keys, dim, ws.row)
	t.d.isa.packAll(g.vRows, v.operand(false), keys, dim, ws.row)
	t.d.isa.packAll(g.kCols, k.operand(true), dim, keys, ws.row)
	for j := range keys {
		clear(t.dk.at(b*keys+j, g.kv, dim))
		clear(t.dv.at(b*keys+j, g.kv, dim))
	}
	group := t.p.Heads / t.p.KVHeads
	for h := kvHead * group; h < (kvHead+1)*group; h++ {
		for i := 0; i < t.p.Tq; i += attentionRows {
			g.block(h, i, min(attentionRows, t.p.Tq-i))
		}
	}
}

// block adds the gradients of queries i..i+m of head h.
func (g *headGrad) block(h, i, m int) {
	t, p, dim := g.t, g.t.d.isa, g.t.p.HeadDim
	base, end := t.visible(g.b, i, i+m)
	n := roundUp(end-base, keyAlign)
	_, nr := p.tile()
	first := g.b*t.p.Tq + i
	q, dOut, dq := t.q.from(first, h*dim), t.dOut.from(first, h*dim), t.dq.from(first, h*dim)
	p.rowsByPanels(g.ws, mat{g.s, n}, q.operand(false), m, dim, g.kRows[base*dim:], dim, n, true)
	p.rowsByPanels(g.ws, mat{g.dp, n}, dOut.operand(false), m, dim, g.vRows[base*dim:], dim, n, true)
	for r := range m {
		row := t.row(g.b, h, i+r, base)
		delta := p.dot16(dOut.at(r, 0, dim), t.out.at(first+r, h*dim, dim))
		lse := t.lse[(g.b*t.p.Heads+h)*t.p.Tq+i+r]
		p.softmaxGrad(g.s[r*n:(r+1)*n], g.dp[r*n:(r+1)*n], &row, lse, delta)
	}
	p.rowsByPanels(g.ws, dq, operand{f: g.dp, stride: n}, m, end-base, g.kCols[base*nr:], t.p.Tk, dim, true)
	p.packAll(g.qCols, q.operand(true), dim, m, g.ws.row)
	p.packAll(g.dOutCols, dOut.operand(true), dim, m, g.ws.row)
	for j := base; j < end; j += attentionRows {
		rows := min(attentionRows, end-j)
		key := g.b*t.p.Tk + j
		p.rowsByPanels(g.ws, t.dk.from(key, g.kv), operand{f: g.dp[j-base:], stride: n, kMajor: true}, rows, m, g.qCols, m, dim, false)
		p.rowsByPanels(g.ws, t.dv.from(key, g.kv), operand{f: g.s[j-base:], stride: n, kMajor: true}, rows, m, g.dOutCols, m, dim, false)
	}
}
