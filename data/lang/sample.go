package lang

import (
	"strings"
	"unicode/utf8"
)

// onePart is the length up to which a text is judged in one piece.
const onePart = 1500

// windows appends to dst the parts of text that are looked at: all of it, in
// thirds unless it is short, or its first, middle and last n bytes. Cuts are
// where characters begin and, if a blank is near, where words do.
func windows(dst []string, text string, n int) []string {
	if len(text) <= onePart {
		return append(dst, text)
	}
	if len(text) <= 3*n {
		n = len(text) / 3
	}
	middle := (len(text) - n) / 2
	return append(dst, cut(text, 0, n), cut(text, middle, middle+n), cut(text, len(text)-n, len(text)))
}

// cut returns about text[start:end] without pieces of characters or words.
func cut(text string, start, end int) string {
	for start > 0 && start < end && !utf8.RuneStart(text[start]) {
		start++
	}
	for end < len(text) && end > start && !utf8.RuneStart(text[end]) {
		end--
	}
	const near = 64
	s := text[start:end]
	if start > 0 && len(s) > near {
		if i := strings.IndexAny(s[:near], " \n"); i >= 0 {
			s = s[i+1:]
		}
	}
	if end < len(text) && len(s) > near {
		if i := strings.LastIndexAny(s[len(s)-near:], " \n"); i >= 0 {
			s = s[:len(s)-near+i]
		}
	}
	return s
}
