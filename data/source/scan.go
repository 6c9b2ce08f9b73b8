package source

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The scanner takes the few fields of an object that are wanted out of its text
// in one pass, checking the syntax of the rest on the way. encoding/json, which
// builds a map of all fields, takes ten times as long. What the scanner does not
// accept, encoding/json judges; they agree (see FuzzScan).

// maxNesting is the limit of encoding/json.
const maxNesting = 10000

// scanObject calls member for the members of a JSON object, with the text of each
// value. ok is false if raw is not one object in valid syntax. Raw must be UTF-8.
func scanObject(raw []byte, member func(key, value []byte)) (ok bool) {
	i := skipBlank(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return false
	}
	if i = skipBlank(raw, i+1); i < len(raw) && raw[i] == '}' {
		return skipBlank(raw, i+1) == len(raw)
	}
	for i < len(raw) && raw[i] == '"' {
		end := scanString(raw, i+1)
		if end < 0 {
			return false
		}
		key := raw[i+1 : end-1]
		if i = skipBlank(raw, end); i >= len(raw) || raw[i] != ':' {
			return false
		}
		start := skipBlank(raw, i+1)
		if i = scanValue(raw, start, 1); i < 0 {
			return false
		}
		member(plainKey(key), raw[start:i])
		if i = skipBlank(raw, i); i >= len(raw) {
			return false
		}
		if raw[i] == '}' {
			return skipBlank(raw, i+1) == len(raw)
		}
		if raw[i] != ',' {
			return false
		}
		i = skipBlank(raw, i+1)
	}
	return false
}

// plainKey undoes the escapes of a key, which are rare.
func plainKey(key []byte) []byte {
	if bytes.IndexByte(key, '\\') >= 0 {
		return []byte(unescape(key))
	}
	return key
}

func skipBlank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// scanValue returns the end of the value at i, or -1.
func scanValue(b []byte, i, depth int) int {
	if i >= len(b) {
		return -1
	}
	switch c := b[i]; c {
	case '"':
		return scanString(b, i+1)
	case '{', '[':
		return scanNested(b, i, depth+1)
	case 't':
		return scanWord(b, i, "true")
	case 'f':
		return scanWord(b, i, "false")
	case 'n':
		return scanWord(b, i, "null")
	}
	return scanNumber(b, i)
}

func scanWord(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// scanNested returns the end of an object or array.
func scanNested(b []byte, i, depth int) int {
	if depth > maxNesting {
		return -1
	}
	object := b[i] == '{'
	closing := b[i] + 2 // } follows | follows {, ] follows \ follows [
	if i = skipBlank(b, i+1); i < len(b) && b[i] == closing {
		return i + 1
	}
	for i < len(b) {
		if object {
			if b[i] != '"' {
				return -1
			}
			if i = scanString(b, i+1); i < 0 {
				return -1
			}
			if i = skipBlank(b, i); i >= len(b) || b[i] != ':' {
				return -1
			}
			i = skipBlank(b, i+1)
		}
		if i = scanValue(b, i, depth); i < 0 {
			return -1
		}
		if i = skipBlank(b, i); i >= len(b) {
			return -1
		}
		if b[i] == closing {
			return i + 1
		}
		if b[i] != ',' {
			return -1
		}
		i = skipBlank(b, i+1)
	}
	return -1
}

// scanNumber returns the end of a number.
func scanNumber(b []byte, i int) int {
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// scanString returns the place behind the closing quote of a string whose
// content begins at i, or -1. It looks at eight bytes at once for a quote, a
// backslash or a control character (the usual test for a zero byte in a word).
func scanString(b []byte, i int) int {
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			q, s := w^(ones*'"'), w^(ones*'\\')
			if m := ((q-ones)&^q | (s-ones)&^s | (w-ones*0x20)&^w) & highs; m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			return -1
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < 0x20:
			return -1
		case c != '\\':
			i++
		case i+1 >= len(b):
			return -1
		default:
			if i = scanEscape(b, i+1); i < 0 {
				return -1
			}
		}
	}
}

// scanEscape returns the end of the escape whose second byte is at i.
func scanEscape(b []byte, i int) int {
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if len(b)-i < 5 {
			return -1
		}
		for _, c := range b[i+1 : i+5] {
			if hexDigit(c) < 0 {
				return -1
			}
		}
		return i + 5
	}
	return -1
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10
	}
	return -1
}

// unquote returns the value of a JSON string that was scanned, or ok false if raw
// is another kind of value.
func unquote(raw []byte) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	return unescape(raw[1 : len(raw)-1]), true
}

// unescape undoes the escapes of a string that was scanned. An unpaired
// surrogate becomes U+FFFD, as with encoding/json.
func unescape(b []byte) string {
	i := bytes.IndexByte(b, '\\')
	if i < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i >= 0 {
		out = append(out, b[:i]...)
		b = b[i+1:]
		n := 1
		switch c := b[0]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			n = 5
			r := codeUnit(b)
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(b) >= 11 && b[5] == '\\' && b[6] == 'u' {
					pair = utf16.DecodeRune(r, codeUnit(b[6:]))
				}
				if r = pair; pair != utf8.RuneError {
					n = 11
				}
			}
			out = utf8.AppendRune(out, r)
		default: // quote, backslash, slash
			out = append(out, c)
		}
		b = b[n:]
		i = bytes.IndexByte(b, '\\')
	}
	return string(append(out, b...))
}

// codeUnit reads the four digits behind a u.
func codeUnit(b []byte) rune {
	return hexDigit(b[1])<<12 | hexDigit(b[2])<<8 | hexDigit(b[3])<<4 | hexDigit(b[4])
}
