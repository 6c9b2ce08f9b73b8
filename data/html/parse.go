package html

import (
	"bytes"
	"errors"
	"io"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// element is a block element, in the order of the document.
type element struct {
	tag         atom.Atom
	own         uint16 // bits by itself
	bits        uint16 // own bits and those that come from around it
	parent      int32
	end         int32 // number of the first element behind this one and its content
	letters     int32 // own and inner text that is not in links
	good        int32 // letters of good blocks
	first, last int32 // blocks inside: from first to before last
	cols, rows  uint8 // that a cell spans, less one
}

// open is an element that has begun and not ended.
type open struct {
	tag  atom.Atom
	elem int32 // -1 for an inline element
	hard bool  // its content is passed over
	link bool  // an anchor that leads somewhere
	act  bool  // an anchor that does something
	line bool  // a line of code
	at   int   // where in the text it begins, if it is one
}

// maxDepth bounds the stack of open elements; the text of deeper ones belongs to
// the last one on it.
const maxDepth = 512

// page is what the one pass over a document gathers.
type page struct {
	elems  []element
	blocks []block
	stack  []open
	text   []byte

	hard    int       // open elements whose content is passed over
	links   int       // open anchors that lead somewhere
	acts    int       // open anchors that do something
	inlines int       // open inline elements on the stack
	pre     int       // open preformatted elements
	deep    int       // open elements beyond the stack
	skip    atom.Atom // an element beyond the stack whose content is passed over
	xml     bool      // a slash at the end of a tag ends the element
	cur     block
	begun   bool // cur has text
	space   bool // a blank is due before the next character
	due     bool // a line of code has ended
	breaks  int  // line breaks met since the last character

	named bool // something goes by its name
	plain bool // the names of elements say nothing

	lastFormula []byte
	formulaEnd  int // where in the text it ended

	title, lang, canonical string
}

func (p *page) reset(plain bool) {
	*p = page{plain: plain, elems: p.elems[:0], blocks: p.blocks[:0], stack: p.stack[:0], text: p.text[:0], lastFormula: p.lastFormula[:0]}
	p.elems = append(p.elems, element{tag: atom.Html, own: isBlock})
	p.stack = append(p.stack, open{tag: atom.Html})
}

// parse reads a whole document; plain leaves aside what the names of elements say.
func (p *page) parse(src []byte, plain bool) error {
	p.reset(plain)
	p.xml = bytes.HasPrefix(bytes.TrimLeft(src, "\ufeff \t\r\n"), []byte("<?xml"))
	z := xhtml.NewTokenizer(bytes.NewReader(src))
	inTitle := false
	var buf [longTag]byte
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			p.flush()
			for len(p.stack) > 0 {
				p.pop()
			}
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		case xhtml.TextToken:
			if inTitle {
				if p.title == "" {
					p.title = string(bytes.Join(bytes.Fields(z.Text()), []byte(" ")))
				}
			} else if p.hard == 0 && p.skip == 0 {
				p.write(z.Text())
			}
		case xhtml.StartTagToken:
			name, rest := tagOf(z.Raw(), &buf)
			tag := atom.Lookup(name)
			inTitle = tag == atom.Title && p.hardOnlyHead()
			p.start(z, name, tag, rest)
		case xhtml.SelfClosingTagToken:
			// In HTML the slash means nothing but on foreign elements.
			name, rest := tagOf(z.Raw(), &buf)
			tag := atom.Lookup(name)
			ends := p.xml || tag == 0 || p.inForeign()
			if ends {
				z.NextIsNotRawText()
			}
			p.start(z, name, tag, rest)
			if ends && tagBits[tag]&isVoid == 0 && tag != atom.Html && tag != atom.Body {
				p.finish(name, tag)
			}
		case xhtml.EndTagToken:
			name, _ := tagOf(z.Raw(), &buf)
			inTitle = false
			p.finish(name, atom.Lookup(name))
		}
	}
}

// inForeign reports whether the innermost element passed over is a drawing.
func (p *page) inForeign() bool {
	return p.hard > 0 && p.inside(atom.Svg)
}

// hardOnlyHead reports whether a title here is that of the page and not of a
// drawing in it.
func (p *page) hardOnlyHead() bool {
	return p.hard == 0 || p.hard == 1 && p.stack[len(p.stack)-1].tag == atom.Head
}

// void handles elements without content.
func (p *page) void(tag atom.Atom) {
	switch tag {
	case atom.Br:
		if p.hard == 0 {
			p.lineBreak()
		}
	case atom.Hr:
		p.flush()
	}
}

