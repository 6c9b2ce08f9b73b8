package cpu

import "huihai/kernels"

// Blocks of attention. They set scratch memory and cache use, not the result.
const (
	attentionRows  = 48                // queries whose scores are held at a time, a multiple of every tile height
	attentionSuper = 5 * attentionRows // queries that share one packing of the keys
	keyAlign       = 32                // key blocks start at a multiple of every tile width
)

// attentionTask is one call of attention or of its gradient. A unit of the
// forward pass is (batch row, head, block of queries), of the backward pass
// (batch row, key/value head).
type attentionTask struct {
	d                *Device
	p                kernels.AttentionParams
	q, k, v, out     mat
	dq, dk, dv, dOut mat
	lse, slopes      []float32
	segments         []int32
	scratch          []float32
	perWorker        int
	supers           int
	grad             bool
}

// mat is an F32 matrix in host memory.
type mat struct {
	f      []float32
	stride int
}

func viewMat(m kernels.Mat) mat { return mat{matF32(m), m.Stride} }

// at returns n elements of row r from column c on.
func (m mat) at(r, c, n int) []float32 { return m.f[r*m.stride+c : r*m.stride+c+n] }

// from returns the matrix that starts at row r, column c.
func (m mat) from(r, c int) mat { return mat{m.f[r*m.stride+c:], m.stride} }

func (m mat) operand(kMajor bool) operand { return operand{f: m.f, stride: m.stride, kMajor: kMajor} }

// AttentionScratch implements [kernels.Device].
func (d *Device) AttentionScratch(p kernels.AttentionParams, grad bool) int64 {
	return int64(d.threads) * int64(scratchPerWorker(p, grad)) * 4
}

// scratchPerWorker counts the float32 that one worker needs.
func scratchPerWorker(p kernels.AttentionParams, grad bool) int {
	keys, dim := roundUp(p.Tk, keyAlign), roundUp(p.HeadDim, keyAlign)
	if grad {
		return 3*keys*dim + 2*attentionRows*(keys+keyAlign) + 2*attentionRows*dim
	}
	if p.Tq <= smallRows {
		return keys
	}
	return 2*keys*dim + attentionRows*(keys+keyAlign)
}

// Attention implements [kernels.Device].
func (d *Device) Attention(out kernels.Mat, lse kernels.Buf, q, k, v kernels.Mat, p kernels.AttentionParams) {
	checkAttention(p, q, k, v, out)
	if p.Batch == 0 || p.Tq == 0 {
		return
	}
	t := &d.tasks.attention
	*t = attentionTask{q: viewMat(q), k: viewMat(k), v: viewMat(v), out: viewMat(out)}
	t.prepare(d, p, lse, false)
	t.supers = ceilDiv(p.Tq, attentionSuper)
	d.pool.run(t, p.Batch*p.Heads*t.supers)
	*t = attentionTask{}
}

// AttentionGrad implements [kernels.Device].
func (d *Device) AttentionGrad(dq, dk, dv, dOut, out kernels.Mat, lse kernels.Buf, q, k, v kernels.Mat, p kernels.AttentionParams) {
	checkAttention(p, q, k, v, out)
	checkAttention(p, dq, dk, dv, dOut)
	if lse.IsZero() {
		panic("cpu: AttentionGrad: lse is absent")
	}
	if p.Batch == 0 || p.Tk == 0 {
		return
	}
	t := &d.tasks.attention
	*t = attentionTask{q: viewMat(q), k: viewMat(k), v: viewMat(v), out: viewMat(out),
		dq: viewMat(dq), dk: viewMat(dk), dv: viewMat(dv), dOut: viewMat(dOut)}
	t.prepare(d, p, lse, true)
	d.pool.run(t, p.Batch*p.KVHeads)
	*t = attentionTask{}
}

