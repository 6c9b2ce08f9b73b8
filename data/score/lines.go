package score

import (
	"strings"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

const (
	shortLine = 30  // characters; FineWeb
	longLine  = 200 // characters; mC4
)

// lineMeasures walks the non-empty lines.
func (e *Extractor) lineMeasures() {
	e.seen.reset(e.f.Newlines+1, e.f.Newlines+1)
	marks := e.marks
	for start := 0; start < len(e.text); {
		end := len(e.text)
		if i := strings.IndexByte(e.text[start:], '\n'); i >= 0 {
			end = start + i
		}
		if from, to := trimSpan(e.text, start, end); from < to {
			line := e.text[from:to]
			e.line(line, e.text[start])
			if len(marks) > 0 && int(marks[0]) < end {
				e.boilerplate(&e.f, line)
			}
		}
		for len(marks) > 0 && int(marks[0]) < end {
			marks = marks[1:]
		}
		start = end + 1
	}
}

// line measures a trimmed line; raw is its first byte before trimming.
func (e *Extractor) line(line string, raw byte) {
	f := &e.f
	chars := utf8.RuneCountInString(line)
	f.Lines++
	f.LineChars += chars
	f.LongestLine = max(f.LongestLine, chars)
	if chars <= shortLine {
		f.ShortLines++
	}
	if chars >= longLine {
		f.LongLines++
	}
	e.lineStart(line, raw)
	last, _ := utf8.DecodeLastRuneInString(line)
	switch {
	case last == '…':
		f.EllipsisLines++
		f.oneEllipsisLines++
	case last == '.' && strings.HasSuffix(line, "..."):
		f.EllipsisLines++
	case terminal(last):
		f.TerminalLines++
	case last == '，' || last == '；' || last == ',' || last == ';':
		f.commaLines++
	}
	if teaser(line, last) {
		f.ReadMoreLines++
	}
	c, first := e.seen.add(xxh3.HashString(line), f.Lines-1)
	if e.near(first, f.Lines-1, c) {
		f.nearLineChars += chars
	}
	switch {
	case c == 2:
		f.allDupLines += 2
		f.allDupLineChars += 2 * chars
	case c > 2:
		f.allDupLines++
		f.allDupLineChars += chars
	default:
		return
	}
	f.DupLines++
	f.DupLineChars += chars
}

// spanReach is how many lines or paragraphs back a copy counts for the quality.
const spanReach = 40

// near tells whether a line or paragraph, seen c times by now, stood within reach
// before place, and remembers the place.
func (e *Extractor) near(first, place int, c uint32) bool {
	for len(e.latest) <= first {
		e.latest = append(e.latest, 0)
	}
	is := c > 1 && place-int(e.latest[first]) <= spanReach
	e.latest[first] = int32(place)
	return is
}

// lineStart counts the bullets of everyone's definition.
func (e *Extractor) lineStart(line string, raw byte) {
	f := &e.f
	if raw == '-' || raw == '*' {
		f.rawBullets++
	}
	if b := line[0]; b < utf8.RuneSelf {
		switch b {
		case '-':
			f.dashLines++
			f.BulletLines++
		case '*':
			f.BulletLines++
		}
		return
	}
	first, _ := utf8.DecodeRuneInString(line)
	if bullet(first) {
		f.BulletLines++
	}
	switch first {
	case '•':
		f.dashLines++
		f.signLines++
	case '‣', '▶', '◀', '◦', '■', '□', '▪', '▫', '–':
		f.signLines++
	}
}
