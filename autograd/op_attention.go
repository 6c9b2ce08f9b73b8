package autograd

import (
	"fmt"
	"math"

	"huihai/kernels"
)

// AttentionShape is the geometry of a causal attention over packed rows
// [Q; K; V]: Heads query heads and KVHeads key and value heads of HeadDim.
type AttentionShape struct {
	Batch, SeqLen           int
	Heads, KVHeads, HeadDim int
}

func (s AttentionShape) width() int { return (s.Heads + 2*s.KVHeads) * s.HeadDim }

func (s AttentionShape) scale() float64 { return 1 / math.Sqrt(float64(s.HeadDim)) }

// Attention is causal attention within segments over qkv
// [Batch*SeqLen, (Heads+2*KVHeads)*HeadDim], giving [Batch*SeqLen,
// Heads*HeadDim]. segments [Batch*SeqLen] numbers the documents of a row.
// slopes [Heads] are ALiBi's (Press et al. 2022); nil without ALiBi. The mask
// and the bias never exist as matrices.
func (g *Graph) Attention(qkv, segments, slopes *Node, s AttentionShape) *Node {
	rows, cols := matDims("Attention", qkv)
	if rows != s.Batch*s.SeqLen || cols != s.width() {
		failf("Attention: qkv is [%d, %d], want [%d, %d]", rows, cols, s.Batch*s.SeqLen, s.width())
	}
	op := newOp(fused{
		name: "attention", attrs: fmt.Sprintf("%+v", s), results: []string{"", "log-sum-exp"}, locate: s.locateLogSumExp,
		in:  []port{f32(rows, cols), i32(rows)},
		out: []port{f32(rows, s.Heads*s.HeadDim), f32(s.Heads * rows)},
		reference: func(in []host, out [][]float32) {
			s.eachQuery(in[0].f, in[1].i, slopesOf(in, 2), func(q query) {
				q.forward(out[0], out[1])
			})
		},
		diff: []bool{true, false},
		derive: func(g *Graph, in []*Node, out, grad *Node) []*Node {
			var sl *Node
			if len(in) > 2 {
				sl = in[2]
			}
			d := g.attentionGrad(grad, g.pick(out, 0), g.pick(out, 1), in[0], in[1], sl, s)
			return append([]*Node{d}, make([]*Node, len(in)-1)...)
		},
		optional: []int{1},
		scratch: func(dev kernels.Device) int64 {
			return dev.AttentionScratch(s.params(), false)
		},
		launch: func(dev kernels.Device, k *call) {
			q, kk, v := s.split(k.in[0])
			dev.Attention(k.out[0].Mat(rows, s.Heads*s.HeadDim), k.out[1], q, kk, v, s.bound(k, 1))
		},
	})
	return g.pick(g.applyWithSlopes(op, slopes, qkv, segments), 0)
}

// attentionGrad returns dqkv.
func (g *Graph) attentionGrad(dOut, out, lse, qkv, segments, slopes *Node, s AttentionShape) *Node {
	rows, cols := matDims("attentionGrad", qkv)
	wide := s.Heads * s.HeadDim
	op := newOp(fused{
		name: "attention_grad", attrs: fmt.Sprintf("%+v", s),
		in:  []port{f32(rows, wide), f32(rows, wide), f32(s.Heads * rows), f32(rows, cols), i32(rows)},
		out: []port{f32(rows, cols)},
		reference: func(in []host, out [][]float32) {
			sum := make([]float64, rows*cols)
			s.eachQuery(in[3].f, in[4].i, slopesOf(in, 5), func(q query) {
				q.backward(sum, in[0].f)
			})
			narrow(out[0], sum)
		},
		scratch: func(dev kernels.Device) int64 {
			return dev.AttentionScratch(s.params(), true)
		},
		launch: func(dev kernels.Device, k *call) {
			q, kk, v := s.split(k.in[3])
			dq, dk, dv := s.split(k.out[0])
			dev.AttentionGrad(dq, dk, dv, k.in[0].Mat(rows, wide), k.in[1].Mat(rows, wide), k.in[2],
				q, kk, v, s.bound(k, 4))
		},
	})
	return g.applyWithSlopes(op, slopes, dOut, out, lse, qkv, segments)
}

// locateLogSumExp finds the query of an element of the second result, [Batch, Heads,
// SeqLen].
func (s AttentionShape) locateLogSumExp(result, element int) (token, head int, ok bool) {
	if result != 1 {
		return 0, 0, false
	}
	row, rest := element/(s.Heads*s.SeqLen), element%(s.Heads*s.SeqLen)
	return row*s.SeqLen + rest%s.SeqLen, rest / s.SeqLen, true
}

