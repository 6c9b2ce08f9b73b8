package charset

import (
	"bytes"
	"unicode/utf8"
)

// Encodings that write other characters with bytes below 0x80, between marks.
const (
	ISO2022JP = "iso-2022-jp"
	HZ        = "hz-gb-2312"
)

// Escaped reports whether bytes of ASCII may be other characters in the encoding. Its
// lines stand alone: they begin and end in ASCII.
func (d Decision) Escaped() bool { return d.Name == ISO2022JP || d.Name == HZ }

// mayEscape is the place of the first mark that such an encoding begins other
// characters with, or -1.
func mayEscape(b []byte) int {
	first := -1
	for _, mark := range []string{"\x1b$", "\x1b(", "~{"} { // not "\x1b[", the colours of terminals
		if i := bytes.Index(b, []byte(mark)); i >= 0 {
			b, first = b[:i+1], i
		}
	}
	return first
}

// escaped recognises ISO-2022-JP (RFC 1468) and HZ (RFC 1843) in ASCII. The characters
// between the marks must decode and be those of running text; a "~{" of program code or
// the colours of a terminal are not.
func escaped(b []byte) string {
	b = b[:min(len(b), Window)]
	if bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@")) {
		if fitEscaped(ISO2022JP, b, japaneseFits) {
			return ISO2022JP
		}
	}
	if bytes.Contains(b, []byte("~{")) {
		if fitEscaped(HZ, b, func(r rune) bool { return tables().class[r]&simplified != 0 }) {
			return HZ
		}
	}
	return ""
}

// fitEscaped decodes line by line, so that a line cut off at the end of the sample does
// not count, and asks for the share of frequent characters.
func fitEscaped(name string, b []byte, fits func(rune) bool) bool {
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 && len(b) == Window {
		b = b[:i]
	}
	out, err := Decision{Name: name}.decode(b)
	if err != nil {
		return false
	}
	good, all, bad := 0, 0, 0
	for _, r := range string(out) {
		switch {
		case r == utf8.RuneError:
			bad++
		case r >= utf8.RuneSelf && !cjkPunctuation(r):
			if all++; fits(r) {
				good++
			}
		}
	}
	return good > 0 && float64(good) >= leastFit*float64(all) && (bad-1)*50 <= all
}
