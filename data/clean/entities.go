package clean

import (
	"html"
	"strings"
)

// maxEntity is the length of the longest name, &CounterClockwiseContourIntegral;.
const maxEntity = 33

// decodeEntities replaces &name; and &#number; by their characters. Only forms
// with a semicolon count: without one, "&copy" in an address would change. It
// looks back from every semicolon written, so that what was escaped twice is
// decoded twice and no entity is left.
func (c *Cleaner) decodeEntities(s string) string {
	first := strings.IndexByte(s, '&')
	if first < 0 || strings.IndexByte(s[first:], ';') < 0 {
		return s
	}
	before := c.counts.Entities
	c.buf = append(c.buf[:0], s[:first]...)
	for rest := s[first:]; rest != ""; {
		i := strings.IndexByte(rest, ';')
		if i < 0 {
			c.buf = append(c.buf, rest...)
			break
		}
		c.buf = append(c.buf, rest[:i+1]...)
		c.reduce()
		rest = rest[i+1:]
	}
	if c.counts.Entities == before {
		return s
	}
	return string(c.buf)
}

// reduce decodes the entity at the end of the buffer, if there is one.
func (c *Cleaner) reduce() {
	for {
		start := len(c.buf) - 2
		for start >= 0 && len(c.buf)-start <= maxEntity && isName(c.buf[start]) {
			start--
		}
		if start < 0 || c.buf[start] != '&' {
			return
		}
		entity := string(c.buf[start:])
		decoded := html.UnescapeString(entity)
		if decoded == entity || strings.HasSuffix(decoded, ";") && len(decoded) > 1 {
			return // unknown, or known only without its last letters
		}
		c.counts.Entities++
		if decoded == "\u00a0" {
			decoded = " "
		}
		c.buf = append(c.buf[:start], decoded...)
		if decoded != ";" {
			return
		}
	}
}

// isName tells whether b may stand inside an entity.
func isName(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '#'
}
