package html

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// block is a stretch of text without a break, in the order of the document.
type block struct {
	elem       int32 // the block element around it
	start, end int   // in the page's text
	letters    int32 // letters and digits; three for a Han character
	links      int32 // those of them in anchors
	acts       int32 // letters in anchors that lead nowhere
	marks      int32 // punctuation of sentences
	pre        bool
	sign       int // where in the text a copyright sign stands, 0 for nowhere
	digits     bool
	comment    bool
	far        bool  // goes only because it stands outside the article
	before     int32 // good letters before it
	label      label
	verdict    verdict
}

// write adds text to the current block. Runs of blanks become one, except in
// preformatted text.
func (p *page) write(text []byte) {
	if p.pre > 0 {
		p.writePre(text)
		return
	}
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == ' ' || c >= '\t' && c <= '\r':
				p.space = true
			case c < ' ' || c == 0x7f:
			default:
				p.put()
				p.text = append(p.text, c)
				p.countASCII(c)
			}
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		switch r {
		case 0xa0, 0x3000, 0x2002, 0x2003, 0x2009, 0x202f:
			p.space = true
		case 0x200b, 0x200c, 0x2060, 0xfeff, 0xad: // invisible
		case 0x200d: // joins emoji and letters of some scripts
			if p.begun && !p.space && p.breaks == 0 && p.text[len(p.text)-1] >= utf8.RuneSelf {
				p.text = append(p.text, text[i:i+n]...)
			}
		default:
			p.put()
			p.text = append(p.text, text[i:i+n]...)
			p.count(r)
		}
		i += n
	}
}

// put begins a block if none is, and writes the blank or line break that is due.
func (p *page) put() {
	if p.breaks >= 2 && p.begun {
		p.flush() // an empty line: a new paragraph
	}
	if !p.begun {
		p.begun = true
		p.cur = block{elem: p.top(), start: len(p.text), pre: p.pre > 0}
	} else if p.breaks > 0 {
		p.text = append(p.text, '\n')
	} else if p.space {
		p.text = append(p.text, ' ')
	}
	p.space, p.breaks = false, 0
}

func (p *page) lineBreak() {
	if p.pre > 0 {
		p.writePre([]byte{'\n'})
		return
	}
	p.breaks++
}

// beginLine and endLine are called where an element that is a line of code
// begins and ends: a line break is due, unless the text itself has it.
func (p *page) beginLine() {
	if p.begun && p.text[len(p.text)-1] != '\n' {
		p.due = true
	}
}

func (p *page) endLine(at int) {
	switch {
	case !p.begun:
	case at == len(p.text) && p.due: // an empty line
		p.text = append(p.text, '\n')
	default:
		p.due = p.text[len(p.text)-1] != '\n'
	}
}

func (p *page) writePre(text []byte) {
	if p.due && p.begun && len(text) > 0 {
		if text[0] != '\n' && text[0] != '\r' {
			p.text = append(p.text, '\n')
		}
		p.due = false
	}
	if !p.begun {
		if len(text) > 0 && text[0] == '\n' {
			text = text[1:]
		}
		if len(text) == 0 {
			return
		}
		p.put()
	}
	p.text = append(p.text, text...)
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			p.countASCII(c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		p.count(r)
		i += n
	}
}

func (p *page) countASCII(c byte) {
	switch {
	case c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9':
		p.cur.digits = p.cur.digits || c <= '9'
		p.letters(1)
	case c == '.' || c == ',' || c == ';' || c == '!' || c == '?':
		p.cur.marks++
	}
}

func (p *page) count(r rune) {
	switch {
	case r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0x3040 && r <= 0x30ff || r >= 0xac00 && r <= 0xd7a3 || r >= 0x20000 && r < 0x30000:
		p.letters(3)
	case r == '。' || r == '，' || r == '！' || r == '？' || r == '；' || r == '、' || r == '…' || r == '：' || r == '．':
		p.cur.marks++
	case r == '©':
		p.cur.sign = len(p.text)
	case unicode.IsLetter(r) || unicode.IsDigit(r):
		p.letters(1)
	}
}

func (p *page) letters(n int32) {
	p.cur.letters += n
	if p.links > 0 {
		p.cur.links += n
	} else if p.acts > 0 {
		p.cur.acts += n
	}
}

// flush ends the current block.
func (p *page) flush() {
	if p.begun {
		b := p.cur
		b.end = len(p.text)
		if b.pre {
			for b.end > b.start && (p.text[b.end-1] == '\n' || p.text[b.end-1] == ' ' || p.text[b.end-1] == '\r') {
				b.end--
			}
		}
		if b.letters > 0 || b.marks > 0 && b.pre || p.inCell(b.elem) {
			p.blocks = append(p.blocks, b)
		} else {
			p.text = p.text[:b.start]
		}
	}
	p.begun, p.space, p.due, p.breaks = false, false, false, 0
}

// inCell reports whether an element is a cell or stands directly in one: a cell
// keeps its column even if it holds a sign only.
func (p *page) inCell(e int32) bool {
	t := p.elems[e].tag
	if t != atom.Td && t != atom.Th {
		t = p.elems[p.elems[e].parent].tag
	}
	return t == atom.Td || t == atom.Th
}

// ancestor finds the nearest element around e, or e itself, with one of the tags.
func (p *page) ancestor(e int32, a, b atom.Atom) int32 {
	for ; e > 0; e = p.elems[e].parent {
		if t := p.elems[e].tag; t == a || t == b {
			return e
		}
	}
	return -1
}
