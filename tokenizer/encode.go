package tokenizer

// Encode returns the ids of text. No begin or end mark is added. User-defined
// pieces in the text match, reserved ones included; see [Tokenizer.EncodeUser].
func (t *Tokenizer) Encode(text string) []int32 { return t.AppendEncode(nil, text) }

// AppendEncode appends the ids of text to dst.
func (t *Tokenizer) AppendEncode(dst []int32, text string) []int32 {
	return t.encode(dst, text, t.matchAll)
}

// EncodeUser is Encode for text that a person or a web page wrote: reserved
// pieces (see [Tokenizer.IsReserved]) are read as ordinary text, so nobody can
// forge the end of a turn by typing <reserved_106>. Decoding gives the same text
// back.
func (t *Tokenizer) EncodeUser(text string) []int32 { return t.AppendEncodeUser(nil, text) }

// AppendEncodeUser is EncodeUser appending to dst.
func (t *Tokenizer) AppendEncodeUser(dst []int32, text string) []int32 {
	return t.encode(dst, text, t.matchUser)
}

// segmenter is how a model type cuts text into pieces.
type segmenter interface {
	// segment cuts the normalised text s.norm and gives the pieces, in order, to
	// s.out. The user-defined pieces outside match are read as ordinary text.
	segment(s *scratch, match *prefixMatcher)
}

// scratch is the working memory of one Encode call. What one segmenter uses
// stays empty in the others'.
type scratch struct {
	norm []byte
	out  emitter

	tiling tiling
	best   lattice
	m      merger
}

// What an idle scratch may keep: bytes of normalised text, symbols or positions
// of one part.
const (
	maxPooledText    = 1 << 20
	maxPooledSymbols = 1 << 16
)

func (t *Tokenizer) encode(dst []int32, text string, match *prefixMatcher) []int32 {
	s := t.scratch.Get().(*scratch)
	s.norm = t.normalizer.append(s.norm[:0], text, match)
	s.out = emitter{vocab: t.vocab, byteFallback: t.proto.trainer.byteFallback, ids: dst}
	t.segmenter.segment(s, match)
	dst = s.out.ids
	s.out = emitter{}
	if cap(s.norm) <= maxPooledText && max(cap(s.tiling.syms), cap(s.m.syms), cap(s.best.ends)) <= maxPooledSymbols {
		t.scratch.Put(s)
	}
	return dst
}

// emitter collects the ids of pieces.
type emitter struct {
	vocab        *vocab
	byteFallback bool
	ids          []int32
	prevUnk      bool
}

// piece emits a piece of the vocabulary.
func (e *emitter) piece(id int32) {
	e.ids = append(e.ids, id)
	e.prevUnk = false
}

// unknown emits text that is no piece.
func (e *emitter) unknown(surface []byte) {
	if e.byteFallback {
		for _, b := range surface {
			e.ids = append(e.ids, e.vocab.bytes[b])
		}
		return
	}
	if !e.prevUnk { // a run of unknown symbols is one unknown id
		e.ids = append(e.ids, e.vocab.unk)
	}
	e.prevUnk = true
}