func checkAttention(p kernels.AttentionParams, q, k, v, out kernels.Mat) {
	if p.Batch < 0 || p.Tq < 0 || p.Tk < p.Tq || p.Heads <= 0 || p.KVHeads <= 0 || p.Heads%p.KVHeads != 0 {
		panic("cpu: attention: sizes must be positive, Tk at least Tq and KVHeads a divisor of Heads")
	}
	if p.HeadDim <= 0 || p.HeadDim%8 != 0 {
		panic("cpu: attention: HeadDim must be a multiple of 8")
	}
	sameShape(q, out)
	sameShape(k, v)
	if q.Rows != p.Batch*p.Tq || q.Cols != p.Heads*p.HeadDim {
		panic("cpu: attention: q and out must be [Batch*Tq, Heads*HeadDim]")
	}
	if k.Rows != p.Batch*p.Tk || k.Cols != p.KVHeads*p.HeadDim {
		panic("cpu: attention: k and v must be [Batch*Tk, KVHeads*HeadDim]")
	}
}

func (t *attentionTask) prepare(d *Device, p kernels.AttentionParams, lse kernels.Buf, grad bool) {
	t.d, t.p, t.grad = d, p, grad
	if !lse.IsZero() {
		if lse.Len != p.Batch*p.Heads*p.Tq {
			panic("cpu: attention: lse must be F32[Batch*Heads*Tq]")
		}
		t.lse = f32(lse)
	}
	if !p.Slopes.IsZero() {
		if p.Slopes.Len != p.Heads {
			panic("cpu: attention: slopes must be F32[Heads]")
		}
		t.slopes = f32(p.Slopes)
	}
	if !p.Segments.IsZero() {
		if p.Segments.Len != p.Batch*p.Tk {
			panic("cpu: attention: segments must be I32[Batch*Tk]")
		}
		t.segments = i32(p.Segments)
	}
	t.perWorker = scratchPerWorker(p, grad)
	bytes := raw(p.Scratch)
	if int64(len(bytes)) < d.AttentionScratch(p, grad) {
		panic("cpu: attention: scratch is smaller than AttentionScratch")
	}
	if p.Scratch.Off%4 != 0 {
		panic("cpu: attention: scratch must be aligned to 4 bytes")
	}
	t.scratch = f32Slice(bytes, 0, len(bytes)/4)
}

// unit implements task.
func (t *attentionTask) unit(worker, u int) {
	scratch := t.scratch[worker*t.perWorker : (worker+1)*t.perWorker]
	if t.grad {
		t.backward(&t.d.ws[worker], scratch, u/t.p.KVHeads, u%t.p.KVHeads)
		return
	}
	b, h, s := u/t.supers/t.p.Heads, u/t.supers%t.p.Heads, u%t.supers
	if t.p.Tq <= smallRows {
		for i := range t.p.Tq {
			t.query(scratch, b, h, i)
		}
		return
	}
	s = t.supers - 1 - s // the longest first
	t.forward(&t.d.ws[worker], scratch, b, h, s*attentionSuper, min((s+1)*attentionSuper, t.p.Tq))
}

// kvHead returns the first column of the keys of head h.
func (t *attentionTask) kvHead(h int) int { return h / (t.p.Heads / t.p.KVHeads) * t.p.HeadDim }

// row describes the scores of query i of head h against the keys from base on.
func (t *attentionTask) row(b, h, i, base int) scoreRow {
	pos := i + t.p.Tk - t.p.Tq
	r := scoreRow{n: pos + 1 - base, scale: t.p.Scale, rel: base - pos}
	if t.slopes != nil {
		r.slope = t.slopes[h]
	}
	if t.segments != nil {
		r.segments = t.segments[b*t.p.Tk+base : b*t.p.Tk+pos+1]
		r.want = t.segments[b*t.p.Tk+pos]
	}
	return r
}

// visible returns the range of keys that queries [from, to) may see; the start
// is rounded down to keyAlign.
func (t *attentionTask) visible(b, from, to int) (lo, hi int) {
	shift := t.p.Tk - t.p.Tq
	hi = to + shift
	if t.segments == nil {
		return 0, hi
	}
	keys := t.segments[b*t.p.Tk : b*t.p.Tk+hi]
	least, most := keys[from+shift], keys[from+shift]
	for _, s := range keys[from+shift:] {
		least, most = min(least, s), max(most, s)
	}
	for lo < from+shift && (keys[lo] < least || keys[lo] > most) {
		lo++
	}
	return lo / keyAlign * keyAlign, hi
}