func (g *Graph) applyWithSlopes(op *fused, slopes *Node, in ...*Node) *Node {
	if slopes == nil {
		return g.apply(op, in...)
	}
	op.in = append(op.in, f32(slopes.Shape()...))
	if op.diff != nil {
		op.diff = append(op.diff, false)
	}
	return g.apply(op, append(in, slopes)...)
}

func slopesOf(in []host, i int) []float32 {
	if len(in) <= i {
		return nil
	}
	return in[i].f
}

func (s AttentionShape) split(b kernels.Buf) (q, k, v kernels.Mat) {
	m := b.Mat(s.Batch*s.SeqLen, s.width())
	a := s.Heads * s.HeadDim
	c := a + s.KVHeads*s.HeadDim
	return m.ColRange(0, a), m.ColRange(a, c), m.ColRange(c, s.width())
}

func (s AttentionShape) params() kernels.AttentionParams {
	return kernels.AttentionParams{
		Batch: s.Batch, Tq: s.SeqLen, Tk: s.SeqLen,
		Heads: s.Heads, KVHeads: s.KVHeads, HeadDim: s.HeadDim, Scale: float32(s.scale()),
	}
}

// bound adds the call's buffers; segments is the index of that operand, the
// slopes follow it.
func (s AttentionShape) bound(k *call, segments int) kernels.AttentionParams {
	p := s.params()
	p.Segments, p.Scratch = k.in[segments], k.scratch
	if len(k.in) > segments+1 {
		p.Slopes = k.in[segments+1]
	}
	return p
}

// query is one row of one head in the reference implementation: prob[j] is the
// probability of key j.
type query struct {
	s          AttentionShape
	qkv        []float32
	b, h, i    int
	prob       []float64
	logSumExp  float64
	qAt, outAt int
	kAt, vAt   func(j int) int
}

// eachQuery computes the probabilities of every query of every head.
func (s AttentionShape) eachQuery(qkv []float32, seg []int32, slopes []float32, f func(query)) {
	d, w := s.HeadDim, s.width()
	for b := range s.Batch {
		for h := range s.Heads {
			kv := h / (s.Heads / s.KVHeads)
			for i := range s.SeqLen {
				row := func(j int) int { return (b*s.SeqLen + j) * w }
				q := query{
					s: s, qkv: qkv, b: b, h: h, i: i,
					qAt:   row(i) + h*d,
					outAt: (b*s.SeqLen+i)*s.Heads*d + h*d,
					kAt:   func(j int) int { return row(j) + (s.Heads+kv)*d },
					vAt:   func(j int) int { return row(j) + (s.Heads+s.KVHeads+kv)*d },
				}
				slope := 0.0
				if slopes != nil {
					slope = float64(slopes[h])
				}
				q.softmax(seg, slope)
				f(q)
			}
		}
	}
}

func (q *query) softmax(seg []int32, slope float64) {
	d, at := q.s.HeadDim, q.b*q.s.SeqLen
	score := make([]float64, q.i+1)
	top := math.Inf(-1)
	for j := range score {
		score[j] = math.Inf(-1)
		if seg[at+j] == seg[at+q.i] {
			k := q.kAt(j)
			score[j] = q.s.scale()*dot(q.qkv[q.qAt:q.qAt+d], q.qkv[k:k+d]) + slope*float64(j-q.i)
			top = max(top, score[j])
		}
	}
	sum := 0.0
	for j := range score {
		score[j] = math.Exp(score[j] - top)
		sum += score[j]
	}
	for j := range score {
		score[j] /= sum
	}
	q.prob, q.logSumExp = score, top+math.Log(sum)
}

func (q *query) forward(out, lse []float32) {
	for c := range q.s.HeadDim {
		sum := 0.0
		for j, p := range q.prob {
			sum += p * float64(q.qkv[q.vAt(j)+c])
		}
		out[q.outAt+c] = float32(sum)
	}
	lse[(q.b*q.s.Heads+q.h)*q.s.SeqLen+q.i] = float32(q.logSumExp)
}

func (q *query) backward(dqkv []float64, dOut []float32) {
	d := q.s.HeadDim
	do := dOut[q.outAt : q.outAt+d]
	dp := make([]float64, len(q.prob))
	mean := 0.0
	for j, p := range q.prob {
		v := q.vAt(j)
		dp[j] = dot(do, q.qkv[v:v+d])
		mean += p * dp[j]
	}
	for j, p := range q.prob {
		ds := q.s.scale() * p * (dp[j] - mean)
		k, v := q.kAt(j), q.vAt(j)
		for c := range d {
			dqkv[q.qAt+c] += ds * float64(q.qkv[k+c])
			dqkv[k+c] += ds * float64(q.qkv[q.qAt+c])
			dqkv[v+c] += p * float64(do[c])
		}
	}
}
