package clean

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The names of C4's line rules (Raffel et al. 2020), as datatrove reads them.
const (
	c4LongWord   = "c4_long_word"  // a word of over 1,000 characters
	c4Terminal   = "c4_terminal"   // no punctuation mark at the end, or an ellipsis
	c4Words      = "c4_words"      // fewer than three words
	c4JavaScript = "c4_javascript" // asks for JavaScript
	c4Policy     = "c4_policy"     // speaks of cookies or terms of use
)

var c4Names = []string{c4LongWord, c4Terminal, c4Words, c4JavaScript, c4Policy}

// c4Policies are C4's marks of legal notices.
var c4Policies = []string{"terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"}

// c4Ends are the marks that may end a line: C4's and those of other scripts.
const c4Ends = ".?!\"'" + "。？！”’」』．｡؟۔।॥։።"

// c4Rule returns the name of the first of C4's rules that drops line, but for
// those in keep. Han and Kana characters count as a word each.
func c4Rule(line string, keep []string) string {
	words, longest := c4Count(line)
	last, _ := utf8.DecodeLastRuneInString(line)
	switch {
	case longest > 1000 && !slices.Contains(keep, c4LongWord):
		return c4LongWord
	case (!strings.ContainsRune(c4Ends, last) || strings.HasSuffix(line, "...")) && !slices.Contains(keep, c4Terminal):
		return c4Terminal
	case words < 3 && !slices.Contains(keep, c4Words):
		return c4Words
	}
	fold := bytes.ToLower([]byte(line))
	if bytes.Contains(fold, []byte("javascript")) && !slices.Contains(keep, c4JavaScript) {
		return c4JavaScript
	}
	for _, p := range c4Policies {
		if bytes.Contains(fold, []byte(p)) && !slices.Contains(keep, c4Policy) {
			return c4Policy
		}
	}
	return ""
}

// c4Count counts words and the characters of the longest. Text in Han and Kana
// has no long words.
func c4Count(line string) (words, longest int) {
	chars, wide := 0, false
	for _, r := range line {
		switch {
		case unicode.IsSpace(r):
			chars, wide = 0, false
			continue
		case r >= 0x3040 && r <= 0x30ff || r >= hanFirst && r <= hanLast || r >= 0x20000 && r <= 0x323af:
			words++
			chars, wide = 0, true
			continue
		}
		if chars == 0 && !wide {
			words++
		}
		chars++
		longest = max(longest, chars)
	}
	return words, longest
}
