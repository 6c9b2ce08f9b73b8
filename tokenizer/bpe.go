package tokenizer

import (
	"sync/atomic"
	"unicode/utf8"
)

// bpe cuts text by merging neighbours, the highest score first.
type bpe struct {
	vocab   *vocab
	symbols *symbolTable
	whole   []uint32 // what is known of each piece's own surface, see encodeChunk
}

func newBPE(v *vocab) *bpe {
	return &bpe{vocab: v, symbols: newSymbolTable(v), whole: make([]uint32, len(v.pieces))}
}

func (b *bpe) segment(s *scratch, match *prefixMatcher) {
	s.m.table = b.symbols
	if b.symbols.unused {
		b.encodeUnused(s, match)
	} else {
		b.encodeChunks(s, match)
	}
}

// encodeChunks cuts the text where no merge can cross and merges the parts.
func (b *bpe) encodeChunks(s *scratch, match *prefixMatcher) {
	table, text, m := b.symbols, s.norm, &s.m
	start := 0
	m.reset()
	for pos := 0; pos < len(text); {
		c := text[pos]
		if match.starts[c] {
			if n, id := match.match(text[pos:]); n > 0 {
				b.encodeChunk(s, text[start:pos])
				s.out.piece(id)
				pos += n
				start = pos
				continue
			}
		}
		sym, size := int32(0), 1
		if c < utf8.RuneSelf {
			sym = table.ascii[c]
		} else {
			var r rune
			r, size = utf8.DecodeRune(text[pos:])
			sym = table.char(r)
		}
		if n := len(m.syms); n > 0 && (sym == noSymbol || !table.joins.has(m.syms[n-1], sym)) {
			b.encodeChunk(s, text[start:pos])
			start = pos
		}
		pos += size
		m.push(sym, int32(pos-start))
	}
	b.encodeChunk(s, text[start:])
}

// States of bpe.whole: what the surface of a piece encodes to when it
// stands alone. Learnt on first use; racing writers store the same answer.
const (
	wholeUnknown = iota
	wholeYes     // the piece itself
	wholeNo      // something else
)

// encodeChunk merges the symbols collected for chunk and emits them.
func (b *bpe) encodeChunk(s *scratch, chunk []byte) {
	m := &s.m
	switch len(m.syms) {
	case 0:
		return
	case 1:
		b.emit(&s.out, m.syms[0], chunk)
		m.reset()
		return
	}
	id, known := int32(-1), false
	if len(chunk) <= b.symbols.longestPiece {
		id, known = b.vocab.matchable[string(chunk)]
	}
	state := uint32(wholeNo)
	if known {
		state = atomic.LoadUint32(&b.whole[id])
	}
	if state == wholeYes {
		b.emit(&s.out, id, chunk)
		m.reset()
		return
	}
	m.merge()
	if state == wholeUnknown {
		state = wholeNo
		if len(m.syms) == 1 {
			state = wholeYes
		}
		atomic.StoreUint32(&b.whole[id], state)
	}
	begin := int32(0)
	for i, sym := range m.syms {
		b.emit(&s.out, sym, chunk[begin:m.ends[i]])
		begin = m.ends[i]
	}
	m.reset()
}

// emit emits a symbol whose text is surface.
func (b *bpe) emit(out *emitter, sym int32, surface []byte) {
	if sym != noSymbol {
		if id := b.symbols.output[sym]; id >= 0 {
			out.piece(id)
			return
		}
	}
	out.unknown(surface)
}
