package clean

import (
	"strings"
	"unicode/utf8"
)

// windows1252 are the characters of bytes 0x80 to 0x9f in Windows-1252; the five
// that it leaves open are the controls of Latin-1.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

// byteOf returns the byte that Windows-1252 or Latin-1 reads as r.
func byteOf(r rune) (byte, bool) {
	if r < 0x100 {
		return byte(r), true
	}
	for i, w := range windows1252 {
		if w == r {
			return byte(0x80 + i), true
		}
	}
	return 0, false
}

// repair undoes UTF-8 that was read as Windows-1252: â€™ becomes ’, Ã© becomes é.
// Pairs with a first character that hardly stands before a sign in any language
// (Ã Â, â before €, ð before Ÿ) are repaired one by one. Others, such as those
// of Cyrillic and Chinese, are repaired in runs: « né » holds the three
// characters of one Chinese character, but not those of two.
func (c *Cleaner) repair(s string) string {
	if !suspect(s) {
		return s
	}
	c.buf = c.buf[:0]
	from := 0
	for i := 0; i < len(s); {
		next := strings.IndexByte(s[i:], 0xc3)
		if next < 0 {
			break
		}
		i += next
		decoded, n, end := decodeRun(s[i:], c.fold[:0])
		c.fold = decoded[:0]
		if n == 0 {
			i += 2
			continue
		}
		c.counts.Mojibake += int64(n)
		c.buf = append(c.buf, s[from:i]...)
		c.buf = append(c.buf, decoded...)
		i += end
		from = i
	}
	if from == 0 {
		return s
	}
	c.buf = append(c.buf, s[from:]...)
	return string(c.buf)
}

// suspect tells quickly whether s holds a character (U+00C2 to U+00F4) followed
// by one that stands for a byte of 0x80 to 0xbf.
func suspect(s string) bool {
	for {
		i := strings.IndexByte(s, 0xc3)
		if i < 0 || i+2 >= len(s) {
			return false
		}
		s = s[i+2:]
		if s[0] >= 0xc2 && s[0] < 0xc3 || s[0] >= 0xc5 && s[0] <= 0xc6 || s[0] == 0xcb || s[0] == 0xe2 {
			return true
		}
	}
}

// decodeRun repairs the longest run of broken characters at the start of s into
// dst. It returns the number of characters, which is 0 when the run is too
// short to be sure, and its length in s.
func decodeRun(s string, dst []byte) (out []byte, n, end int) {
	sure := false
	for end < len(s) {
		r, size, certain := decodeOne(s[end:])
		if size == 0 {
			break
		}
		dst = utf8.AppendRune(dst, r)
		sure = sure || certain
		n++
		end += size
	}
	if !sure && n < 3 && !(n == 2 && utf8.RuneCount(dst)*3 == len(dst)) {
		n = 0
	}
	return dst, n, end
}

// decodeOne reads one broken character at the start of s. certain says that it
// is one even alone.
func decodeOne(s string) (r rune, size int, certain bool) {
	first, n := utf8.DecodeRuneInString(s)
	if first < 0xc2 || first > 0xf4 {
		return 0, 0, false
	}
	var raw [utf8.UTFMax]byte
	raw[0] = byte(first)
	want := 2
	if first >= 0xf0 {
		want = 4
	} else if first >= 0xe0 {
		want = 3
	}
	size = n
	for k := 1; k < want; k++ {
		next, n := utf8.DecodeRuneInString(s[size:])
		b, ok := byteOf(next)
		if !ok || b < 0x80 || b > 0xbf || n == 0 {
			return 0, 0, false
		}
		raw[k] = b
		size += n
	}
	r, m := utf8.DecodeRune(raw[:want])
	if m != want {
		return 0, 0, false
	}
	switch {
	case first == 0xc2 || first == 0xc3:
		certain = true
	case first == 0xe2:
		certain = raw[1] >= 0x80 && raw[1] <= 0x84
	case first == 0xf0:
		certain = raw[1] == 0x9f
	}
	return r, size, certain
}
