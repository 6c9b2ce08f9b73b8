package tokenizer

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const replacementChar = "\uFFFD"

// normalizer applies a NormalizerSpec. Its output is always valid UTF-8.
type normalizer struct {
	chars       *charsmap // nil for the identity
	dummyPrefix bool
	removeExtra bool
	space       string // what stands for U+0020
	suffix      bool   // the dummy space goes to the end
	// unmark turns U+2581 into a space. Where spaces are escaped the two are one,
	// and the space is one byte instead of three; space is then " ".
	unmark bool
}

// append normalises text onto dst. Text that protect matches is copied as is
// (its spaces are still escaped).
func (n *normalizer) append(dst []byte, text string, protect *prefixMatcher) []byte {
	if n.chars == nil && !n.removeExtra {
		return n.appendIdentity(dst, text)
	}
	start, input := len(dst), []byte(text)
	if n.removeExtra {
		for len(input) > 0 {
			piece, used := n.prefix(input, protect)
			if string(piece) != " " {
				break
			}
			input = input[used:]
		}
	}
	if len(input) == 0 {
		return dst
	}
	if n.dummyPrefix && !n.suffix {
		dst = append(dst, n.space...)
	}
	prevSpace := n.removeExtra
	for len(input) > 0 {
		piece, used := n.prefix(input, protect)
		input = input[used:]
		for prevSpace && len(piece) > 0 && piece[0] == ' ' {
			piece = piece[1:]
		}
		if len(piece) > 0 {
			dst = n.appendEscaped(dst, piece)
			prevSpace = n.removeExtra && piece[len(piece)-1] == ' '
		}
	}
	if n.removeExtra {
		for len(dst) > start && bytes.HasSuffix(dst[start:], []byte(n.space)) {
			dst = dst[:len(dst)-len(n.space)]
		}
	}
	if n.dummyPrefix && n.suffix {
		dst = append(dst, n.space...)
	}
	return dst
}

// prefix normalises the start of input: the result and the bytes it used.
func (n *normalizer) prefix(input []byte, protect *prefixMatcher) (piece []byte, used int) {
	if protect.starts[input[0]] {
		if length, _ := protect.match(input); length > 0 {
			return input[:length], length
		}
	}
	if n.chars != nil {
		if r, length := n.chars.longest(input); length > 0 {
			return r, length
		}
	}
	r, size := utf8.DecodeRune(input)
	if r == utf8.RuneError && size == 1 {
		return []byte(replacementChar), 1
	}
	return input[:size], size
}

func (n *normalizer) appendEscaped(dst, piece []byte) []byte {
	from := " "
	if n.unmark {
		from = spaceMark
	}
	for {
		i := bytes.Index(piece, []byte(from))
		if i < 0 {
			return append(dst, piece...)
		}
		dst = append(append(dst, piece[:i]...), n.space...)
		piece = piece[i+len(from):]
	}
}

// appendIdentity is append without a character map and without removal of
// spaces, where protection makes no difference.
func (n *normalizer) appendIdentity(dst []byte, text string) []byte {
	if text == "" {
		return dst
	}
	if n.dummyPrefix && !n.suffix {
		dst = append(dst, n.space...)
	}
	if n.unmark && utf8.ValidString(text) && !strings.Contains(text, spaceMark) {
		dst = append(dst, text...) // what nearly every text is
	} else {
		dst = n.appendCharacters(dst, text)
	}
	if n.dummyPrefix && n.suffix {
		dst = append(dst, n.space...)
	}
	return dst
}

// appendCharacters escapes spaces and replaces bytes that are not UTF-8.
func (n *normalizer) appendCharacters(dst []byte, text string) []byte {
	copied := 0
	for i := 0; i < len(text); {
		b := text[i]
		if b < utf8.RuneSelf {
			if b == ' ' {
				dst = append(append(dst, text[copied:i]...), n.space...)
				copied = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(append(dst, text[copied:i]...), replacementChar...)
			copied = i + 1
		case n.unmark && text[i:i+size] == spaceMark:
			dst = append(append(dst, text[copied:i]...), n.space...)
			copied = i + size
		}
		i += size
	}
	return append(dst, text[copied:]...)
}
