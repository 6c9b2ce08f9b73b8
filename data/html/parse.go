package html

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// element is a block element, in the order of the document.
type element struct {
	tag     atom.Atom
	bits    uint16
	parent  int32
	end     int32 // number of the first element behind this one and its content
	letters int32 // own and inner text that is not in links
	good    int32 // letters of good blocks
	columns int32 // that a cell spans besides its own
	seen    uint8 // 1: a table or list without text of its own; 2: with
}

// open is an element that has begun and not ended.
type open struct {
	tag  atom.Atom
	elem int32 // -1 for an inline element
	hard bool  // its content is passed over
}

// maxDepth bounds the stack of open elements; deeper ones are passed through.
const maxDepth = 512

// page is what the one pass over a document gathers.
type page struct {
	elems  []element
	blocks []block
	stack  []open
	text   []byte

	hard   int  // open elements whose content is passed over
	xml    bool // an XHTML document, where a slash ends any element
	link   bool // inside an anchor that leads somewhere
	href   bool // the start tag read last has an address
	pre    int  // open preformatted elements
	cur    block
	begun  bool // cur has text
	space  bool // a blank is due before the next character
	breaks int  // line breaks met since the last character
	line   bool // in preformatted text: the next character begins a line
	lines  int  // open block elements in preformatted text

	math   formulaReader
	glyphs bool // inside the glyphs that MathJax draws

	title, lang, canonical string
}

func (p *page) reset() {
	p.elems, p.blocks, p.stack, p.text = p.elems[:0], p.blocks[:0], p.stack[:0], p.text[:0]
	p.hard, p.link, p.pre, p.begun, p.space, p.breaks, p.line, p.lines = 0, false, 0, false, false, 0, false, 0
	p.math.reset()
	p.glyphs = false
	p.title, p.lang, p.canonical = "", "", ""
	p.elems = append(p.elems, element{tag: atom.Html, bits: isBlock})
	p.stack = append(p.stack, open{atom.Html, 0, false})
	p.cur = block{}
}

// parse reads a whole document.
func (p *page) parse(src []byte) error {
	p.reset()
	p.xml = bytes.HasPrefix(bytes.TrimLeft(src, "\ufeff \t\r\n"), []byte("<?xml"))
	z := xhtml.NewTokenizer(bytes.NewReader(src))
	inTitle := false
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
			if p.math.reading() {
				p.math.text(z.Text())
			} else if inTitle {
				if p.title == "" {
					p.title = string(bytes.Join(bytes.Fields(z.Text()), []byte(" ")))
				}
			} else if p.hard == 0 && !p.glyphs {
				p.write(z.Text())
			}
		case xhtml.StartTagToken:
			name, more := z.TagName()
			tag := atom.Lookup(name)
			if p.math.reading() {
				p.math.start(string(name), z, more)
				continue
			}
			if bytes.HasPrefix(name, mathJax) {
				p.glyphs = p.glyphs || string(name) == mathJaxGlyphs
				continue
			}
			if p.ruby(name) {
				continue
			}
			inTitle = tag == atom.Title && p.hardOnlyHead()
			p.start(z, tag, more)
		case xhtml.SelfClosingTagToken:
			// In HTML a slash means nothing on other elements than those without
			// content.
			name, more := z.TagName()
			tag := atom.Lookup(name)
			if p.math.reading() {
				continue // spaces and the like
			}
			p.start(z, tag, more)
			if p.xml && tagBits[tag]&isVoid == 0 {
				z.NextIsNotRawText()
				p.finish(tag)
			}
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			inTitle = false
			if string(name) == mathJaxGlyphs {
				p.glyphs = false
			}
			if !(name[0] == 'r' && rubyBase[string(name)]) && !bytes.HasPrefix(name, mathJax) {
				p.finish(atom.Lookup(name))
			}
		}
	}
}

// hardOnlyHead tells whether a title here is that of the page and not of a
// drawing in it.
func (p *page) hardOnlyHead() bool {
	return p.hard == 0 || p.hard == 1 && p.stack[len(p.stack)-1].tag == atom.Head
}

// attributes reads what matters of a start tag.
func (p *page) attributes(z *xhtml.Tokenizer, tag atom.Atom, more bool) (bits uint16, columns int32) {
	var rel, href []byte
	var named uint16
	p.href = false
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "class", "id":
			named |= attributeBits(value)
			if tag == atom.Sup && bytes.Contains(value, []byte("reference")) {
				bits |= isAside
			}
		case "role":
			switch string(value) {
			case "navigation", "banner", "complementary", "contentinfo", "search", "menu", "menubar", "toolbar", "dialog":
				bits |= isAside
			}
		case "hidden":
			bits |= isAside
		case "aria-hidden":
			if string(value) == "true" {
				bits |= isAside
			}
		case "style":
			if hides(value) {
				bits |= isAside
			}
		case "lang", "xml:lang":
			if tag == atom.Html {
				p.lang = string(value)
			}
		case "alttext":
			if tag == atom.Math {
				p.math.alt = string(value)
			}
		case "type":
			if tag == atom.Script && bytes.HasPrefix(value, []byte("math/tex")) {
				p.math.script = true
			}
		case "colspan":
			if n, err := strconv.Atoi(string(value)); err == nil && n > 1 && n <= 50 {
				columns = int32(n - 1)
			}
		case "alt": // formulas as pictures
			if tag == atom.Img && p.hard == 0 && bytes.HasPrefix(value, displayStyle) {
				p.formula(value)
			}
		case "rel":
			rel = value
		case "href":
			href, p.href = value, true
		}
	}
	if tag == atom.Link && string(rel) == "canonical" {
		p.canonical = string(bytes.TrimSpace(href))
	}
	if named&isAside != 0 && bits&isAside == 0 {
		named |= isNamed
	}
	return bits | named, columns
}

