package charset

import (
	"bytes"
	"unicode/utf8"
)

// Detect decides the encoding of a text by its first [Window] bytes, or, when
// these are ASCII, by the window from the first byte that is not. The label is
// what is declared, or ""; a label that is not known is passed over. more says
// that b is only the beginning, so that a character cut off at its end does not
// count against it.
func Detect(b []byte, label string, more bool) (Decision, error) {
	if d, n := bom(b); n > 0 {
		return d, nil
	}
	if d, ok := utf16ByNUL(b); ok {
		return d, nil
	}
	start := firstHigh(b)
	if start < 0 { // ASCII, unless it is an encoding with escapes
		return decideASCII(b, label), nil
	}
	w, cut := b, more
	if len(b) > Window {
		from := max(0, min(start-Window/2, len(b)-Window))
		if start < Window {
			from = 0
		}
		w, cut = b[from:from+Window], true
	}
	good, bad := countUTF8(w, cut)
	if bad == 0 || good >= 8*bad {
		if bad > 0 || len(w) < len(b) && !utf8.Valid(b) {
			return Decision{UTF8, Damaged}, nil
		}
		return Decision{UTF8, Valid}, nil
	}
	sample := highSample(w)
	if name, err := Lookup(label); label != "" && err == nil && name != UTF8 && decodes(name, w, sample) {
		return Decision{name, Declared}, nil
	}
	if d, ok := bestOf(w, sample); ok {
		return d, nil
	}
	if bad*50 <= len(w) {
		return Decision{UTF8, Damaged}, nil
	}
	return Decision{}, ErrUnknown
}

// decideASCII honours a declared encoding under which ASCII bytes are not all
// ASCII characters, and recognises these; every other one agrees with UTF-8.
func decideASCII(b []byte, label string) Decision {
	mark := mayEscape(b)
	if mark < 0 {
		return Decision{UTF8, Valid}
	}
	if name, err := Lookup(label); label != "" && err == nil && (Decision{Name: name}).Escaped() {
		return Decision{name, Declared}
	}
	if name := escaped(b[mark:]); name != "" {
		return Decision{name, Detected}
	}
	return Decision{UTF8, Valid}
}

// firstHigh is the position of the first byte that is not ASCII, or -1.
func firstHigh(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}

// countUTF8 counts the characters beyond ASCII and the bytes that are not part
// of one. With cut, a sequence cut off at the beginning or end does not count.
func countUTF8(b []byte, cut bool) (good, bad int) {
	if cut {
		for n := 0; n < 3 && len(b) > 0 && !utf8.RuneStart(b[0]); n++ {
			b = b[1:]
		}
	}
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		c, n := utf8.DecodeRune(b)
		switch {
		case c != utf8.RuneError || n > 1:
			good++
		case cut && len(b) < utf8.UTFMax && !utf8.FullRune(b):
			return good, bad
		default:
			bad++
		}
		b = b[n:]
	}
	return good, bad
}

// utf16ByNUL recognises UTF-16 without a mark in text with NUL bytes: they come
// from ASCII characters, and from a few others such as U+4E00.
func utf16ByNUL(b []byte) (Decision, bool) {
	b = b[:min(len(b), Window)&^1]
	if len(b) < 4 || bytes.IndexByte(b, 0) < 0 {
		return Decision{}, false
	}
	for _, name := range []string{UTF16LE, UTF16BE} {
		if d := (Decision{name, Detected}); fit16(d, b) {
			return d, true
		}
	}
	return Decision{}, false
}

// fit16 decodes a sample as UTF-16 and asks whether it is text: ASCII letters
// and the frequent characters of Chinese, without unpaired surrogates.
func fit16(d Decision, b []byte) bool {
	out, err := d.decode(b[:min(len(b), 8<<10)])
	if err != nil {
		return false
	}
	fit, all, broken := 0, 0, 0
	for _, r := range string(out) {
		all++
		switch {
		case r == utf8.RuneError, r < ' ' && r != '\n' && r != '\r' && r != '\t', r >= 0xe000 && r < 0xf900:
			broken++
		case r < 0x250, tables().class[r] != 0, r >= 0x400 && r < 0x500, cjkPunctuation(r):
			fit++
		}
	}
	return broken <= 1 && 2*fit >= all && all >= 2
}

// highSample gathers the lines that hold bytes beyond ASCII, up to 16 KiB, so
// that a page of markup with little text is judged by the text.
func highSample(w []byte) []byte {
	const enough = 16 << 10
	var out []byte
	for len(w) > 0 && len(out) < enough {
		line := w
		if i := bytes.IndexByte(w, '\n'); i >= 0 {
			line = w[:i+1]
		}
		w = w[len(line):]
		if firstHigh(line) >= 0 {
			out = append(out, line[:min(len(line), enough-len(out))]...)
		}
	}
	return out
}

// decodes tells whether a text is one in the declared encoding: of its
// characters beyond ASCII no more than one in fifty is invalid.
func decodes(name string, w, sample []byte) bool {
	d := Decision{Name: name}
	if d.Wide() {
		return len(w) >= 4 && fit16(d, w[:len(w)&^1])
	}
	out, err := d.decode(sample)
	if err != nil {
		return false
	}
	high, bad := 0, 0
	for _, r := range string(out) {
		if r >= utf8.RuneSelf {
			high++
		}
		if r == utf8.RuneError || r >= 0x80 && r < 0xa0 {
			bad++
		}
	}
	return high > 0 && (bad-1)*50 <= high
}