// top is the innermost open block element.
func (p *page) top() int32 {
	for i := len(p.stack) - 1; i >= 0; i-- {
		if p.stack[i].elem >= 0 {
			return p.stack[i].elem
		}
	}
	return 0
}

func (p *page) inside(tags ...atom.Atom) bool {
	for i := range p.stack {
		for _, t := range tags {
			if p.stack[i].tag == t {
				return true
			}
		}
	}
	return false
}

func (p *page) pop() {
	o := p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	if o.hard {
		p.hard--
	}
	if o.link {
		p.links--
	}
	if o.act {
		p.acts--
	}
	if o.elem >= 0 {
		p.elems[o.elem].end, p.elems[o.elem].last = int32(len(p.elems)), int32(len(p.blocks))
		if o.tag == atom.Pre {
			p.pre--
		}
	} else {
		p.inlines--
	}
	if o.line && p.pre > 0 && p.hard == 0 {
		p.endLine(o.at)
	}
}

// finish ends the innermost open element of a tag and all inside it. The end of
// an inline element does not end blocks around it.
func (p *page) finish(name []byte, tag atom.Atom) {
	known := kind(name, tag)
	if p.skip != 0 && p.skip == tag {
		p.skip = 0
		return
	}
	if p.deep > 0 && known&isVoid == 0 && (known&isBlock != 0 || p.inlines > 0) {
		p.deep--
		return
	}
	if tag == atom.Ruby {
		p.endRuby()
	}
	inline := known&isBlock == 0
	if inline && p.inlines == 0 {
		return
	}
	at := 0
	for i := len(p.stack) - 1; i > 0 && at == 0; i-- {
		if o := &p.stack[i]; o.tag == tag && (tag != 0 || inline == (o.elem < 0) || o.hard) {
			at = i
		} else if inline && p.stack[i].elem >= 0 {
			break
		}
	}
	if !inline && p.hard == 0 && (p.pre == 0 || at > 0 && p.stack[at].elem >= 0) {
		p.flush()
	}
	if at == 0 && tag == atom.A {
		p.endLink()
	}
	for at > 0 && len(p.stack) > at {
		p.pop()
	}
}

// endLink ends the anchor that is open, wherever it began.
func (p *page) endLink() {
	for i := len(p.stack) - 1; i > 0 && p.links+p.acts > 0; i-- {
		switch o := &p.stack[i]; {
		case o.link:
			o.link = false
			p.links--
			return
		case o.act:
			o.act = false
			p.acts--
			return
		}
	}
}

func (p *page) popTo(tag atom.Atom) {
	for i := len(p.stack) - 1; i > 0; i-- {
		if p.stack[i].tag == tag {
			for len(p.stack) > i {
				p.pop()
			}
			return
		}
	}
}

// implied are the elements that a start tag ends, and where the search for them
// stops.
func implied(tag atom.Atom) (ends, stops []atom.Atom) {
	switch tag {
	case atom.Li:
		return []atom.Atom{atom.Li}, []atom.Atom{atom.Ul, atom.Ol, atom.Menu, atom.Table}
	case atom.Dt, atom.Dd:
		return []atom.Atom{atom.Dt, atom.Dd}, []atom.Atom{atom.Dl, atom.Table}
	case atom.Td, atom.Th:
		return []atom.Atom{atom.Td, atom.Th}, []atom.Atom{atom.Tr, atom.Table}
	case atom.Tr:
		return []atom.Atom{atom.Tr}, []atom.Atom{atom.Table}
	case atom.Tbody, atom.Thead, atom.Tfoot:
		return []atom.Atom{atom.Tbody, atom.Thead, atom.Tfoot}, []atom.Atom{atom.Table}
	}
	return nil, nil
}

// implyEnds closes what a start tag of a block closes: an open paragraph, and
// the list item, cell or row before this one.
func (p *page) implyEnds(tag atom.Atom) {
	for i := len(p.stack) - 1; i > 0; i-- {
		if p.stack[i].elem < 0 {
			continue
		}
		if p.stack[i].tag == atom.P || tagBits[tag]&isHeading != 0 && tagBits[p.stack[i].tag]&isHeading != 0 {
			for len(p.stack) > i {
				p.pop()
			}
		}
		break
	}
	ends, stops := implied(tag)
	if ends == nil {
		return
	}
	for i := len(p.stack) - 1; i > 0; i-- {
		for _, s := range stops {
			if p.stack[i].tag == s {
				return
			}
		}
		for _, e := range ends {
			if p.stack[i].tag == e {
				for len(p.stack) > i {
					p.pop()
				}
				return
			}
		}
	}
}
