package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// unknownPenalty is how far below the worst learnt piece an unknown character
// scores.
const unknownPenalty = float32(10)

// maxTrieBytes bounds the text of all pieces together, so that positions in the
// trie fit an int32.
const maxTrieBytes = 1 << 26

// unigram cuts text along the path of the greatest sum of scores (Viterbi; Kudo
// 2018, "Subword Regularization", section 3.1).
//
// The sums are rounded as in SentencePiece's EncodeOptimized, because long texts
// are full of paths that differ in the last bit only: the best score of a
// position is a float32, a candidate is a float64 that is compared before it is
// rounded, and the first of equals stays.
type unigram struct {
	trie *pieceTrie // without unused pieces, which text never becomes
	// scores are by id. That of a user-defined piece is its length in bytes times
	// the greatest learnt score (0 if all are negative), less 0.1.
	scores      []float64
	userDefined []bool
	unknown     float32 // score of a character that is no piece
}

func newUnigram(v *vocab) (*unigram, error) {
	u := &unigram{scores: make([]float64, len(v.pieces)), userDefined: make([]bool, len(v.pieces))}
	lowest, highest := float32(math.MaxFloat32), float32(0)
	for _, p := range v.pieces {
		if p.typ == Normal {
			lowest, highest = min(lowest, p.score), max(highest, p.score)
		}
	}
	u.unknown = lowest - unknownPenalty
	var entries []trieEntry
	total := 0
	for i, p := range v.pieces {
		switch p.typ {
		case Normal:
			u.scores[i] = float64(p.score)
		case UserDefined:
			u.scores[i] = float64(float32(len(p.text))*highest) - 0.1
			u.userDefined[i] = true
		default:
			continue
		}
		entries = append(entries, trieEntry{p.text, int32(i), kindSymbol, int32(i)})
		total += len(p.text)
	}
	if len(v.matchable) == 0 {
		return nil, errors.New("the model has no pieces but control, byte and unknown ones")
	}
	if total > maxTrieBytes {
		return nil, fmt.Errorf("the pieces hold %d bytes of text; at most %d are supported in a unigram model", total, maxTrieBytes)
	}
	u.trie = newPieceTrie(entries)
	return u, nil
}

// lattice holds, for the part of the text that is not yet decided, the best way
// to reach each position. Positions count from the start of the part.
type lattice struct {
	ends []arrival
	path []arrival // of one part, last piece first
}

// arrival is the last piece on the best path to a position.
type arrival struct {
	score float32 // of the path from the start of the text
	id    int32   // -1 for an unknown character
	size  int32   // bytes of the piece; 0 when no path is known yet
}

const unknownArrival = -1

// segment goes through the characters and offers every piece that starts there
// to the position where it ends. Where no piece crosses a position, every path
// goes through it and what is before is decided; so memory is bounded by the
// longest stretch of overlapping pieces, and time by the text times the longest
// match.
func (u *unigram) segment(s *scratch, match *prefixMatcher) {
	text, l := s.norm, &s.best
	l.ends = append(l.ends[:0], arrival{})
	start := 0
	for pos := 0; pos < len(text); {
		if last := pos - start; last == len(l.ends)-1 {
			l.emit(&s.out, text[start:pos])
			l.ends[0] = arrival{score: l.ends[last].score}
			l.ends, start = l.ends[:1], pos
		}
		_, size := utf8.DecodeRune(text[pos:])
		u.extend(l, text[pos:], pos-start, size, match)
		pos += size
	}
	l.emit(&s.out, text[start:])
}

// extend offers all pieces at the start of rest, whose position is at and whose
// first character has size bytes.
func (u *unigram) extend(l *lattice, rest []byte, at, size int, match *prefixMatcher) {
	here, node, single := l.ends[at].score, int32(0), false
	for i, b := range rest {
		if node = u.trie.child(node, b); node < 0 {
			break
		}
		if u.trie.kind(node) == kindNone {
			continue
		}
		id := u.trie.values[node]
		if u.userDefined[id] && !match.has(id) {
			continue
		}
		length := i + 1
		single = single || length == size
		end, score := l.at(at+length), u.scores[id]+float64(here)
		if end.size == 0 || score > float64(end.score) {
			*end = arrival{float32(score), id, int32(length)}
		}
	}
	if single {
		return
	}
	end, score := l.at(at+size), u.unknown+here
	if end.size == 0 || score > end.score {
		*end = arrival{score, unknownArrival, int32(size)}
	}
}

// at returns the arrival at a position, which may be new.
func (l *lattice) at(pos int) *arrival {
	for len(l.ends) <= pos {
		l.ends = append(l.ends, arrival{})
	}
	return &l.ends[pos]
}

// emit gives the best path to the end of text to out.
func (l *lattice) emit(out *emitter, text []byte) {
	l.path = l.path[:0]
	for pos := len(text); pos > 0; {
		a := l.ends[pos]
		l.path = append(l.path, a)
		pos -= int(a.size)
	}
	for i := len(l.path) - 1; i >= 0; i-- {
		a := l.path[i]
		if a.id == unknownArrival {
			out.unknown(text[:a.size])
		} else {
			out.piece(a.id)
		}
		text = text[a.size:]
	}
}
