package tokenizer

import "unicode/utf8"

// bpe finds the result of merging, the highest score first, without merging:
// from left to right it takes the longest symbol that may follow the one before
// and goes back where that leads nowhere. See doc.go for why the result is the
// same. The tables are made once; nothing changes afterwards.
type bpe struct {
	vocab    *vocab
	trie     *pieceTrie
	symbols  []symbol
	pairs    pairTable // two symbols -> the piece that is made of them
	joins    joinSet
	interior map[rune]bool // what user-defined pieces of several characters start with
	unmarked bool          // the text has U+0020 where pieces have U+2581
}

// symbol is a character, or a piece that merging makes of its own text.
type symbol struct {
	left, right int32 // what it is merged from
	rank        int32 // of that merge: 0 for the highest score, equal for equal scores
	// time is the greatest rank among the merges inside, -1 for a character: of
	// two symbols side by side, the one of the smaller time is made first.
	time   int32
	prefix int32 // the longest other symbol that it starts with, or noSymbol
	size   uint16
	flags  uint16
}

const (
	// mayHoldMark: a user-defined piece may start inside.
	mayHoldMark = 1 << iota
	// notItself: it is emitted as something else than its own id.
	notItself
)

// In the values of the trie, flagged says that the symbol has some flag.
const flagged = 1 << symbolBits

// tiling is the stack of symbols since the last border.
type tiling struct {
	syms []int32
	// dead marks the ends, counted from the border, from where no way leads on;
	// the greatest of them is deepest, 0 when there is none.
	dead    []uint64
	deepest int
}

func (t *tiling) isDead(at int) bool {
	return at <= t.deepest && t.dead[at>>6]>>(at&63)&1 == 1
}

func (t *tiling) kill(at int) {
	for len(t.dead) <= at>>6 {
		t.dead = append(t.dead, 0)
	}
	t.dead[at>>6] |= 1 << (at & 63)
	t.deepest = max(t.deepest, at)
}

func (t *tiling) reset() {
	t.syms = t.syms[:0]
	if t.deepest > 0 {
		clear(t.dead[:t.deepest>>6+1])
		t.deepest = 0
	}
}

func (b *bpe) segment(s *scratch, match *prefixMatcher) {
	text, reserved := s.norm, match.reserved
	for pos := 0; pos < len(text); {
		rest := text[pos:]
		// In Chinese many a character stands alone: look no further then.
		alone := rest[0]>>4 == 0xE && len(rest) > 3 && !b.joins.has(rest, 3)
		if alone {
			rest = rest[:3]
		}
		kind, value, size := b.longest(rest, reserved)
		end := pos + size
		switch {
		case kind == kindNone:
			_, size = utf8.DecodeRune(text[pos:])
			end = pos + size
			b.unknown(&s.out, text[pos:end])
		case kind == kindMark || value < flagged && (alone || end == len(text) || !b.joins.has(text, end)):
			s.out.piece(value)
		default:
			end = b.tile(s, pos, value&^flagged, reserved)
		}
		pos = end
	}
}

// longest returns the longest user-defined piece that text starts with or, if
// there is none, the longest symbol.
func (b *bpe) longest(text []byte, reserved bool) (kind trieKind, value int32, size int) {
	units, node, base := b.trie.units, int32(0), b.trie.units[0].base
	best, mark, markSize := int32(-1), int32(-1), 0
	for i, c := range text {
		next := base>>kindBits ^ int32(c)
		u := units[next]
		if u.parent != node {
			break
		}
		node, base = next, u.base
		switch ends := base & kindMask; {
		case ends == kindNone:
		case ends == kindSymbol:
			best, size = node, i+1
		case ends == kindMark || reserved:
			mark, markSize = node, i+1
		}
	}
	switch {
	case mark >= 0:
		return kindMark, b.trie.values[mark], markSize
	case best >= 0:
		return kindSymbol, b.trie.values[best], size
	}
	return kindNone, 0, 0
}

