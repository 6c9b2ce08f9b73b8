package lang

import (
	"strings"
	"unicode/utf8"
)

// windows appends to dst the parts of text that are looked at: all of it, or
// its first, middle and last n bytes, cut where characters begin and, if a blank
// is near, where words do.
func windows(dst []string, text string, n int) []string {
	if len(text) <= 3*n {
		return append(dst, text)
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
