package main

import (
	"fmt"
	"io"
	"strings"

	"huihai/telemetry"
)

// jsonEscaper writes JSON in which every character that a terminal could take
// for a command is escaped. Package json does so for those below U+0020 only;
// the others, too, stand nowhere but in strings.
type jsonEscaper struct{ w io.Writer }

// Write implements [io.Writer] for whole values.
func (e jsonEscaper) Write(p []byte) (int, error) {
	s := string(p)
	found := strings.IndexFunc(s, func(r rune) bool { return r >= 0x7f && telemetry.Commands(r) })
	if found < 0 {
		return e.w.Write(p)
	}
	var b strings.Builder
	b.WriteString(s[:found])
	for _, r := range s[found:] {
		if r >= 0x7f && telemetry.Commands(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	if _, err := io.WriteString(e.w, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}
