package score

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

// lineMeasures walks the non-empty lines.
func (e *Extractor) lineMeasures() {
	e.seen.reset(e.f.Newlines + 1)
	marks := e.marks
	for start := 0; start < len(e.text); {
		end := len(e.text)
		if i := strings.IndexByte(e.text[start:], '\n'); i >= 0 {
			end = start + i
		}
		if line := trimBlanks(e.text[start:end]); line != "" {
			e.line(line)
			if len(marks) > 0 && int(marks[0]) < end {
				e.f.boilerplate(line)
			}
		}
		for len(marks) > 0 && int(marks[0]) < end {
			marks = marks[1:]
		}
		start = end + 1
	}
}

func (e *Extractor) line(line string) {
	f := &e.f
	chars := utf8.RuneCountInString(line)
	f.Lines++
	f.LineChars += chars
	f.LongestLine = max(f.LongestLine, chars)
	if chars <= 30 {
		f.ShortLines++
	}
	first, _ := utf8.DecodeRuneInString(line)
	last, _ := utf8.DecodeLastRuneInString(line)
	if bullet(first) {
		f.BulletLines++
	}
	if last == '…' || strings.HasSuffix(line, "...") {
		f.EllipsisLines++
	} else if terminal(last) {
		f.TerminalLines++
	}
	if looksLikeCode(line) {
		f.CodeLines++
	}
	if teaser(line, last) {
		f.ReadMoreLines++
	}
	if e.seen.add(xxh3.HashString(line)) > 1 {
		f.DupLines++
		f.DupLineChars += chars
	}
}

// trimBlanks removes blanks around a line, the ideographic space too.
func trimBlanks(s string) string {
	for s != "" {
		switch {
		case s[0] == ' ' || s[0] == '\t' || s[0] == '\r':
			s = s[1:]
			continue
		case strings.HasPrefix(s, "\u3000"):
			s = s[3:]
			continue
		}
		break
	}
	for s != "" {
		switch b := s[len(s)-1]; {
		case b == ' ' || b == '\t' || b == '\r':
			s = s[:len(s)-1]
			continue
		case strings.HasSuffix(s, "\u3000"):
			s = s[:len(s)-3]
			continue
		}
		break
	}
	return s
}

// ParagraphFlags say what is odd about a paragraph.
type ParagraphFlags int32

// The paragraph flags.
const (
	ParagraphShort       ParagraphFlags = 1 << iota // fewer than 10 characters
	ParagraphUnfinished                             // no terminal punctuation at the end
	ParagraphSymbols                                // over 40% of it is no letter, digit or blank
	ParagraphBoilerplate                            // a policy, script or read-more line
	ParagraphRepeated                               // a copy of an earlier paragraph of the text
	ParagraphList                                   // starts as an item of a list
)

// paragraphs finds the spans and judges each.
func (e *Extractor) paragraphs() {
	sep := "\n\n"
	if !strings.Contains(e.text, sep) {
		sep = "\n"
	}
	e.seen.reset(e.f.Newlines + 1)
	for start := 0; start < len(e.text); {
		end := len(e.text)
		next := end
		if i := strings.Index(e.text[start:], sep); i >= 0 {
			end = start + i
			next = end + len(sep)
			for next < len(e.text) && e.text[next] == '\n' {
				next++
			}
		}
		if trimBlanks(e.text[start:end]) != "" {
			e.paragraph(start, end)
		}
		start = next
	}
}

func (e *Extractor) paragraph(start, end int) {
	text := e.text[start:end]
	chars, other := e.shape(text)
	p := Span{Start: int32(start), End: int32(end), Quality: 1, Hash: xxh3.Hash(e.fold)}
	f := &e.f
	f.Paragraphs++
	f.ParagraphChars += chars
	trimmed := trimBlanks(text)
	first, _ := utf8.DecodeRuneInString(trimmed)
	last, _ := utf8.DecodeLastRuneInString(trimmed)
	flag := func(on bool, g ParagraphFlags, factor float32) {
		if on {
			p.Flags |= g
			p.Quality *= factor
		}
	}
	flag(chars < 10, ParagraphShort, 0.8)
	flag(!terminal(last), ParagraphUnfinished, 0.9)
	flag(other*5 > chars*2, ParagraphSymbols, 0.5)
	flag(bullet(first), ParagraphList, 0.95)
	flag(e.isBoilerplate(trimmed, start, end, last), ParagraphBoilerplate, 0.4)
	if e.seen.add(p.Hash) > 1 {
		flag(true, ParagraphRepeated, 0.3)
		f.DupParagraphs++
		f.DupParaChars += chars
	}
	e.spans = append(e.spans, p)
}

// isBoilerplate tells whether the short paragraph text, at start..end-1, holds
// what C4 drops lines for, or ends like a teaser.
func (e *Extractor) isBoilerplate(text string, start, end int, last rune) bool {
	if len(text) >= 400 {
		return false
	}
	if teaser(text, last) {
		return true
	}
	i, _ := slices.BinarySearch(e.marks, int32(start))
	if i == len(e.marks) || int(e.marks[i]) >= end {
		return false
	}
	var scratch Features
	return scratch.boilerplate(text)
}

// shape counts the characters of a paragraph but blanks, and those among them
// that are neither letter nor digit. It leaves in fold what identifies the
// paragraph: its text without blanks and in ASCII lower case.
func (e *Extractor) shape(s string) (chars, other int) {
	fold := e.fold[:0]
	for i := 0; i < len(s); {
		b := s[i]
		if b < utf8.RuneSelf {
			i++
			switch asciiClass[b] {
			case classBlank, classNewline:
				continue
			case classSymbol, classPunct, classJoiner:
				other++
			}
			chars++
			fold = append(fold, lower(b))
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r < 0x4e00 || r > 0x9fff {
			switch classOf(r) {
			case classBlank:
				i += n
				continue
			case classSymbol, classPunct, classJoiner:
				other++
			}
		}
		chars++
		fold = append(fold, s[i:i+n]...)
		i += n
	}
	e.fold = fold
	return chars, other
}
