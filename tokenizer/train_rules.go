package tokenizer

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	spaceRune = '\u2581'
	// boundaryRune stands between the parts of a line that a special piece
	// separated. It is a noncharacter, so that no text loses anything by it:
	// SentencePiece before 0.2 took the tab, and learnt none.
	boundaryRune = '\uFDD0'
	anyScript    = int16(-1)
)

// pieceRules decides which strings may become pieces.
type pieceRules struct {
	cfg       TrainConfig
	scripts   []uint8 // per rune; 0 is Common
	han       int16
	inherited int16
}

func newPieceRules(cfg TrainConfig) *pieceRules {
	r := &pieceRules{cfg: cfg, scripts: make([]uint8, unicode.MaxRune+1)}
	names := make([]string, 0, len(unicode.Scripts))
	for name := range unicode.Scripts {
		if name != "Common" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	number := make(map[string]uint8)
	for i, name := range names {
		number[name] = uint8(i + 1)
	}
	// Japanese and Chinese share one script here: a word may mix them.
	number["Hiragana"], number["Katakana"] = number["Han"], number["Han"]
	for _, name := range names {
		r.fill(unicode.Scripts[name], number[name])
	}
	r.scripts['\u30FC'] = number["Han"] // the long vowel mark is Common in Unicode
	r.han, r.inherited = int16(number["Han"]), int16(number["Inherited"])
	return r
}

func (r *pieceRules) fill(table *unicode.RangeTable, number uint8) {
	for _, x := range table.R16 {
		for c := uint32(x.Lo); c <= uint32(x.Hi); c += uint32(x.Stride) {
			r.scripts[c] = number
		}
	}
	for _, x := range table.R32 {
		for c := x.Lo; c <= x.Hi; c += x.Stride {
			r.scripts[c] = number
		}
	}
}

func isDecimal(c rune) bool {
	return c >= '0' && c <= '9' || c >= '０' && c <= '９'
}

// script returns the script of c for the rule that pieces hold one script.
func (r *pieceRules) script(c rune, prev int16) int16 {
	s := int16(r.scripts[c])
	if s == r.inherited {
		s = prev
	}
	if !r.cfg.SplitByNumber && isDecimal(c) {
		s = anyScript
	}
	return s
}

// valid reports whether left+right may be a piece. It is SentencePiece's rule.
func (r *pieceRules) valid(left, right []rune) bool {
	n := len(left) + len(right)
	if n > r.cfg.MaxSentencepieceLength {
		return false
	}
	at := func(i int) rune {
		if i < len(left) {
			return left[i]
		}
		return right[i-len(left)]
	}
	allSpace := true
	for i := 0; i < n && allSpace; i++ {
		allSpace = at(i) == spaceRune
	}
	prev := anyScript
	for i := range n {
		c := at(i)
		switch {
		case c == 0 || c == ' ' || c == boundaryRune || c == '\n':
			return false
		case c == spaceRune:
			if (!allSpace || !r.cfg.AllowWhitespaceOnlyPieces) && !r.spaceAllowed(i, n) {
				return false
			}
		case r.cfg.SplitDigits && isDecimal(c) && n > 1:
			return false
		default:
			s := r.script(c, prev)
			if r.cfg.SplitByUnicodeScript && s != anyScript && prev != anyScript && s != prev {
				return false
			}
			prev = s
		}
	}
	return true
}

// spaceAllowed reports whether a space may stand at position i of n.
func (r *pieceRules) spaceAllowed(i, n int) bool {
	if r.cfg.TreatWhitespaceAsSuffix {
		if r.cfg.SplitByWhitespace {
			return i == n-1
		}
		return i == n-1 || i != 0
	}
	if r.cfg.SplitByWhitespace {
		return i == 0
	}
	return i == 0 || i != n-1
}

// mayJoin reports whether some valid piece could hold a directly before b. A
// line is cut into words wherever the answer is no, which changes no count.
func (r *pieceRules) mayJoin(a, b rune) bool {
	if r.cfg.SplitDigits && (isDecimal(a) || isDecimal(b)) {
		return false
	}
	if a == spaceRune || b == spaceRune {
		switch {
		case a == b:
			return r.cfg.AllowWhitespaceOnlyPieces || !r.cfg.SplitByWhitespace
		case !r.cfg.SplitByWhitespace:
			return true
		case r.cfg.TreatWhitespaceAsSuffix:
			return b == spaceRune
		default:
			return a == spaceRune
		}
	}
	if !r.cfg.SplitByUnicodeScript {
		return true
	}
	s, t := int16(r.scripts[a]), int16(r.scripts[b])
	if s == t || s == r.inherited || t == r.inherited {
		return true
	}
	return !r.cfg.SplitByNumber && (isDecimal(a) || isDecimal(b))
}

// words cuts text at every place no piece can cross and calls f with the parts
// of two characters or more. Boundary marks are dropped.
func (r *pieceRules) words(text string, f func(word string)) {
	start, count := 0, 0
	prev := rune(boundaryRune)
	flush := func(end int) {
		if count > 1 {
			f(text[start:end])
		}
	}
	for i, c := range text {
		blocked := c == boundaryRune || c == 0 || c == ' '
		if blocked || count > 0 && !r.mayJoin(prev, c) {
			flush(i)
			start, count = i, 0
		}
		if blocked {
			start = i + utf8.RuneLen(c)
			continue
		}
		prev = c
		count++
	}
	flush(len(text))
}
