package tokenizer

import (
	"sync/atomic"
	"unicode/utf8"
)

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

// scratch is the working memory of one Encode call.
type scratch struct {
	norm []byte
	m    merger
	out  emitter
}

// What an idle scratch may keep: bytes of normalised text, symbols of one part.
const (
	maxPooledText    = 1 << 20
	maxPooledSymbols = 1 << 16
)

func newScratch(table *symbolTable) *scratch { return &scratch{m: merger{table: table}} }

func (t *Tokenizer) encode(dst []int32, text string, match *prefixMatcher) []int32 {
	s := t.scratch.Get().(*scratch)
	s.norm = t.normalizer.append(s.norm[:0], text, match)
	s.out = emitter{t: t, ids: dst}
	if t.symbols.unused {
		t.encodeUnused(s, match)
	} else {
		t.encodeChunks(s, match)
	}
	dst = s.out.ids
	s.out = emitter{}
	if cap(s.norm) <= maxPooledText && cap(s.m.syms) <= maxPooledSymbols {
		t.scratch.Put(s)
	}
	return dst
}

// encodeChunks cuts the text where no merge can cross and merges the parts.
func (t *Tokenizer) encodeChunks(s *scratch, match *prefixMatcher) {
	table, text, m := t.symbols, s.norm, &s.m
	start := 0
	m.reset()
	for pos := 0; pos < len(text); {
		b := text[pos]
		if match.starts[b] {
			if n, id := match.match(text[pos:]); n > 0 {
				t.encodeChunk(s, text[start:pos])
				s.out.piece(id)
				pos += n
				start = pos
				continue
			}
		}
		sym, size := int32(0), 1
		if b < utf8.RuneSelf {
			sym = table.ascii[b]
		} else {
			var r rune
			r, size = utf8.DecodeRune(text[pos:])
			sym = table.char(r)
		}
		if n := len(m.syms); n > 0 && (sym == noSymbol || !table.joins.has(m.syms[n-1], sym)) {
			t.encodeChunk(s, text[start:pos])
			start = pos
		}
		pos += size
		m.push(sym, int32(pos-start))
	}
	t.encodeChunk(s, text[start:])
}

// States of Tokenizer.whole: what the surface of a piece encodes to when it
// stands alone. Learnt on first use; racing writers store the same answer.
const (
	wholeUnknown = iota
	wholeYes     // the piece itself
	wholeNo      // something else
)

// encodeChunk merges the symbols collected for chunk and emits them.
func (t *Tokenizer) encodeChunk(s *scratch, chunk []byte) {
	m := &s.m
	switch len(m.syms) {
	case 0:
		return
	case 1:
		s.out.symbol(m.syms[0], chunk)
		m.reset()
		return
	}
	id, known := int32(-1), false
	if len(chunk) <= t.symbols.longestPiece {
		id, known = t.vocab.matchable[string(chunk)]
	}
	state := uint32(wholeNo)
	if known {
		state = atomic.LoadUint32(&t.whole[id])
	}
	if state == wholeYes {
		s.out.symbol(id, chunk)
		m.reset()
		return
	}
	m.merge()
	if state == wholeUnknown {
		state = wholeNo
		if len(m.syms) == 1 {
			state = wholeYes
		}
		atomic.StoreUint32(&t.whole[id], state)
	}
	begin := int32(0)
	for i, sym := range m.syms {
		s.out.symbol(sym, chunk[begin:m.ends[i]])
		begin = m.ends[i]
	}
	m.reset()
}

// emitter turns symbols into ids.
type emitter struct {
	t       *Tokenizer
	ids     []int32
	prevUnk bool
}

// piece emits a piece that was matched whole.
func (e *emitter) piece(id int32) {
	e.ids = append(e.ids, id)
	e.prevUnk = false
}

// symbol emits a symbol whose text is surface.
func (e *emitter) symbol(sym int32, surface []byte) {
	if sym != noSymbol {
		if id := e.t.symbols.output[sym]; id >= 0 {
			e.ids = append(e.ids, id)
			e.prevUnk = false
			return
		}
	}
	if e.t.proto.trainer.byteFallback {
		for _, b := range surface {
			e.ids = append(e.ids, e.t.vocab.bytes[b])
		}
		return
	}
	if !e.prevUnk { // a run of unknown symbols is one unknown id
		e.ids = append(e.ids, e.t.vocab.unk)
	}
	e.prevUnk = true
}
