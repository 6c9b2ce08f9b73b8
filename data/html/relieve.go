package html

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// Bounds for what is made of links and yet belongs to the text.
const (
	listLinks  = 0.8 // share of a list's letters that may stand in links
	tableLinks = 0.9 // share of a table's, if it has no heads
)

// relieve takes back verdicts on links in tables of data, in lists with text of
// their own, in quotations and in whole sentences: there a link is a word like
// others, and a row without its cells says something else.
func (p *page) relieve() {
	for e := range p.elems {
		switch p.elems[e].tag {
		case atom.Table:
			if p.dataTable(int32(e)) {
				p.elems[e].bits |= isData
				p.relieveAll(int32(e))
			}
		case atom.Ul, atom.Ol, atom.Dl:
			if p.textList(int32(e)) {
				p.relieveAll(int32(e))
			}
		}
	}
	for i := range p.blocks {
		b := &p.blocks[i]
		if b.verdict != bad || b.label != noLabel || b.sign > 0 {
			continue
		}
		if p.ancestor(b.elem, atom.Blockquote, atom.Blockquote) > 0 || p.elems[b.elem].tag == atom.P && p.endsSentence(b) && b.letters >= 40 {
			b.verdict = short
		}
	}
}

func (p *page) relieveAll(e int32) {
	for i := p.elems[e].first; i < p.elems[e].last; i++ {
		if b := &p.blocks[i]; b.verdict == bad && b.label == noLabel && b.sign == 0 {
			b.verdict = short
		}
	}
}

// share is the part of an element's letters that stands in links.
func (p *page) share(e int32) float64 {
	var links, letters int32
	for i := p.elems[e].first; i < p.elems[e].last; i++ {
		links, letters = links+p.blocks[i].links, letters+p.blocks[i].letters
	}
	return float64(links) / float64(max(letters, 1))
}

// dataTable reports whether a table has at least two rows of at least two short
// cells, no table inside, and heads or text besides its links.
func (p *page) dataTable(t int32) bool {
	rows, heads := 0, false
	for e := t + 1; e < p.elems[t].end; e++ {
		el := &p.elems[e]
		switch el.tag {
		case atom.Table:
			return false
		case atom.Th:
			heads = true
		case atom.Tr:
			if el.last-el.first >= 2 {
				rows++
			}
		}
	}
	if rows < 2 {
		return false
	}
	for i := p.elems[t].first; i < p.elems[t].last; i++ {
		if p.blocks[i].letters > cellLetters {
			return false
		}
	}
	return heads || p.share(t) <= tableLinks
}

// textList reports whether a list has text besides its links, or is what a
// sentence before it announces.
func (p *page) textList(l int32) bool {
	if p.share(l) <= listLinks {
		return true
	}
	i := int(p.elems[l].first)
	if i == 0 {
		return false
	}
	before := &p.blocks[i-1]
	if before.verdict == bad || before.label != noLabel {
		return false
	}
	r, _ := utf8.DecodeLastRune(p.text[before.start:before.end])
	return (r == ':' || r == '：') && before.letters >= 20
}

// headLetters and headMost are the least and the most letters of a page's heading;
// longTitle bounds how much of a title, in bytes, is compared.
const headLetters, headMost, longTitle = 4, 400, 1000

