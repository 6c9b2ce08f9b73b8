package tokenizer

import (
	"math"
	"unicode/utf8"
)

// A symbol is what merging works on: the id of a matchable piece, or a number
// from len(pieces) on for a character that is no piece but occurs inside one.
// Every other character is noSymbol and never merges.
const (
	symbolBits = 21
	maxPieces  = 900_000 // with every Unicode character still below noSymbol
	maxLength  = 8000    // bytes of a piece, as in SentencePiece
	noSymbol   = int32(1<<symbolBits - 1)
	noRank     = math.MaxInt32 // of what is not merged
)

// symbolTable answers the two questions of the merge loop: which symbol is this
// character, and what do these two neighbours make.
type symbolTable struct {
	pairs  pairTable
	rank   []int32 // symbol -> merge order: 0 for the highest score, equal for equal scores
	extra  []string
	bmp    []int32 // runes below U+10000
	astral map[rune]int32
	// lengths tells which lengths in bytes a symbol may have.
	lengths []bool
}

func newSymbolTable(v *vocab) *symbolTable {
	t := &symbolTable{bmp: make([]int32, 1<<16), astral: make(map[rune]int32)}
	for i := range t.bmp {
		t.bmp[i] = noSymbol
	}
	t.rank = rankPieces(v)
	merged := 0
	t.lengths = make([]bool, maxLength+1)
	for i := 1; i <= utf8.UTFMax; i++ {
		t.lengths[i] = true
	}
	for id, p := range v.pieces {
		if !mergeable(p.typ) && p.typ != UserDefined {
			continue
		}
		t.lengths[len(p.text)] = true
		if r, size := utf8.DecodeRuneInString(p.text); size == len(p.text) {
			t.setChar(r, int32(id))
		} else if mergeable(p.typ) {
			merged += min(len(p.text)-1, 4)
		}
	}
	t.pairs = newPairTable(merged)
	for id, p := range v.pieces {
		if mergeable(p.typ) {
			t.addPiece(v, int32(id), p.text)
		}
	}
	return t
}

// mergeable reports whether merging can make a piece of this type.
// User-defined pieces are not among them: a text that holds one is cut there
// before any merge, so no merge can ever build one.
func mergeable(t PieceType) bool { return t == Normal || t == Unused }

// setChar records the symbol of a character.
func (t *symbolTable) setChar(r rune, sym int32) {
	if r < 1<<16 {
		t.bmp[r] = sym
	} else {
		t.astral[r] = sym
	}
}

// char returns the symbol of a character.
func (t *symbolTable) char(r rune) int32 {
	if r < 1<<16 {
		return t.bmp[r]
	}
	if sym, ok := t.astral[r]; ok {
		return sym
	}
	return noSymbol
}

// addPiece records the pairs of symbols that make piece id.
func (t *symbolTable) addPiece(v *vocab, id int32, text string) {
	first, size := utf8.DecodeRuneInString(text)
	if size == len(text) {
		return
	}
	t.ensureChar(first)
	for i := size; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		t.ensureChar(r)
		if t.lengths[i] && t.lengths[len(text)-i] {
			t.addPair(v, id, text[:i], text[i:])
		}
		i += n
	}
}

func (t *symbolTable) addPair(v *vocab, id int32, left, right string) {
	l, ok := t.symbolOf(v, left)
	if !ok {
		return
	}
	if r, ok := t.symbolOf(v, right); ok {
		t.pairs.add(l, r, id)
	}
}

// ensureChar gives a character that is no piece a symbol of its own.
func (t *symbolTable) ensureChar(r rune) {
	if t.char(r) != noSymbol {
		return
	}
	t.setChar(r, int32(len(t.rank)))
	t.rank = append(t.rank, noRank)
	t.extra = append(t.extra, string(r))
}

// symbolOf returns the symbol with this text: a character or a mergeable piece.
func (t *symbolTable) symbolOf(v *vocab, text string) (int32, bool) {
	if r, size := utf8.DecodeRuneInString(text); size == len(text) {
		t.ensureChar(r)
		sym := t.char(r)
		return sym, sym != noSymbol
	}
	id, ok := v.matchable[text]
	return id, ok && mergeable(v.pieces[id].typ)
}

// pairTable maps (left, right) to what they merge into: open addressing, the
// three symbols packed in one word.
type pairTable struct {
	slots []uint64
	mask  uint64
	used  int
}

const emptySlot = math.MaxUint64

func newPairTable(expected int) pairTable {
	size := 16
	for size < 2*expected {
		size *= 2
	}
	p := pairTable{slots: make([]uint64, size), mask: uint64(size - 1)}
	for i := range p.slots {
		p.slots[i] = emptySlot
	}
	return p
}

func hashPair(left, right int32) uint64 {
	h := (uint64(left)<<32 | uint64(right)) * 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// get returns the merge of two symbols, or noSymbol.
func (p *pairTable) get(left, right int32) int32 {
	key := uint64(left)<<symbolBits | uint64(right)
	for i := hashPair(left, right) & p.mask; ; i = (i + 1) & p.mask {
		s := p.slots[i]
		if s>>symbolBits == key {
			return int32(s & (1<<symbolBits - 1))
		}
		if s == emptySlot {
			return noSymbol
		}
	}
}

func (p *pairTable) add(left, right, merged int32) {
	if p.used*2 >= len(p.slots) {
		old := p.slots
		*p = newPairTable(len(old))
		for _, s := range old {
			if s != emptySlot {
				p.put(s)
			}
		}
	}
	p.put(uint64(left)<<(2*symbolBits) | uint64(right)<<symbolBits | uint64(merged))
}

func (p *pairTable) put(s uint64) {
	left, right := int32(s>>(2*symbolBits)), int32(s>>symbolBits&(1<<symbolBits-1))
	i := hashPair(left, right) & p.mask
	for p.slots[i] != emptySlot {
		i = (i + 1) & p.mask
	}
	p.slots[i] = s
	p.used++
}
