package infer

import (
	"context"
	"errors"
	"fmt"

	"huihai/kernels"
	"huihai/model"
)

// maxChunk is the most tokens run through the blocks at once.
const maxChunk = 256

// Model is a model ready to decode: weights, NormHead's normalised rows and the
// position tables.
type Model struct {
	cfg     model.Config
	dev     kernels.Device
	weights *model.Weights
	layers  []layer
	embed   kernels.Mat
	norm    kernels.Buf
	head    kernels.Mat // normalised
	slopes  kernels.Buf
	mem     kernels.Mem
}

// layer holds the tensors of a block.
type layer struct {
	inputNorm, postNorm          kernels.Buf
	q, k, v, o, gate, up, downed kernels.Mat
}

// NewModel prepares weights for decoding. The weights stay the caller's and must
// outlive the model.
func NewModel(dev kernels.Device, cfg model.Config, w *model.Weights) (*Model, error) {
	c, v := cfg.HiddenSize, cfg.VocabSize
	headBytes := int64(v) * int64(c) * 4
	slopeBytes := int64(cfg.NumAttentionHeads) * 4
	normBytes := int64(v) * 4
	mem, err := dev.Alloc(align(headBytes) + align(normBytes) + align(slopeBytes))
	if err != nil {
		return nil, fmt.Errorf("infer: normalised head: %w", err)
	}
	m := &Model{cfg: cfg, dev: dev, weights: w, mem: mem}
	m.head = kernels.Buf{Mem: mem, Len: v * c}.Mat(v, c)
	norms := kernels.Buf{Mem: mem, Off: align(headBytes), Len: v}
	dev.RowNormalize(m.head, norms, w.Bufs()[model.LMHead].Mat(v, c), model.NormHeadEps)
	if cfg.Position == model.ALiBi {
		m.slopes = kernels.Buf{Mem: mem, Off: align(headBytes) + align(normBytes), Len: cfg.NumAttentionHeads}
		if err := kernels.Write(dev, m.slopes, kernels.ALiBiSlopes(cfg.NumAttentionHeads)); err != nil {
			return nil, fmt.Errorf("infer: %w", err)
		}
	}
	m.bindLayers()
	return m, nil
}

func (m *Model) bindLayers() {
	c, f := m.cfg.HiddenSize, m.cfg.IntermediateSize
	b := m.weights.Bufs()
	m.embed = b[model.EmbedTokens].Mat(m.cfg.VocabSize, c)
	m.norm = b[model.FinalNorm]
	for i := range m.cfg.NumHiddenLayers {
		n := model.LayerNames(i)
		pack := b[n.WPack].Mat(3*c, c)
		m.layers = append(m.layers, layer{
			inputNorm: b[n.InputNorm], postNorm: b[n.PostNorm],
			q: pack.RowRange(0, c), k: pack.RowRange(c, 2*c), v: pack.RowRange(2*c, 3*c),
			o:    b[n.OProj].Mat(c, c),
			gate: b[n.GateProj].Mat(f, c), up: b[n.UpProj].Mat(f, c), downed: b[n.DownProj].Mat(c, f),
		})
	}
}

// Config returns the model's shape.
func (m *Model) Config() model.Config { return m.cfg }

// Close frees what NewModel allocated; the weights are the caller's.
func (m *Model) Close() { m.dev.Free(m.mem) }

// Session is one sequence being decoded. A session is used by one goroutine.
type Session struct {
	m      *Model
	length int // tokens in the cache
	max    int
	mem    kernels.Mem
	logits []float32
	host   []int32

	k, v                                     []kernels.Mat // per layer [max, C]
	x, n, q, attn, tmp                       kernels.Buf   // [chunk, C]
	gate, up                                 kernels.Buf   // [chunk, F]
	table, out, ids, positions, scratchSpace kernels.Buf
}

