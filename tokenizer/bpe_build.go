package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// newBPE makes the tables. unmarked tells that texts come with U+0020 in place
// of U+2581.
func newBPE(v *vocab, unmarked bool) (*bpe, error) {
	b := &bpe{vocab: v, joins: newJoinSet(), interior: make(map[rune]bool), unmarked: unmarked}
	b.symbols = make([]symbol, len(v.pieces))
	for id, rank := range rankPieces(v) {
		b.symbols[id].rank = rank
	}
	entries, learnt, err := b.collect()
	if err != nil {
		return nil, err
	}
	b.trie = newPieceTrie(entries)
	b.pairs = newPairTable(len(learnt))
	// What a piece is made of is shorter than itself.
	slices.SortFunc(learnt, func(x, y trieEntry) int {
		return cmp.Or(cmp.Compare(len(x.text), len(y.text)), cmp.Compare(x.value, y.value))
	})
	for _, e := range learnt {
		b.derive(e)
	}
	return b, nil
}

// surface returns a piece as the text has it; ok is false when no text has it.
func (b *bpe) surface(piece string) (text string, ok bool) {
	if !b.unmarked {
		return piece, true
	}
	return strings.ReplaceAll(piece, spaceMark, " "), !strings.Contains(piece, " ")
}

// collect lists what the trie holds, and the learnt pieces of several characters
// among it.
func (b *bpe) collect() (entries, learnt []trieEntry, err error) {
	total := 0
	chars := make(map[rune]bool) // those that are pieces
	for id, p := range b.vocab.pieces {
		text, ok := b.surface(p.text)
		if !ok || p.typ != Normal && p.typ != UserDefined {
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		single := size == len(text)
		chars[r] = chars[r] || single
		e := trieEntry{text, int32(id), kindSymbol, b.symbols[id].rank}
		switch {
		case p.typ == UserDefined:
			e.kind = kindMark
			if isReservedMark(p.text) {
				e.kind = kindReserved
			}
			b.interior[r] = b.interior[r] || !single
			b.joins.add(text) // so that no border lies inside
		case single:
			b.character(&e)
		default:
			learnt = append(learnt, e)
		}
		entries = append(entries, e)
		total += len(text)
	}
	if total > maxTrieBytes {
		return nil, nil, fmt.Errorf("the pieces hold %d bytes of text; at most %d are supported", total, maxTrieBytes)
	}
	for _, e := range learnt {
		for i, r := range e.text {
			if chars[r] {
				continue
			}
			chars[r] = true
			e := trieEntry{e.text[i : i+utf8.RuneLen(r)], int32(len(b.symbols)), kindSymbol, noRank}
			b.symbols = append(b.symbols, symbol{})
			b.character(&e)
			entries = append(entries, e)
		}
	}
	return entries, learnt, nil
}

// character completes the symbol of a character.
func (b *bpe) character(e *trieEntry) {
	b.complete(e.value, symbol{
		left: noSymbol, right: noSymbol, rank: noRank, time: -1, prefix: noSymbol,
	}, e.text)
	if b.symbols[e.value].flags != 0 {
		e.value |= flagged
	}
}

// complete stores a symbol with its size and flags.
func (b *bpe) complete(sym int32, s symbol, text string) {
	s.size = uint16(len(text))
	if id, ok := b.vocab.output(sym); !ok || id != sym {
		s.flags |= notItself
	}
	_, first := utf8.DecodeRuneInString(text)
	for _, r := range text[first:] {
		if b.interior[r] {
			s.flags |= mayHoldMark
		}
	}
	b.symbols[sym] = s
}

// derive finds the two symbols that a piece is merged from at last. All shorter
// pieces are known. A piece that merging never makes leaves the trie.
func (b *bpe) derive(e trieEntry) {
	text, id := e.text, e.value
	s := symbol{left: noSymbol, right: noSymbol, rank: b.symbols[id].rank, prefix: noSymbol}
	node := b.trie.child(0, text[0])
	for i := 1; i < len(text); i++ {
		if b.trie.kind(node) == kindSymbol {
			s.prefix = b.trie.values[node] &^ flagged
			if s.left == noSymbol {
				if right := b.symbolOf(text[i:]); right != noSymbol && b.meet(s.prefix, right) {
					s.left, s.right = s.prefix, right
				}
			}
		}
		node = b.trie.child(node, text[i])
	}
	if s.left == noSymbol {
		b.trie.remove(node)
		return
	}
	s.time = max(s.rank, b.symbols[s.left].time, b.symbols[s.right].time)
	b.complete(id, s, text)
	if b.symbols[id].flags != 0 {
		b.trie.values[node] |= flagged
	}
	b.pairs.add(s.left, s.right, id)
	b.joins.add(text)
}

// symbolOf returns the symbol with this text.
func (b *bpe) symbolOf(text string) int32 {
	node := b.trie.find(text)
	if node < 0 || b.trie.kind(node) != kindSymbol {
		return noSymbol
	}
	return b.trie.values[node] &^ flagged
}

// rankPieces orders the pieces by score: 0 for the highest, equal for equal ones.
func rankPieces(v *vocab) []int32 {
	type scored struct {
		score float32
		id    int32
	}
	order := make([]scored, len(v.pieces))
	for i, p := range v.pieces {
		order[i] = scored{p.score, int32(i)}
	}
	slices.SortFunc(order, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	ranks := make([]int32, len(order))
	rank := int32(0)
	for i, o := range order {
		if i > 0 && order[i-1].score != o.score {
			rank++
		}
		ranks[o.id] = rank
	}
	return ranks
}
