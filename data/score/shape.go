package score

import (
	"slices"
	"unicode/utf8"
)

// shape is what flags are made from. Characters are counted without blanks.
type shape struct {
	chars, other, letters, capitals, han int
}

func (s *shape) add(t shape) {
	s.chars += t.chars
	s.other += t.other
	s.letters += t.letters
	s.capitals += t.capitals
	s.han += t.han
}

// foldOf tells of each ASCII byte what a normalised text has for it, and how it
// counts.
var foldOf = func() (t [128]struct{ to, keep, other, letter, capital uint8 }) {
	for i := range t {
		b := byte(i)
		t[i].to = lower(b)
		switch asciiClass[b] {
		case classBlank, classNewline:
			continue
		case classLetter:
			t[i].letter = 1
			if b != t[i].to {
				t[i].capital = 1
			}
		case classDigit:
		default:
			t[i].other = 1
		}
		t[i].keep = 1
	}
	return t
}()

// shape counts the characters of a text but blanks, by kind, and appends to fold
// what identifies it: the text without blanks and in ASCII lower case.
func (e *Extractor) shape(s string) (sh shape) {
	n := len(e.fold)
	fold := e.fold[:n+len(s)]
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			k := &foldOf[b]
			fold[n] = k.to
			n += int(k.keep)
			sh.chars += int(k.keep)
			sh.other += int(k.other)
			sh.letters += int(k.letter)
			sh.capitals += int(k.capital)
			i++
			continue
		}
		if hanAt(s, i) != 0 {
			sh.han++
			sh.letters++
			sh.chars++
			fold[n], fold[n+1], fold[n+2] = s[i], s[i+1], s[i+2]
			n += 3
			i += 3
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch c := classOf(r); c {
		case classBlank:
			i += size
			continue
		case classSymbol, classPunct, classJoiner:
			sh.other++
		case classHan:
			sh.han++
			sh.letters++
		case classDigit, classMark:
		default:
			sh.letters++
		}
		sh.chars++
		n += copy(fold[n:], s[i:i+size])
		i += size
	}
	e.fold = fold[:n]
	return sh
}

// flags finds the flags of a trimmed text, which stands at start..end-1.
func (e *Extractor) flags(text string, start, end int, s shape, least int) (g ParagraphFlags) {
	last, _ := utf8.DecodeLastRuneInString(text)
	if s.chars < least {
		g |= ParagraphShort
	}
	if !closes(text, last) {
		g |= ParagraphUnfinished
	}
	if s.other*5 > s.chars*2 {
		g |= ParagraphSymbols
	}
	if s.letters >= 10 && s.capitals*2 > s.letters {
		g |= ParagraphCapitals
	}
	if first, _ := utf8.DecodeRuneInString(text); bullet(first) {
		g |= ParagraphList
	}
	if e.isBoilerplate(text, start, end, last) {
		g |= ParagraphBoilerplate
	}
	return g
}

// closes tells whether a text whose last character is last ends like a
// sentence, closing brackets behind the mark included.
func closes(text string, last rune) bool {
	for closer(last) && !terminal(last) {
		_, n := utf8.DecodeLastRuneInString(text)
		if text = text[:len(text)-n]; text == "" {
			return false
		}
		last, _ = utf8.DecodeLastRuneInString(text)
	}
	return terminal(last)
}

// isBoilerplate tells whether the short text, at start..end-1, holds what C4
// drops lines for, or ends like a teaser.
func (e *Extractor) isBoilerplate(text string, start, end int, last rune) bool {
	if len(text) >= 400 {
		return false
	}
	if teaser(text, last) {
		return true
	}
	if len(e.marks) == 0 {
		return false
	}
	i, _ := slices.BinarySearch(e.marks, int32(start))
	if i == len(e.marks) || int(e.marks[i]) >= end {
		return false
	}
	var scratch Features
	return e.boilerplate(&scratch, text)
}
