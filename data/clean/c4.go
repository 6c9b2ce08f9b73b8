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
func (c *Cleaner) c4Rule(line string) string {
	keep := c.cfg.BoilerplateKeep
	last, _ := utf8.DecodeLastRuneInString(line)
	switch {
	case len(line) > c4LongestWord && longWord(line) && !slices.Contains(keep, c4LongWord):
		return c4LongWord
	case (!strings.ContainsRune(c4Ends, last) || strings.HasSuffix(line, "...")) && !slices.Contains(keep, c4Terminal):
		return c4Terminal
	case !threeWords(line) && !slices.Contains(keep, c4Words):
		return c4Words
	}
	c.fold = lowerASCII(c.fold[:0], line)
	if bytes.Contains(c.fold, []byte("javascript")) && !slices.Contains(keep, c4JavaScript) {
		return c4JavaScript
	}
	if holdsPolicy(c.fold) && !slices.Contains(keep, c4Policy) {
		return c4Policy
	}
	return ""
}

// c4LongestWord is the length of the longest word that C4 allows.
const c4LongestWord = 1000

// longWord tells whether line has a word of more characters. Text in Han and
// Kana has no long words.
func longWord(line string) bool {
	chars := 0
	for _, r := range line {
		if unicode.IsSpace(r) || isSyllable(r) {
			chars = 0
		} else if chars++; chars > c4LongestWord {
			return true
		}
	}
	return false
}

// threeWords tells whether line has at least three words.
func threeWords(line string) bool {
	words, inside := 0, false
	for _, r := range line {
		switch {
		case unicode.IsSpace(r):
			inside = false
			continue
		case isSyllable(r):
			words++
			inside = true // a mark behind it is no word
		case !inside:
			words++
			inside = true
		}
		if words >= 3 {
			return true
		}
	}
	return false
}

// isSyllable tells whether r is a Han or Kana character.
func isSyllable(r rune) bool {
	return r >= 0x3040 && r <= 0x30ff || r >= hanFirst && r <= hanLast || r >= 0x20000 && r <= 0x323af
}

func lowerASCII(dst []byte, s string) []byte {
	dst = append(dst, s...)
	for i, b := range dst {
		if b >= 'A' && b <= 'Z' {
			dst[i] = b | 0x20
		}
	}
	return dst
}

// holdsPolicy looks for c4Policies, and for the words that they have in common
// first.
func holdsPolicy(fold []byte) bool {
	if !bytes.Contains(fold, []byte("cookie")) && !bytes.Contains(fold, []byte("policy")) && !bytes.Contains(fold, []byte("terms of")) {
		return false
	}
	return slices.ContainsFunc(c4Policies, func(p string) bool { return bytes.Contains(fold, []byte(p)) })
}