// tile emits the symbols from start, which is a border, to the next border and
// returns that. sym is the longest symbol at start.
func (b *bpe) tile(s *scratch, start int, sym int32, reserved bool) int {
	text, t := s.norm, &s.tiling
	for pos := start; ; {
		for sym != noSymbol && !b.fits(t, text[start:], pos-start, sym, reserved) {
			sym = b.symbols[sym].prefix
		}
		if sym == noSymbol { // nothing can stand here
			t.kill(pos - start)
			last := t.syms[len(t.syms)-1]
			t.syms = t.syms[:len(t.syms)-1]
			pos -= int(b.symbols[last].size)
			sym = b.symbols[last].prefix
			continue
		}
		t.syms = append(t.syms, sym)
		pos += int(b.symbols[sym].size)
		if pos < len(text) && b.joins.has(text, pos) {
			kind, value, _ := b.longest(text[pos:], reserved)
			if kind == kindSymbol {
				sym = value &^ flagged
				continue
			}
		}
		for _, sym := range t.syms {
			end := start + int(b.symbols[sym].size)
			b.emit(&s.out, sym, text[start:end])
			start = end
		}
		t.reset()
		return pos
	}
}

// fits reports whether sym may stand at a position after the symbols of t.
func (b *bpe) fits(t *tiling, text []byte, pos int, sym int32, reserved bool) bool {
	end := pos + int(b.symbols[sym].size)
	if t.isDead(end) || b.symbols[sym].flags&mayHoldMark != 0 && b.holdsMark(text, pos, end, reserved) {
		return false
	}
	return len(t.syms) == 0 || b.compatible(t.syms[len(t.syms)-1], sym)
}

// holdsMark reports whether a user-defined piece starts between pos and end.
func (b *bpe) holdsMark(text []byte, pos, end int, reserved bool) bool {
	_, size := utf8.DecodeRune(text[pos:])
	for pos += size; pos < end; pos += size {
		var r rune
		if r, size = utf8.DecodeRune(text[pos:]); b.interior[r] {
			if kind, _, _ := b.longest(text[pos:], reserved); kind == kindMark {
				return true
			}
		}
	}
	return false
}

// compatible reports whether merging leaves the text of x and y as these two.
func (b *bpe) compatible(x, y int32) bool {
	return b.pairs.get(x, y) == noSymbol && b.meet(x, y)
}

// meet reports whether x and y ever stand side by side when their text is
// merged. It undoes the merges of x and y, the last one first; at each step the
// symbols at the border must not have merged before the step was due.
//
// That step waits for the greatest rank of what remained to be done for it. It
// is the time of the symbol made, unless that was already reached when the two
// at the border were there; then only the merge itself, or what lies right of the
// border, remained.
func (b *bpe) meet(x, y int32) bool {
	for {
		sx, sy := &b.symbols[x], &b.symbols[y]
		if sx.time < 0 && sy.time < 0 {
			return true
		}
		var wait int32 // a merge across the border of a smaller rank comes first
		if sx.time > sy.time {
			x = sx.right
			if wait = sx.time; wait <= max(b.symbols[x].time, sy.time) {
				wait = sx.rank
			}
		} else {
			y = sy.left
			if wait = sy.time; wait <= max(sx.time, b.symbols[y].time) && b.symbols[sy.right].time < wait {
				wait = sy.rank
			}
			wait++ // and of the same rank, being further left
		}
		if m := b.pairs.get(x, y); m != noSymbol && b.symbols[m].rank < wait {
			return false
		}
	}
}

// emit emits a symbol whose text is surface.
func (b *bpe) emit(out *emitter, sym int32, surface []byte) {
	if b.symbols[sym].flags&notItself == 0 {
		out.piece(sym)
		return
	}
	if id, ok := b.vocab.output(sym); ok {
		out.piece(id)
		return
	}
	b.unknown(out, surface)
}

// unknown emits text that is no piece.
func (b *bpe) unknown(out *emitter, surface []byte) {
	if b.unmarked && len(surface) == 1 && surface[0] == ' ' {
		surface = []byte(spaceMark)
	}
	out.unknown(surface)
}
