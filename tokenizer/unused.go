package tokenizer

import "unicode/utf8"

// unusedBPE encodes with a model that holds unused pieces. They take part in
// merging, and what remains of them is split again into the two symbols that
// made them, recursively. SentencePiece remembers one such split per surface,
// the last that it considered anywhere in the text; therefore the merges are
// done one by one here, over the whole text.
type unusedBPE struct {
	vocab   *vocab
	symbols *symbolTable
}

func newUnusedBPE(v *vocab) *unusedBPE { return &unusedBPE{v, newSymbolTable(v)} }

func (b *unusedBPE) segment(s *scratch, match *prefixMatcher) {
	text, m := s.norm, &s.m
	m.table = b.symbols
	m.reset()
	m.history = make(map[int32][2]int32)
	var frozen []int32 // ids of user-defined pieces, in order
	var isFrozen []int32
	for pos := 0; pos < len(text); {
		if match.starts[text[pos]] {
			if n, id := match.match(text[pos:]); n > 0 {
				pos += n
				m.push(noSymbol, int32(pos))
				frozen, isFrozen = append(frozen, id), append(isFrozen, int32(pos))
				continue
			}
		}
		r, size := utf8.DecodeRune(text[pos:])
		pos += size
		m.push(b.symbols.char(r), int32(pos))
	}
	m.merge()
	begin := int32(0)
	for i, sym := range m.syms {
		end := m.ends[i]
		if len(isFrozen) > 0 && isFrozen[0] == end {
			s.out.piece(frozen[0])
			frozen, isFrozen = frozen[1:], isFrozen[1:]
		} else {
			b.resegment(s, sym, text[begin:end])
		}
		begin = end
	}
	m.reset()
	m.history = nil
}

// resegment emits sym, splitting it while it is an unused piece.
func (b *unusedBPE) resegment(s *scratch, sym int32, surface []byte) {
	if sym < int32(len(b.vocab.pieces)) && b.vocab.pieces[sym].typ == Unused {
		if split, ok := s.m.history[sym]; ok {
			n := len(b.symbolText(split[0]))
			b.resegment(s, split[0], surface[:n])
			b.resegment(s, split[1], surface[n:])
			return
		}
	}
	b.emit(&s.out, sym, surface)
}

// emit emits a symbol whose text is surface.
func (b *unusedBPE) emit(out *emitter, sym int32, surface []byte) {
	if sym != noSymbol {
		if id, ok := b.vocab.output(sym); ok {
			out.piece(id)
			return
		}
	}
	out.unknown(surface)
}

// symbolText returns the surface of a symbol other than noSymbol.
func (b *unusedBPE) symbolText(sym int32) string {
	if n := int32(len(b.vocab.pieces)); sym >= n {
		return b.symbols.extra[sym-n]
	}
	return b.vocab.pieces[sym].text
}
