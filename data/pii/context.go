package pii

import (
	"strings"
	"unicode/utf8"
)

// maxGap is how many separators may stand between a word and its value.
const maxGap = 6

// behindAny tells whether one of the words stands before byte i, with nothing
// between but blanks and marks such as a colon, and the words "is" and 是. ASCII
// words match in either case, and not as the end of a longer word; a word that
// ends in / matches as it is, without a gap.
func (s *scan) behindAny(i int, words []string) bool {
	end := s.gapBefore(i)
	if before := s.text[:end]; strings.HasSuffix(before, "是") || strings.HasSuffix(before, "为") {
		end = s.gapBefore(end - len("是"))
	} else if strings.HasSuffix(before, " is") {
		end = s.gapBefore(end - len("is"))
	}
	for _, w := range words {
		if s.endsWith(end, w) || strings.HasSuffix(w, "/") && s.endsWith(i, w) {
			return true
		}
	}
	return false
}

// gapBefore returns where the separators before byte i begin.
func (s *scan) gapBefore(i int) int {
	for range maxGap {
		switch s.byteAt(i - 1) {
		case ' ', '\t', ':', '=', '#', '"', '\'', '(', '[', '*', '|', '`', '.':
			i--
			continue
		}
		r, n := utf8.DecodeLastRuneInString(s.text[:i])
		switch r {
		case '：', '（', '【', '“', '，', '　', '＝':
			i -= n
			continue
		}
		break
	}
	return i
}

func (s *scan) endsWith(end int, word string) bool {
	start := end - len(word)
	if start < 0 || !strings.EqualFold(s.text[start:end], word) {
		return false
	}
	return !is(word[0], clLetter) || start == 0 || !is(s.text[start-1], clLetter)
}

// inURL tells whether byte i lies in a URL or path: a slash, ? or & stands before
// it in the same run of printable ASCII characters.
func (s *scan) inURL(i int) bool {
	for j := i - 1; j >= 0 && i-j < 200; j-- {
		switch c := s.text[j]; {
		case c <= ' ' || c >= 0x7f || c == '"' || c == '\'' || c == '<' || c == '>' || c == '(' || c == ',' || c == ';' || c == '|':
			return false
		case c == '/' || c == '?' || c == '&':
			return true
		}
	}
	return false
}