// query computes one query with the keys and values read in place.
func (t *attentionTask) query(s []float32, b, h, i int) {
	dim, kv := t.p.HeadDim, t.kvHead(h)
	r := t.row(b, h, i, 0)
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

// forward computes queries [from, to) of one head, attentionRows at a time.
func (t *attentionTask) forward(ws *workspace, scratch []float32, b, h, from, to int) {
	dim, kv := t.p.HeadDim, t.kvHead(h)
	lo, hi := t.visible(b, from, to)
	keys := hi - lo
	var part carver = scratch
	kPack := part.take(roundUp(keys, keyAlign) * dim)
	vPack := part.take(keys * roundUp(dim, keyAlign))
	s := part.take(attentionRows * (roundUp(keys, keyAlign) + keyAlign))
	t.d.isa.packAll(kPack, t.k.from(b*t.p.Tk+lo, kv).operand(false), keys, dim, ws.row)
	t.d.isa.packAll(vPack, t.v.from(b*t.p.Tk+lo, kv).operand(true), dim, keys, ws.row)
	for i := from; i < to; i += attentionRows {
		m := min(attentionRows, to-i)
		base, end := t.visible(b, i, i+m)
		n := roundUp(end-base, keyAlign)
		q, out := t.q.from(b*t.p.Tq+i, h*dim), t.out.from(b*t.p.Tq+i, h*dim)
		t.d.isa.rowsByPanels(ws, mat{s, n}, q.operand(false), m, dim, kPack[(base-lo)*dim:], dim, n, true)
		var sums [attentionRows]float32
		var tops [attentionRows]float32
		for r := range m {
			row := t.row(b, h, i+r, base)
			tops[r], sums[r] = t.d.isa.softmax(s[r*n:(r+1)*n], &row)
		}
		_, nr := t.d.isa.tile()
		t.d.isa.rowsByPanels(ws, out, operand{f: s, stride: n}, m, end-base, vPack[(base-lo)*nr:], keys, dim, true)
		for r := range m {
			t.finish(out.at(r, 0, dim), b, h, i+r, tops[r], sums[r])
		}
	}
}

// carver hands out consecutive pieces of a scratch buffer.
type carver []float32

func (c *carver) take(n int) []float32 {
	s := (*c)[:n:n]
	*c = (*c)[n:]
	return s
}

// packAll packs n columns of depth k as consecutive panels. The last panel is
// filled up with zeros.
func (p isa) packAll(dst []float32, o operand, n, k int, scratch []float32) {
	_, nr := p.tile()
	for j := 0; j < n; j += nr {
		p.packPanel(dst[j*k:], o, j, min(nr, n-j), nr, 0, k, scratch)
	}
}

// rowsByPanels computes c (m x n), m <= attentionRows, from m rows of a, depth k,
// and panels of B that lie packDepth*nr apart.
func (p isa) rowsByPanels(ws *workspace, c mat, a operand, m, k int, b []float32, packDepth, n int, zero bool) {
	mr, nr := p.tile()
	for k0 := 0; k0 < k; k0 += panelDepth {
		kb := min(panelDepth, k-k0)
		step := mr*kb + panelPad
		for i := 0; i < m; i += mr {
			p.packPanel(ws.a[i/mr*step:], a, i, min(mr, m-i), mr, k0, kb, ws.row)
		}
		for j := 0; j < n; j += nr {
			panel := b[j*packDepth+k0*nr:]
			for i := 0; i < m; i += mr {
				t := tile{kb: kb, a: ws.a[i/mr*step:], row: 1, step: mr, b: panel,
					c: c.f[i*c.stride+j:], ldc: c.stride, m: min(mr, m-i), n: min(nr, n-j), zero: zero && k0 == 0}
				p.tileProduct(&t, ws.tile)
			}
		}
	}
}
