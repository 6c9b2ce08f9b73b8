package cpu

import (
	"sync/atomic"

	"huihai/kernels"
)

// Blocks of attention. They set scratch memory and cache use, not the result,
// but for keyAlign: the lanes of a row's sums start at a multiple of it.
const (
	groupRows     = 12  // queries that share a range of keys, a multiple of every tile height
	forwardRows   = 48  // queries whose scores are held at a time
	forwardUnit   = 240 // least queries of a unit of the forward pass, which packs the keys it sees
	forwardDepth  = 128 // keys whose values stay in the first-level cache
	backwardRows  = 96  // queries whose scores are held at a time in the backward pass
	backwardBytes = 640 << 10
	keyAlign      = keyPanel // ranges of keys start at a multiple of it
)

// attentionTask is one call of attention or of its gradient. A unit of the
// forward pass is (queries, batch row, head), of the backward pass (keys, batch
// row, key/value head).
type attentionTask struct {
	d                *Device
	p                kernels.AttentionParams
	q, k, v, out     mat
	dq, dk, dv, dOut mat
	lse, slopes      []float32
	segments, first  []int32 // first[b*Tk+j]: the first key of the segment of position j
	progress         []atomic.Int32
	scratch          []float32
	perWorker        int
	unitQueries      int       // of the forward pass
	unitKeys         int       // of the backward pass
	deltas           []float32 // dOut·out of each query, as lse
	phase            attentionPhase
}

type attentionPhase uint8

const (
	attentionForward attentionPhase = iota
	attentionDeltas                 // units are deltaRows rows of all heads
	attentionBackward
)

// deltaRows is how many rows of dOut and out a unit multiplies.
const deltaRows = 32

// AttentionScratch implements [kernels.Device].
func (d *Device) AttentionScratch(p kernels.AttentionParams, grad bool) int64 {
	return 4 * (int64(sharedScratch(p, grad)) + int64(d.threads)*int64(scratchPerWorker(p, grad)))
}

// sharedScratch counts the 32-bit words that all workers share: the first key of
// each segment and, backward, how far each unit is and dOut·out of each query.
func sharedScratch(p kernels.AttentionParams, grad bool) int {
	n := p.Batch * p.Tk
	if grad {
		n += p.Batch*p.KVHeads*ceilDiv(p.Tk, unitKeys(p)) + p.Batch*p.Heads*p.Tq
	}
	return roundUp(n, kernels.Lanes)
}

// scratchPerWorker counts the float32 that one worker needs.
func scratchPerWorker(p kernels.AttentionParams, grad bool) int {
	if grad {
		keys := unitKeys(p)
		return 5*keys*p.HeadDim + 2*backwardRows*(keys+scorePad+p.HeadDim)
	}
	if p.Tq <= smallRows {
		return roundUp(p.Tk, keyAlign)
	}
	keys := roundUp(p.Tk, keyAlign)
	return 2*keys*p.HeadDim + forwardRows*(keys+scorePad+p.HeadDim)
}

// scorePad keeps rows of scores from starting at the same place of a cache.
const scorePad = 16

// unitKeys is how many keys a unit of the backward pass takes: as many as keep
// them, their gradients and the scores in a second-level cache.
func unitKeys(p kernels.AttentionParams) int {
	const step = 3 * keyAlign // whole groups and whole panels
	n := backwardBytes / 4 / (5*p.HeadDim + 2*backwardRows) / step * step
	return max(step, min(n, 3*step))
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
	t.unitQueries = unitQueries(p, d.threads)
	d.pool.run(t, p.Batch*p.Heads*ceilDiv(p.Tq, t.unitQueries))
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
	t.phase = attentionDeltas
	d.pool.run(t, ceilDiv(p.Batch*p.Tq, deltaRows))
	t.phase = attentionBackward
	d.pool.run(t, p.Batch*p.KVHeads*ceilDiv(p.Tk, t.unitKeys))
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
	t.d, t.p = d, p
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
	shared := sharedScratch(p, grad)
	words := i32Slice(bytes, 0, shared)
	t.scratch = f32Slice(bytes, 4*shared, len(bytes)/4-shared)
	if t.segments != nil && (p.Tq > smallRows || grad) {
		t.first = words[:p.Batch*p.Tk]
		t.findFirst()
	}
	if grad {
		t.unitKeys = unitKeys(p)
		words, units := words[p.Batch*p.Tk:], p.Batch*p.KVHeads*ceilDiv(p.Tk, t.unitKeys)
		t.progress = counters(words[:units])
		t.deltas = f32Slice(bytes, 4*(p.Batch*p.Tk+units), p.Batch*p.Heads*p.Tq)
		for i := range t.progress {
			t.progress[i].Store(0)
		}
	}
}

// unitQueries is how many queries a unit of the forward pass takes: a whole row
// where there are units enough for all workers, since each packs its keys.
func unitQueries(p kernels.AttentionParams, threads int) int {
	if p.Tq <= smallRows {
		return p.Tq
	}
	pieces := ceilDiv(4*threads, p.Batch*p.Heads)
	return min(roundUp(p.Tq, forwardRows), max(forwardUnit, roundUp(ceilDiv(p.Tq, pieces), forwardRows)))
}

// unit implements task. The longest units come first.
func (t *attentionTask) unit(worker, u int) {
	scratch := t.scratch[worker*t.perWorker : (worker+1)*t.perWorker]
	switch t.phase {
	case attentionDeltas:
		t.findDeltas(u*deltaRows, min((u+1)*deltaRows, t.p.Batch*t.p.Tq))
		return
	case attentionBackward:
		heads := t.p.Batch * t.p.KVHeads
		t.backward(scratch, u%heads/t.p.KVHeads, u%heads%t.p.KVHeads, u/heads)
		return
	}
	heads := t.p.Batch * t.p.Heads
	b, h := u%heads/t.p.Heads, u%heads%t.p.Heads
	if t.p.Tq <= smallRows {
		for i := range t.p.Tq {
			t.query(scratch, b, h, i)
		}
		return
	}
	piece := ceilDiv(t.p.Tq, t.unitQueries) - 1 - u/heads
	t.forward(scratch, b, h, piece*t.unitQueries, min((piece+1)*t.unitQueries, t.p.Tq))
}

// kvHead returns the first column of the keys of head h.
func (t *attentionTask) kvHead(h int) int { return h / (t.p.Heads / t.p.KVHeads) * t.p.HeadDim }
