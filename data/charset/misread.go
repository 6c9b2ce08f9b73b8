package charset

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Misread undoes what reading a text as Latin-1 or Windows-1252 made of it when it was
// in an encoding of Chinese, Japanese, Korean or Cyrillic: ÖÐ¹úÈËÃñ becomes 中国人民.
// The decision is that of [Detect] on the bytes that the text was, for all lines
// together that hold nothing but characters of bytes. n counts the characters that are
// right now; without any, s comes back as it is, and so does text of Western languages.
func Misread(s string) (fixed string, n int) {
	if !adjacent(s) {
		return s, 0
	}
	var raw []byte
	for line := range strings.Lines(s) {
		if b, ok := latinBytes(line); ok && firstHigh(b) >= 0 {
			raw = append(raw, b...)
		}
	}
	sample := highSample(raw[:min(len(raw), Window)])
	if good, bad := countUTF8(sample, true); 2*good >= bad {
		return s, 0 // it was UTF-8, if anything
	}
	d, ok := bestOf(sample, sample)
	if !ok || !d.beyondLatin() {
		return s, 0
	}
	var out strings.Builder
	for line := range strings.Lines(s) {
		b, ok := latinBytes(line)
		if text, clean := d.Convert(b); ok && firstHigh(b) >= 0 && clean {
			line = string(text)
			for _, r := range line {
				if r >= utf8.RuneSelf {
					n++
				}
			}
		}
		out.WriteString(line)
	}
	return out.String(), n
}

// beyondLatin reports whether no language of Western Europe is in the encoding.
func (d Decision) beyondLatin() bool {
	for _, c := range candidates {
		if c.name == d.Name {
			return true
		}
	}
	for _, e := range singleByteEncodings {
		if e.name == d.Name {
			return e.group == "cyrillic" || e.group == "ukraine"
		}
	}
	return false
}

// adjacent tells quickly whether most characters beyond ASCII stand beside another, as
// no language of Western Europe writes them, and some are of Latin-1.
func adjacent(s string) bool {
	if strings.IndexByte(s, 0xc2) < 0 && strings.IndexByte(s, 0xc3) < 0 { // their first bytes
		return false
	}
	latin, high, beside := 0, 0, 0
	prev := rune(0)
	for _, r := range s {
		if r >= utf8.RuneSelf {
			high++
			if r < 0x100 {
				latin++
			}
			if prev >= utf8.RuneSelf {
				beside++
			}
		}
		prev = r
	}
	return latin >= 3 && beside >= 3 && 3*beside >= high
}

// latinBytes returns the bytes that Windows-1252, or Latin-1 where that has none, reads
// as the text; ok is false if there are other characters.
func latinBytes(s string) (b []byte, ok bool) {
	b = make([]byte, 0, len(s))
	for _, r := range s {
		if r < 0x100 {
			b = append(b, byte(r))
			continue
		}
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			return nil, false
		}
		b = append(b, c)
	}
	return b, true
}
