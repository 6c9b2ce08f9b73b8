package clean

import "unicode/utf8"

// isPlain tells quickly that characters would change nothing. It may say no in
// vain.
func (c *Cleaner) isPlain(s string) bool {
	if s == "" {
		return true
	}
	if s[0] == '\n' || isBlank(s[len(s)-1]) || s[len(s)-1] == '\n' {
		return false
	}
	newlines := 0
	var prev byte
	for i := 0; i < len(s); i++ {
		b := s[i]
		switch {
		case b == '\n':
			if isBlank(prev) {
				return false
			}
			if newlines++; newlines > c.cfg.MaxBlankLines+1 {
				return false
			}
		case b < 0x20 && b != '\t' || b >= 0x7f:
			return false
		default:
			newlines = 0
		}
		prev = b
	}
	return true
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

// characters does all that can be done character by character, and lines by
// their ends.
func (c *Cleaner) characters(s string) string {
	c.buf, c.blanks, c.lineStart = c.buf[:0], 0, 0
	for i := 0; i < len(s); {
		b := s[i]
		switch {
		case b >= 0x20 && b < 0x7f || b == '\t':
			j := i + 1
			for j < len(s) && s[j] >= 0x20 && s[j] < 0x7f {
				j++
			}
			c.buf = append(c.buf, s[i:j]...)
			i = j
		case b == '\n':
			c.endLine()
			i++
		case b == '\r':
			c.counts.LineEnds++
			c.endLine()
			i++
			if i < len(s) && s[i] == '\n' {
				i++
			}
		case b < utf8.RuneSelf:
			c.counts.Controls++
			i++
		case b >= 0xe4 && b <= 0xe9: // Han: nothing changes
			j := i
			for j+3 <= len(s) && s[j] >= 0xe4 && s[j] <= 0xe9 && s[j+1]&0xc0 == 0x80 && s[j+2]&0xc0 == 0x80 {
				j += 3
			}
			if c.buf = append(c.buf, s[i:j]...); j == i {
				j += c.wide(s, i)
			}
			i = j
		default:
			i += c.wide(s, i)
		}
	}
	c.endLine()
	start, end := 0, len(c.buf)
	for start < end && c.buf[start] == '\n' {
		start++
	}
	for end > start && c.buf[end-1] == '\n' {
		end--
	}
	if len(c.buf)-end > 1 { // one is endLine's own
		c.counts.FinalNewlines++
	}
	if string(c.buf[start:end]) == s {
		return s
	}
	return string(c.buf[start:end])
}

// wide handles one character beyond ASCII and returns the bytes consumed.
func (c *Cleaner) wide(s string, i int) int {
	r, n := utf8.DecodeRuneInString(s[i:])
	switch {
	case r == utf8.RuneError && n == 1:
		c.counts.InvalidUTF8++
		c.buf = append(c.buf, "\uFFFD"...)
		for i+n < len(s) { // one mark for the whole run
			if r, m := utf8.DecodeRuneInString(s[i+n:]); r != utf8.RuneError || m != 1 {
				break
			}
			n++
		}
		return n
	case r == '\u0085' || r == '\u2028' || r == '\u2029':
		c.counts.LineEnds++
		c.endLine()
		return n
	case r >= 0x80 && r < 0xa0 || r == '\ufffe' || r == '\uffff':
		c.counts.Controls++
		return n
	case r == '\ufeff':
		c.counts.ByteOrderMarks++
		return n
	case r == '\u3000' && c.cfg.IdeographicSpace != SpaceKeep:
		c.counts.IdeographicSpaces++
		if c.cfg.IdeographicSpace == SpaceBlank || len(c.buf) > c.lineStart {
			c.buf = append(c.buf, ' ')
		}
		return n
	case r >= 0xff00 && r <= 0xffef && c.cfg.Width != WidthKeep:
		return c.form(s, i, r, n)
	case c.cfg.Invisible && invisible(r):
		if !c.shapes(r, s[i+n:]) {
			c.counts.Invisible++
			return n
		}
	}
	c.uncertain = c.uncertain || !inert(r)
	c.buf = append(c.buf, s[i:i+n]...)
	return n
}

// inert tells of the commonest characters that they are composed and compose
// with nothing before them, so that text of them alone is in form C.
func inert(r rune) bool {
	return r < 0x300 || r >= 0x388 && r < 0x483 || r >= 0x2010 && r <= 0x2027 || r >= 0x3000 && r <= 0x3029 ||
		r >= 0x3041 && r <= 0x3096 || r >= 0x309b && r <= 0x9fff || r >= 0xac00 && r <= 0xd7a3 || r >= 0xff00 && r <= 0xffee
}

// endLine ends the line being written: blanks at its end go, and it goes
// altogether if it is one blank line too many.
func (c *Cleaner) endLine() {
	start, end := c.lineStart, len(c.buf)
	for end > start {
		if isBlank(c.buf[end-1]) {
			end--
			continue
		}
		if end-start >= 3 && string(c.buf[end-3:end]) == "\u3000" {
			end -= 3
			continue
		}
		break
	}
	if end < len(c.buf) {
		c.counts.TrailingBlanks++
		c.buf = c.buf[:end]
	}
	if end > start {
		c.blanks = 0
	} else {
		c.blanks++
		if c.blanks > c.cfg.MaxBlankLines || start == 0 {
			c.counts.BlankLines++
			return
		}
	}
	c.buf = append(c.buf, '\n')
	c.lineStart = len(c.buf)
}

// lastRune returns the last character of the line being written, or 0.
func (c *Cleaner) lastRune() rune {
	if len(c.buf) == c.lineStart {
		return 0
	}
	r, _ := utf8.DecodeLastRune(c.buf[c.lineStart:])
	return r
}

// firstRune returns the first character of s, or 0.
func firstRune(s string) rune {
	if s == "" {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