// NewSession allocates a cache for maxLen tokens and the working buffers. The
// memory is counted beforehand and allocated in one piece.
func (m *Model) NewSession(maxLen int) (*Session, error) {
	if maxLen <= 0 {
		return nil, fmt.Errorf("infer: a session needs room for at least one token, got %d", maxLen)
	}
	s := &Session{m: m, max: maxLen, logits: make([]float32, m.cfg.VocabSize), host: make([]int32, maxChunk)}
	bytes := s.carve(nil)
	mem, err := m.dev.Alloc(bytes)
	if err != nil {
		return nil, fmt.Errorf("infer: key/value cache for %d tokens: %w", maxLen, err)
	}
	s.mem = mem
	s.carve(mem)
	if m.cfg.Position == model.RoPE {
		table := kernels.RotaryTable(maxLen, m.cfg.HeadDim(), m.cfg.RopeTheta)
		if err := kernels.Write(m.dev, s.table, table); err != nil {
			return nil, fmt.Errorf("infer: rotary table: %w", err)
		}
	}
	return s, nil
}

// carve lays the session's buffers out on mem and returns the bytes they take.
// It runs twice: once to count, once for real.
func (s *Session) carve(mem kernels.Mem) int64 {
	cfg := s.m.cfg
	c, f, chunk := cfg.HiddenSize, cfg.IntermediateSize, min(maxChunk, s.max)
	at := int64(0)
	take := func(n int, t kernels.DType) kernels.Buf {
		b := kernels.Buf{Mem: mem, Off: at, Len: n, Type: t}
		at += align(b.Bytes())
		return b
	}
	s.k, s.v = s.k[:0], s.v[:0]
	for range cfg.NumHiddenLayers {
		s.k = append(s.k, take(s.max*c, kernels.F32).Mat(s.max, c))
		s.v = append(s.v, take(s.max*c, kernels.F32).Mat(s.max, c))
	}
	for _, b := range []*kernels.Buf{&s.x, &s.n, &s.q, &s.attn, &s.tmp} {
		*b = take(chunk*c, kernels.F32)
	}
	s.gate, s.up = take(chunk*f, kernels.F32), take(chunk*f, kernels.F32)
	s.out = take(cfg.VocabSize, kernels.F32)
	s.ids, s.positions = take(chunk, kernels.I32), take(chunk, kernels.I32)
	if cfg.Position == model.RoPE {
		s.table = take(s.max*cfg.HeadDim(), kernels.F32)
	}
	s.scratchSpace = take(int(s.m.dev.AttentionScratch(s.attention(chunk, s.max), false)), kernels.U8)
	return at
}

// Len returns the number of tokens in the cache.
func (s *Session) Len() int { return s.length }

// Reset empties the cache.
func (s *Session) Reset() { s.length = 0 }

// Close frees the session's memory.
func (s *Session) Close() { s.m.dev.Free(s.mem) }

// ErrFull says that a session's cache has no room left.
var ErrFull = errors.New("infer: the key/value cache is full")

// Feed appends tokens to the sequence and returns the logits [V] after the last
// of them. The slice is reused by the next Feed.
func (s *Session) Feed(tokens []int32) ([]float32, error) {
	return s.FeedContext(context.Background(), tokens)
}

// FeedContext is [Session.Feed] that returns ctx's error within a layer of a
// piece of the prompt; the session is then of no use but to [Session.Reset].
func (s *Session) FeedContext(ctx context.Context, tokens []int32) ([]float32, error) {
	if len(tokens) == 0 {
		return nil, errors.New("infer: no token to feed; a prompt needs at least one")
	}
	if s.length+len(tokens) > s.max {
		return nil, fmt.Errorf("%w: %d tokens held, %d more asked, room for %d", ErrFull, s.length, len(tokens), s.max)
	}
	for i, id := range tokens {
		if id < 0 || int(id) >= s.m.cfg.VocabSize {
			return nil, fmt.Errorf("infer: token %d is %d; the vocabulary has %d entries", i, id, s.m.cfg.VocabSize)
		}
	}
	for len(tokens) > 0 {
		n := min(len(tokens), maxChunk)
		if err := s.chunk(ctx, tokens[:n], len(tokens) == n); err != nil {
			return nil, err
		}
		tokens = tokens[n:]
	}
	return s.logits, nil
}