// heading keeps the page's main heading, wherever it stands before the text: the
// block that says what the title element says, else the only h1.
func (p *page) heading() {
	first := -1
	for i := range p.blocks {
		if v := p.blocks[i].verdict; v == good || v == kept {
			first = i
			break
		}
	}
	if first < 0 {
		return
	}
	for i := first; i < len(p.blocks); i++ { // what is short before it may be the site's
		if p.blocks[i].verdict == good {
			first = i
			break
		}
	}
	title := bytes.Split(normal([]byte(p.title[:min(len(p.title), longTitle)])), []byte{0})
	best, most, h1, h1s := -1, 0, -1, 0
	for i := 0; i <= min(first+2, len(p.blocks)-1); i++ {
		b := &p.blocks[i]
		e := &p.elems[b.elem]
		if b.letters > headMost || b.letters < headLetters || b.pre {
			continue
		}
		in := p.ancestor(b.elem, atom.H1, atom.H2)
		if in > 0 && p.elems[in].tag == atom.H1 {
			if h1s++; (e.bits&isAside == 0 || p.ancestor(b.elem, atom.Header, atom.Header) > 0) && b.links == 0 && b.label == noLabel {
				h1 = i
			}
		}
		if p.ancestor(b.elem, atom.Nav, atom.Li) > 0 && in < 0 {
			continue
		}
		n := titled(title, normal(p.text[b.start:b.end]))
		if n > 0 && in > 0 {
			n += n // headings before other lines that say the same
		}
		if n > 0 && n >= most {
			best, most = i, n
		}
	}
	if best < 0 && h1s == 1 {
		best = h1
	} else if best >= 0 {
		for i := 0; i < best; i++ { // what is short before it is the site's
			if p.blocks[i].verdict == kept {
				p.blocks[i].verdict = bad
			}
		}
	}
	if best >= 0 {
		p.blocks[best].verdict = kept
		p.settle(best, first)
	}
}

// standfirst is the least that a line between heading and text must have to be
// a summary rather than a label.
const standfirst = 40

// settle sorts out what follows the page's heading: sentences and longer lines
// between it and the text are its summary, or the question that is answered, and
// headings that repeat it, as forums do over every post, go.
func (p *page) settle(head, first int) {
	for i := head + 1; i < first; i++ {
		if b := &p.blocks[i]; (b.verdict == short || b.far) && (b.letters >= standfirst || p.endsSentence(b)) && b.links == 0 && !p.gone(b) {
			b.verdict = kept
		}
	}
	line := normal(p.text[p.blocks[head].start:p.blocks[head].end])
	for i := head + 1; i < len(p.blocks); i++ {
		b := &p.blocks[i]
		if b.verdict != kept || p.elems[b.elem].own&isHeading == 0 || b.letters > headMost {
			continue
		}
		again := normal(p.text[b.start:b.end])
		if bytes.Equal(bytes.TrimPrefix(bytes.TrimPrefix(again, []byte("re")), []byte("回复")), line) || bytes.Equal(again, line) {
			b.verdict = bad
		}
	}
}

// titled returns how many bytes of a title a line has, 0 if it is something else:
// the line must be most of the title or of the first part of it.
func titled(parts [][]byte, line []byte) int {
	longest := 0
	for _, part := range parts {
		longest = max(longest, len(part))
	}
	for k, part := range parts {
		if k > 0 && len(part) < longest {
			continue // the site or a section
		}
		switch {
		case len(part) == 0 || len(line) == 0:
		case bytes.Equal(part, line):
			return len(line)
		case bytes.Contains(line, part) && 10*len(part) >= 6*len(line),
			bytes.Contains(part, line) && 10*len(line) >= 6*len(part):
			return min(len(part), len(line))
		}
	}
	return 0
}

// normal keeps the letters and digits of a title in lower case; a zero stands
// where sites put their name behind.
func normal(text []byte) []byte {
	var out []byte
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			out = utf8.AppendRune(out, unicode.ToLower(r))
		case r == '_' || r == '|' || r == '–' || r == '—' || r == '»' || r == '·' || r == '«' || r == '›',
			r == '-' && i > 0 && text[i-1] == ' ':
			if len(out) > 0 && out[len(out)-1] != 0 {
				out = append(out, 0)
			}
		}
		i += n
	}
	return bytes.TrimRight(out, "\x00")
}

// comments keeps what readers wrote: the sentences of boxes of comments.
func (p *page) comments() {
	for i := range p.blocks {
		b := &p.blocks[i]
		if !b.comment || b.label != noLabel || b.mostlyLinks() || p.elems[b.elem].own&(isNamed|isHeading) != 0 {
			continue
		}
		if p.first(b) == good || p.endsSentence(b) || b.letters >= 40 && b.marks > 0 {
			b.verdict = kept
		}
	}
}
