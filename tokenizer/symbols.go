package tokenizer

import (
	"math"
	"sort"
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
	noRank     = math.MaxInt32
)

// symbolTable answers the two questions of the merge loop: which symbol is this
// character, and what do these two neighbours make.
type symbolTable struct {
	pairs  pairTable
	rank   []int32 // symbol -> merge order: 0 for the highest score, equal for equal scores
	output []int32 // symbol -> emitted id, or -1: fall back to bytes or unknown
	extra  []string
	ascii  [utf8.RuneSelf]int32
	bmp    []int32 // runes below U+10000
	astral map[rune]int32
	joins  bigramSet
	unused bool // some piece is Unused
	// lengths tells which lengths in bytes a symbol may have, and longestPiece
	// the greatest of them.
	lengths      []bool
	longestPiece int
}

func newSymbolTable(v *vocab) *symbolTable {
	t := &symbolTable{bmp: make([]int32, 1<<16), astral: make(map[rune]int32)}
	for i := range t.bmp {
		t.bmp[i] = noSymbol
	}
	t.rankPieces(v)
	merged := 0
	t.lengths = make([]bool, maxLength+1)
	for i := 1; i <= utf8.UTFMax; i++ {
		t.lengths[i] = true
	}
	for id, p := range v.pieces {
		if !mergeable(p.typ) && p.typ != UserDefined {
			continue
		}
		t.longestPiece = max(t.longestPiece, len(p.text))
		t.lengths[len(p.text)] = true
		t.unused = t.unused || p.typ == Unused
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
	copy(t.ascii[:], t.bmp)
	return t
}

// mergeable reports whether merging can make a piece of this type.
// User-defined pieces are not among them: a text that holds one is cut there
// before any merge, so no merge can ever build one.
func mergeable(t PieceType) bool { return t == Normal || t == Unused }

// rankPieces orders the scores and decides what each piece is emitted as.
func (t *symbolTable) rankPieces(v *vocab) {
	order := make([]int32, len(v.pieces))
	for i := range order {
		order[i] = int32(i)
	}
	sort.SliceStable(order, func(i, j int) bool { return v.pieces[order[i]].score > v.pieces[order[j]].score })
	t.rank = make([]int32, len(v.pieces))
	t.output = make([]int32, len(v.pieces))
	rank := int32(0)
	for i, id := range order {
		if i > 0 && v.pieces[order[i-1]].score != v.pieces[id].score {
			rank++
		}
		t.rank[id] = rank
	}
	for i := range v.pieces {
		t.output[i] = int32(i)
		// SentencePiece fails on text whose piece shares its surface with a
		// control piece; here the ordinary piece is emitted.
		switch shadow := v.canonical[i]; v.pieces[shadow].typ {
		case Unknown:
			t.output[i] = -1
		case Byte:
			t.output[i] = shadow
		}
	}
}

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

// addPiece records the pairs of symbols that make piece id, and the pairs of
// characters that it joins.
func (t *symbolTable) addPiece(v *vocab, id int32, text string) {
	first, size := utf8.DecodeRuneInString(text)
	if size == len(text) {
		return
	}
	t.ensureChar(first)
	prev := t.char(first)
	for i := size; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		t.ensureChar(r)
		sym := t.char(r)
		t.joins.add(prev, sym)
		if t.lengths[i] && t.lengths[len(text)-i] {
			t.addPair(v, id, text[:i], text[i:])
		}
		prev = sym
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
	t.output = append(t.output, -1)
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

// bigramSet is a hashed bit set of neighbouring characters. It may say yes
// wrongly, never no.
type bigramSet struct {
	bits [1 << 16]uint64
}

func bigramHash(a, b int32) uint64 {
	return hashPair(a, b) >> 11 & (1<<22 - 1)
}

func (s *bigramSet) add(a, b int32) {
	h := bigramHash(a, b)
	s.bits[h>>6] |= 1 << (h & 63)
}

func (s *bigramSet) has(a, b int32) bool {
	h := bigramHash(a, b)
	return s.bits[h>>6]>>(h&63)&1 == 1
}
