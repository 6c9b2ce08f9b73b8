package cpu

import "huihai/kernels"

// Chunks of the head loss: as many tokens as keep the logits within
// lossLogitBytes, at least lossMinTokens and at most lossMaxTokens. The head is
// packed anew for every chunk, so few chunks are fast ones.
const (
	lossLogitBytes = 64 << 20
	lossMinTokens  = 12 // a multiple of every tile height, as are whole chunks
	lossMaxTokens  = 516
)

// lossChunk returns the tokens of a chunk, so that all chunks are about equal.
func lossChunk(tokens, vocab int) int {
	most := min(lossMaxTokens, max(lossMinTokens, lossLogitBytes/(4*lossStride(vocab))/lossMinTokens*lossMinTokens))
	if tokens <= most {
		return tokens
	}
	return roundUp(ceilDiv(tokens, ceilDiv(tokens, most)), lossMinTokens)
}

// lossStride is the distance of the logits of two tokens.
func lossStride(vocab int) int { return roundUp(max(vocab, 1), kernels.Lanes) }

// HeadLossScratch implements [kernels.Device].
func (d *Device) HeadLossScratch(tokens, hidden, vocab int, grad bool) int64 {
	n := lossChunk(tokens, vocab)
	floats := n * (lossStride(vocab) + hidden)
	if grad {
		floats += n * hidden
	}
	return int64(floats) * 4
}

// lossTask turns the logits of one chunk into losses and gradients, a token per
// unit.
type lossTask struct {
	d             *Device
	z             []float32
	stride, vocab int
	labels        []int32
	count         int
	nll, top      []float32
	grad          bool
	inv, zWeight  float32
	list          [lossMaxTokens]int32
}

// unit implements task.
func (t *lossTask) unit(_, u int) {
	token := t.list[u]
	z := t.z[u*t.stride : (u+1)*t.stride]
	label := int(t.labels[token])
	p := t.d.isa
	top := p.rowMax(z[:t.vocab])
	best := 0
	for i, v := range z[:t.vocab] {
		if v == top {
			best = i
			break
		}
	}
	at := z[label]
	_, sum := p.softmax(z, &scoreRow{n: t.vocab, scale: 1})
	t.nll[token] = top + kernels.Log32(sum) - at
	t.top[token] = top
	if t.grad {
		p.scale(z, t.inv/sum, z)
		z[label] -= t.inv
		z[best] += t.inv * 2 * t.zWeight * top
	}
}

// HeadLoss implements [kernels.Device].
func (d *Device) HeadLoss(a kernels.HeadLossArgs) {
	run := lossRun{d: d, a: a}
	run.check()
	if a.H.Rows == 0 {
		return
	}
	run.prepare()
	for from := 0; from < a.H.Rows; {
		from = run.collect(from)
		if run.t.count > 0 {
			run.chunk()
		}
	}
	*run.t = lossTask{}
}

// lossRun is one call of HeadLoss.
type lossRun struct {
	d              *Device
	a              kernels.HeadLossArgs
	t              *lossTask
	h, dh, dw      mat
	z, hRows, dRow []float32 // scratch: logits, gathered hidden rows, their gradients
	chunkTokens    int
}

func (r *lossRun) check() {
	a := r.a
	if a.H.Cols != a.W.Cols || a.Labels.Len != a.H.Rows || a.NLL.Len != a.H.Rows || a.MaxLogit.Len != a.H.Rows {
		panic("cpu: HeadLoss: labels and losses must have a value per row of H, W the columns of H")
	}
	if !a.DH.IsZero() {
		sameShape(a.DH, a.H)
	}
	if !a.DW.IsZero() {
		sameShape(a.DW, a.W)
		if a.DH.IsZero() {
			panic("cpu: HeadLoss: DW is given without DH")
		}
	}
	if !a.Norms.IsZero() && (a.Norms.Len != a.W.Rows || a.W.Type != kernels.F32) {
		panic("cpu: HeadLoss: norms must have a value per row of W, and W be F32")
	}
	if a.H.Type != kernels.F32 || a.H.Rows > 0 && a.W.Rows == 0 {
		panic("cpu: HeadLoss: H must be F32 and the vocabulary not empty")
	}
	if a.Scratch.Bytes() < r.d.HeadLossScratch(a.H.Rows, a.H.Cols, a.W.Rows, !a.DH.IsZero()) {
		panic("cpu: HeadLoss: scratch is smaller than HeadLossScratch")
	}
}