// mathJax begins the names of the elements that MathJax 3 puts around formulas; what it
// draws of them is in one of these.
var mathJax = []byte("mjx-")

const mathJaxGlyphs = "mjx-math"

var displayStyle = []byte(`{\displaystyle`)

// formula writes the TeX form of a formula, which Wikipedia and others give.
func (p *page) formula(tex []byte) {
	if inner, ok := bytes.CutPrefix(tex, displayStyle); ok {
		tex = bytes.TrimSuffix(inner, []byte("}"))
	}
	p.write([]byte("$"))
	p.write(bytes.TrimSpace(tex))
	p.write([]byte("$"))
}

func hides(style []byte) bool {
	for _, decl := range bytes.Split(style, []byte(";")) {
		key, value, _ := bytes.Cut(decl, []byte(":"))
		key, value = bytes.TrimSpace(key), bytes.TrimSpace(value)
		if bytes.EqualFold(key, []byte("display")) && bytes.EqualFold(value, []byte("none")) ||
			bytes.EqualFold(key, []byte("visibility")) && bytes.EqualFold(value, []byte("hidden")) {
			return true
		}
	}
	return false
}

func (p *page) start(z *xhtml.Tokenizer, tag atom.Atom, more bool) {
	known := tagBits[tag]
	if tag == 0 {
		known = isBlock // an element of the page's own making is most often a box
	}
	bits, columns := p.attributes(z, tag, more)
	switch {
	case tag == atom.Html:
		return
	case tag == atom.Body:
		p.popTo(atom.Head)
		bits = 0
	case known&isVoid != 0:
		p.void(tag)
		return
	case tag == atom.A:
		p.link = p.href
	case tag == atom.Math, p.math.script:
		p.math.begin(tag, p.hard == 0)
	}
	if p.pre > 0 && known&isBlock != 0 && tag != atom.Pre && p.hard == 0 && bits&isAside == 0 {
		p.line = true // an element for each line
		p.lines++
		return
	}
	if known&isBlock != 0 && tag != 0 && p.stack[len(p.stack)-1].tag == atom.Head {
		p.pop() // the body began without saying so
	}
	if known&isBlock != 0 && p.hard == 0 {
		p.flush()
		p.implyEnds(tag)
	}
	if len(p.stack) >= maxDepth {
		return
	}
	hard := known&isHard != 0
	if tag == atom.Article || tag == atom.Main {
		bits = 0
	}
	o := open{tag, -1, hard}
	if known&isBlock != 0 && p.hard == 0 && !hard {
		if tag == atom.Header && !p.inside(atom.Article, atom.Main) {
			bits |= isAside
		}
		o.elem = int32(len(p.elems))
		p.elems = append(p.elems, element{tag: tag, bits: known | bits, parent: p.top(), columns: columns})
		if tag == atom.Pre {
			p.pre++
		}
	} else if bits&isAside != 0 && tag != atom.A && known&isHard == 0 {
		o.hard = true // a hidden or foreign piece inside a line
	}
	if o.hard {
		p.hard++
	}
	p.stack = append(p.stack, o)
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
	if o.elem >= 0 {
		p.elems[o.elem].end = int32(len(p.elems))
		if o.tag == atom.Pre {
			p.pre--
			p.lines, p.line = 0, false
		}
	}
}

// finish ends the innermost open element of a tag and all inside it. The end of
// an inline element does not end blocks around it.
func (p *page) finish(tag atom.Atom) {
	if p.math.reading() {
		if tex, ended := p.math.finish(tag); !ended {
			return
		} else if tex != "" {
			p.formula([]byte(tex))
		}
	}
	inline := tag != 0 && tagBits[tag]&isBlock == 0
	if p.lines > 0 && !inline && tag != atom.Pre && p.hard == 0 {
		p.line = true
		p.lines--
		return
	}
	if tag == atom.A {
		p.link = false
	}
	if !inline && p.hard == 0 {
		p.flush()
	}
	for i := len(p.stack) - 1; i > 0; i-- {
		o := p.stack[i]
		if o.tag == tag {
			for len(p.stack) > i {
				p.pop()
			}
			return
		}
		if inline && o.elem >= 0 && !p.stack[i].hard {
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