// chunk runs n tokens through the blocks and, if last, the head.
func (s *Session) chunk(ctx context.Context, tokens []int32, last bool) error {
	n, c := len(tokens), s.m.cfg.HiddenSize
	dev := s.m.dev
	if err := kernels.Write(dev, s.ids, tokens); err != nil {
		return err
	}
	for i := range n {
		s.host[i] = int32(s.length + i)
	}
	if err := kernels.Write(dev, s.positions, s.host[:n]); err != nil {
		return err
	}
	x := s.x.Mat(n, c)
	dev.Embedding(x, s.m.embed, s.ids.Slice(0, n))
	for i := range s.m.layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.layer(i, x)
	}
	s.length += n
	if !last {
		return dev.Sync()
	}
	h := s.n.Mat(1, c)
	dev.RMSNorm(h, kernels.Buf{}, x.RowRange(n-1, n), s.m.norm, float32(s.m.cfg.RMSNormEps))
	dev.MatMulNT(s.out.Mat(1, s.m.cfg.VocabSize), h, s.m.head, false)
	return kernels.Read(dev, s.logits, s.out)
}

// layer adds block i to x [n, C] in place, writing keys and values straight into
// the cache.
func (s *Session) layer(i int, x kernels.Mat) {
	dev, l, n, c := s.m.dev, &s.m.layers[i], x.Rows, s.m.cfg.HiddenSize
	f, eps := s.m.cfg.IntermediateSize, float32(s.m.cfg.RMSNormEps)
	h, q, attn, tmp := s.n.Mat(n, c), s.q.Mat(n, c), s.attn.Mat(n, c), s.tmp.Mat(n, c)
	dev.RMSNorm(h, kernels.Buf{}, x, l.inputNorm, eps)
	k, v := s.k[i].RowRange(s.length, s.length+n), s.v[i].RowRange(s.length, s.length+n)
	dev.MatMulNT(q, h, l.q, false)
	dev.MatMulNT(k, h, l.k, false)
	dev.MatMulNT(v, h, l.v, false)
	if s.m.cfg.Position == model.RoPE {
		pos := s.positions.Slice(0, n)
		dev.Rotary(q, s.table, pos, s.m.cfg.HeadDim(), false)
		dev.Rotary(k, s.table, pos, s.m.cfg.HeadDim(), false)
	}
	seen := s.length + n
	p := s.attention(n, seen)
	p.Slopes, p.Scratch = s.m.slopes, s.scratchSpace
	dev.Attention(attn, kernels.Buf{}, q, s.k[i].RowRange(0, seen), s.v[i].RowRange(0, seen), p)
	dev.MatMulNT(tmp, attn, l.o, false)
	add(dev, x, tmp)
	dev.RMSNorm(h, kernels.Buf{}, x, l.postNorm, eps)
	gate, up := s.gate.Mat(n, f), s.up.Mat(n, f)
	dev.MatMulNT(gate, h, l.gate, false)
	dev.MatMulNT(up, h, l.up, false)
	dev.SwiGLU(gate, gate, up)
	dev.MatMulNT(tmp, gate, l.downed, false)
	add(dev, x, tmp)
}

func add(dev kernels.Device, x, y kernels.Mat) {
	n := x.Rows * x.Cols
	dev.Add(x.Slice(0, n), x.Slice(0, n), y.Slice(0, n))
}

func (s *Session) attention(tq, tk int) kernels.AttentionParams {
	cfg := s.m.cfg
	return kernels.AttentionParams{
		Batch: 1, Tq: tq, Tk: tk, Heads: cfg.NumAttentionHeads, KVHeads: cfg.NumAttentionHeads,
		HeadDim: cfg.HeadDim(), Scale: cfg.AttentionScale(),
	}
}

func align(n int64) int64 { return (n + 63) / 64 * 64 }
