package telemetry

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Commands reports whether a terminal may take r for a command or for an order
// to write the other way: control characters (C0, DEL, C1) and the marks that
// change the direction of text. Line ends and tabs are none.
func Commands(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20 || r >= 0x7f && r <= 0x9f:
		return true
	case r == 0x61c || r == 0x200e || r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return r == 0x2028 || r == 0x2029 || r == 0xfeff
}

// Printable makes a message fit for a terminal: names and values in it may come
// from files of strangers, and must not move the cursor, change colours or turn
// the text around. What could is written as an escape of Go (\x1b, \u202e), bytes
// that are not UTF-8 as \xff; lines and tabs stay.
func Printable(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, Commands) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case Commands(r) && r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case Commands(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}