func (r *lossRun) prepare() {
	a, d := r.a, r.d
	r.h = viewMat(a.H)
	grad := !a.DH.IsZero()
	if grad {
		r.dh = viewMat(a.DH)
	}
	if !a.DW.IsZero() {
		r.dw = viewMat(a.DW)
	}
	bytes := raw(a.Scratch)
	if a.Scratch.Off%4 != 0 {
		panic("cpu: HeadLoss: scratch must be aligned to 4 bytes")
	}
	r.chunkTokens = lossChunk(a.H.Rows, a.W.Rows)
	var part carver = f32Slice(bytes, 0, len(bytes)/4)
	stride := lossStride(a.W.Rows)
	r.z, r.hRows = part.take(r.chunkTokens*stride), part.take(r.chunkTokens*a.H.Cols)
	if grad {
		r.dRow = part.take(r.chunkTokens * a.H.Cols)
	}
	r.t = &d.tasks.loss
	r.t.d, r.t.z, r.t.stride, r.t.vocab = d, r.z, stride, a.W.Rows
	r.t.labels, r.t.nll, r.t.top = i32(a.Labels), f32(a.NLL), f32(a.MaxLogit)
	r.t.grad, r.t.inv, r.t.zWeight = grad, a.InvCount, a.ZWeight
}

// collect gathers the next supervised tokens from token `from` on, clears the
// outputs of ignored ones on the way and returns where it stopped.
func (r *lossRun) collect(from int) int {
	t := r.t
	t.count = 0
	cols := r.a.H.Cols
	for ; from < r.a.H.Rows && t.count < r.chunkTokens; from++ {
		label := int(t.labels[from])
		if label >= 0 && label < t.vocab {
			t.list[t.count] = int32(from)
			copy(r.hRows[t.count*cols:(t.count+1)*cols], r.h.at(from, 0, cols))
			t.count++
			continue
		}
		t.nll[from], t.top[from] = 0, 0
		if label != kernels.IgnoreLabel {
			fillNaN(t.nll[from : from+1]) // a label outside the vocabulary must not go unseen
		}
		if t.grad {
			clear(r.dh.at(from, 0, cols))
		}
	}
	return from
}

// weight is W, or its rows divided by their norms, as one side of a product.
func (r *lossRun) weight(kMajor bool) operand {
	w := operandOf(r.a.W, kMajor)
	if !r.a.Norms.IsZero() {
		w.rows = divisors{f32(r.a.Norms), r.a.Eps}
	}
	return w
}

// chunk computes logits, losses and gradients of the gathered tokens.
func (r *lossRun) chunk() {
	t, cols, n := r.t, r.a.H.Cols, r.t.count
	h := operand{f: r.hRows, stride: cols}
	z := operand{f: r.z, stride: t.stride}
	r.d.multiply(r.z, t.stride, h, r.weight(false), n, t.vocab, cols, false)
	r.d.pool.run(t, n)
	if !t.grad {
		return
	}
	r.d.multiply(r.dRow, cols, z, r.weight(true), n, cols, t.vocab, false)
	for i, token := range t.list[:n] {
		copy(r.dh.at(int(token), 0, cols), r.dRow[i*cols:(i+1)*cols])
	}
	if r.dw.f != nil {
		z.kMajor, h.kMajor = true, true
		r.d.multiply(r.dw.f, r.dw.stride, z, h, t.vocab, cols, n, true)
	}
}
