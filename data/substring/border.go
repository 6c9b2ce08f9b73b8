package substring

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutter shrinks ranges of one text to where it may be cut.
type cutter struct {
	text   string
	border func(text string, at int) bool
	atoms  []Span // parts that go whole or not at all, ascending
	tidy   func(text string, s Span) Span
}

func newCutter(text, where string) cutter {
	switch where {
	case CutExact:
		return cutter{text: text, border: charBorder}
	case CutWord:
		return cutter{text: text, border: wordBorder, tidy: partWords}
	}
	return cutter{text: text, border: sentenceBorder, atoms: atoms(text), tidy: partLines}
}

// shrink moves the ends of s inwards until the text may be cut at both; ok is
// false when nothing is left.
func (c cutter) shrink(s Span) (_ Span, ok bool) {
	for s.Start < s.End && !c.may(int(s.Start)) {
		s.Start++
	}
	for s.Start < s.End && !c.may(int(s.End)) {
		s.End--
	}
	if c.tidy != nil && s.Start < s.End {
		s = c.tidy(c.text, s)
	}
	for s.Start < s.End && !c.may(int(s.Start)) {
		s.Start++
	}
	return s, s.Start < s.End
}

func (c cutter) may(at int) bool {
	if !c.border(c.text, at) {
		return false
	}
	i := sort.Search(len(c.atoms), func(i int) bool { return int(c.atoms[i].End) > at })
	return i == len(c.atoms) || int(c.atoms[i].Start) >= at
}

// partWords leaves a blank between what comes together without the range.
func partWords(text string, s Span) Span {
	before, _ := utf8.DecodeLastRuneInString(text[:s.Start])
	after, _ := utf8.DecodeRuneInString(text[s.End:])
	if s.Start > 0 && int(s.End) < len(text) && inWord(before) && inWord(after) {
		_, n := utf8.DecodeRuneInString(text[s.Start:s.End])
		s.Start += int32(n)
	}
	return s
}

// partLines leaves a line end between what comes together without the range, if
// there was one.
func partLines(text string, s Span) Span {
	lineEnd := text[s.Start] == '\n' && (s.Start == 0 || text[s.Start-1] != '\n')
	lineStart := s.Start == 0 || text[s.Start-1] == '\n'
	endsLine := int(s.End) == len(text) || text[s.End] == '\n'
	switch {
	case lineEnd && !endsLine:
		s.Start++
	case !lineEnd && !lineStart && !endsLine && text[s.End-1] == '\n':
		s.End--
	}
	return s
}

// charBorder tells whether no character is cut at that place. Bytes that are no
// UTF-8 are characters of their own where they begin one.
func charBorder(text string, at int) bool {
	return at == 0 || at == len(text) || utf8.RuneStart(text[at])
}

// wordBorder tells whether no word is cut there: the characters on both sides are
// not both of words, and the second does not modify the first. Scripts that write
// no blanks between words may be cut between any two characters.
func wordBorder(text string, at int) bool {
	if at == 0 || at == len(text) {
		return true
	}
	if !utf8.RuneStart(text[at]) {
		return false
	}
	after, _ := utf8.DecodeRuneInString(text[at:])
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	if unicode.Is(unicode.M, after) || after == '\u200d' || before == '\u200d' {
		return false
	}
	return !(inWord(before) && inWord(after))
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '\''
	}
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || r == '’') && !unspaced(r)
}

// unspaced tells whether a script has no blanks between words.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// sentenceBorder tells whether a sentence or a line begins at that place, or a
// line ends there.
func sentenceBorder(text string, at int) bool {
	if at == 0 || at == len(text) {
		return true
	}
	if !utf8.RuneStart(text[at]) {
		return false
	}
	switch {
	case text[at] == '\n':
		return text[at-1] == '\n' || !wrapped(text, at)
	case text[at-1] == '\n':
		return !wrapped(text, at-1)
	}
	after, _ := utf8.DecodeRuneInString(text[at:])
	if blank(after) || closing(after) || terminal(after) {
		return false
	}
	return sentenceEnd(strings.TrimRightFunc(text[:at], blank), text[at:], blankBefore(text, at))
}

func blankBefore(text string, at int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:at])
	return blank(r)
}

// sentenceEnd tells whether the text before, which ends in no blank, ends with a
// sentence when it is followed by rest, with blanks between or not.
func sentenceEnd(before, rest string, blanks bool) bool {
	before = strings.TrimRightFunc(before, closing)
	last, n := utf8.DecodeLastRuneInString(before)
	switch last {
	case '。', '！', '？', '．', '｡':
		return true
	case '!', '?':
		return blanks
	case '.':
		next, _ := utf8.DecodeRuneInString(rest)
		return blanks && !unicode.IsLower(next) && !abbreviation(before[:len(before)-n])
	}
	return false
}

// abbreviations are words whose full stop ends no sentence before a capital.
var abbreviations = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "dr": true, "prof": true, "st": true, "vs": true, "fig": true, "figs": true, "no": true,
	"vol": true, "al": true, "eq": true, "sec": true, "gen": true, "sen": true, "rep": true, "gov": true, "cf": true, "approx": true,
}

// abbreviation tells whether the last word of s, before its full stop, is an
// initial, an abbreviation or the number of an item.
func abbreviation(s string) bool {
	rest := strings.TrimRightFunc(s, func(r rune) bool { return inWord(r) || r == '.' })
	word := s[len(rest):]
	if digits(word) {
		line := rest[strings.LastIndexByte(rest, '\n')+1:]
		return strings.TrimFunc(line, blank) == ""
	}
	first, n := utf8.DecodeRuneInString(word)
	return word != "" && n == len(word) && unicode.IsLetter(first) || strings.Contains(word, ".") || abbreviations[strings.ToLower(word)]
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// wrapped tells whether the line end at text[at] is inside of something: a
// sentence broken to keep lines short, which ends as no sentence does while the
// next line goes on; a command, a list or a block of a program.
func wrapped(text string, at int) bool {
	line := strings.TrimRightFunc(text[strings.LastIndexByte(text[:at], '\n')+1:at], blank)
	if line == "" {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(line)
	next := strings.TrimLeftFunc(text[at+1:], blank)
	first, _ := utf8.DecodeRuneInString(next)
	if next == "" || first == '\n' {
		return last == '\\'
	}
	if strings.ContainsRune("\\([{", last) || strings.ContainsRune(")]}", first) {
		return true
	}
	if !(inWord(last) || unspaced(last) || strings.ContainsRune(",;-，、；", last)) {
		return false
	}
	width := columns(line)
	switch {
	case unicode.IsLower(first):
		return width >= 30
	case unicode.IsDigit(first):
		item := strings.TrimLeft(next, "0123456789")
		return width >= 60 && width <= 120 && !strings.HasPrefix(item, ".") && !strings.HasPrefix(item, ")")
	case unicode.IsLetter(first) || strings.ContainsRune("(\"'`", first):
		return width >= 60 && width <= 120
	}
	return false
}

// columns is the width of a line on a screen.
func columns(s string) (n int) {
	for _, r := range s {
		if n++; unspaced(r) {
			n++
		}
	}
	return n
}

func blank(r rune) bool { return r == ' ' || r == '\t' || r == '\u3000' || r == '\u00a0' || r == '\r' }

func terminal(r rune) bool { return strings.ContainsRune(".!?。！？．｡…", r) }

func closing(r rune) bool { return strings.ContainsRune("\"')]}”’）】》」』〉〕＂", r) }
