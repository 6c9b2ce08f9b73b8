package html

import (
	"bytes"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// attributes is what matters of those of a start tag.
type attributes struct {
	bits    uint16
	href    bool   // leads somewhere
	display bool   // a formula on a line of its own
	tex     []byte // what the element stands for
	hides   bool
	named   bool // has a name to be led to
	cols    uint8
	rows    uint8
}

var (
	mathTeX    = []byte("math/tex")
	mwFallback = []byte("mwe-math-fallback-image")
)

// attributes reads a start tag. It scans the bytes of the tag itself, since most
// attributes say nothing and the tokenizer would decode and copy each of them.
func (p *page) attributes(raw []byte, tag atom.Atom) (a attributes) {
	var rel, href, alt []byte
	texPicture := false
	for i := 0; i < len(raw); {
		var k, value []byte
		if k, value, i = nextAttribute(raw, i); len(k) == 0 || len(k) > longKey {
			continue
		}
		var low [longKey]byte
		key := low[:copy(low[:], k)]
		for j, c := range key {
			if c >= 'A' && c <= 'Z' {
				key[j] = c | 0x20
			}
		}
		switch string(key) {
		case "class", "id":
			a.bits |= attributeBits(value)
			a.named = a.named || key[0] == 'i'
			if tag == atom.Img {
				texPicture = texPicture || texClass(value)
			} else if tag == atom.Sup && (bytes.Contains(value, []byte("ref")) || bytes.Contains(value, []byte("sup--normal"))) {
				a.hides = true
			}
		case "role":
			if asideRole(value) {
				a.bits |= isAside
			}
		case "hidden":
			a.hides = true
		case "aria-hidden":
			a.hides = a.hides || string(value) == "true"
		case "style":
			a.hides = a.hides || hides(value)
		case "lang", "xml:lang":
			p.language(tag, value)
		case "xmlns":
			p.xml = p.xml || tag == atom.Html && string(value) == "http://www.w3.org/1999/xhtml"
		case "alttext", "data-tex", "data-latex", "data-formula":
			if len(a.tex) == 0 {
				a.tex = value
			}
		case "display", "mode":
			a.display = a.display || string(value) == "block" || string(value) == "true"
		case "type":
			if tag == atom.Script && bytes.HasPrefix(value, mathTeX) {
				a.tex, a.display = value, bytes.Contains(value, []byte("display"))
			}
		case "alt":
			alt = value
		case "name":
			a.named = true
		case "colspan":
			a.cols = span(value)
		case "rowspan":
			a.rows = span(value)
		case "eeimg":
			texPicture = true
		case "rel":
			rel = value
		case "href":
			a.href, href = true, value
		}
	}
	if tag == atom.Img {
		if a.tex = nil; texPicture || styled(alt) {
			a.tex = alt
		}
	}
	if a.tex != nil {
		a.tex = []byte(xhtml.UnescapeString(string(a.tex)))
	}
	if tag == atom.Link && string(rel) == "canonical" {
		p.canonical = strings.TrimSpace(xhtml.UnescapeString(string(href)))
	}
	if a.hides {
		a.bits |= isAside
	}
	return a
}

// texClass reports whether a picture's classes say that its alternative text is TeX.
func texClass(classes []byte) bool {
	for _, c := range bytes.Fields(classes) {
		switch string(c) {
		case "tex", "latex", "math-tex", "equation_image":
			return true
		}
		if bytes.HasPrefix(c, mwFallback) {
			return true
		}
	}
	return false
}

func asideRole(role []byte) bool {
	switch string(role) {
	case "navigation", "banner", "complementary", "contentinfo", "search", "menu", "menubar", "toolbar", "dialog":
		return true
	}
	return false
}

func (p *page) language(tag atom.Atom, lang []byte) {
	if tag == atom.Html {
		p.lang = string(lang)
	}
}

// longKey bounds the names of attributes that are known.
const longKey = 16

// nextAttribute reads an attribute of a tag from i on, after the rules of HTML:
// its name as it is written, its value without quotes and not decoded, and where
// the next one may begin.
func nextAttribute(raw []byte, i int) (key, value []byte, next int) {
	for i < len(raw) && (raw[i] <= ' ' || raw[i] == '/' || raw[i] == '>') {
		i++
	}
	from := i
	for i < len(raw) && raw[i] > ' ' && raw[i] != '/' && raw[i] != '>' && (raw[i] != '=' || i == from) {
		i++
	}
	key = raw[from:i]
	for i < len(raw) && raw[i] <= ' ' {
		i++
	}
	if i >= len(raw) || raw[i] != '=' {
		return key, nil, i
	}
	for i++; i < len(raw) && raw[i] <= ' '; i++ {
	}
	if i < len(raw) && (raw[i] == '"' || raw[i] == '\'') {
		n := bytes.IndexByte(raw[i+1:], raw[i])
		if n < 0 {
			n = len(raw) - i - 1
		}
		return key, raw[i+1 : i+1+n], min(i+2+n, len(raw))
	}
	from = i
	for i < len(raw) && raw[i] > ' ' && raw[i] != '>' {
		i++
	}
	return key, raw[from:i], i
}

// span reads how many columns or rows a cell has besides its first. Nobody needs
// more than a few; what says more is an accident.
func span(value []byte) uint8 {
	n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
	if err != nil || n < 2 || n > maxSpan {
		return 0
	}
	return uint8(n - 1)
}

const maxSpan = 20

// hides reports whether a style attribute makes an element invisible.
func hides(style []byte) bool {
	for len(style) > 0 {
		var decl []byte
		decl, style, _ = bytes.Cut(style, []byte(";"))
		key, value, _ := bytes.Cut(decl, []byte(":"))
		key, value = bytes.TrimSpace(key), bytes.TrimSpace(value)
		if bytes.EqualFold(key, []byte("display")) && bytes.EqualFold(value, []byte("none")) ||
			bytes.EqualFold(key, []byte("visibility")) && bytes.EqualFold(value, []byte("hidden")) {
			return true
		}
	}
	return false
}

// foreign handles what stands for a formula; it reports whether the element was
// one and is done.
func (p *page) foreign(z *xhtml.Tokenizer, tag atom.Atom, a attributes) bool {
	switch {
	case tag == atom.Math:
		tex := a.tex
		if inner := p.math(z); len(tex) == 0 {
			tex = inner
		}
		if p.hard == 0 && p.skip == 0 {
			p.formula(tex, a.display)
		}
		return true
	case tag == atom.Script && a.tex != nil && p.hard == 0:
		if z.Next() == xhtml.TextToken {
			p.formula(z.Text(), a.display)
		}
		return true
	case tag == atom.Img && a.tex != nil && p.hard == 0:
		p.formula(a.tex, a.display)
		return true
	}
	return false
}

// kind tells what an element is by its name. Elements of a page's own making are
// most often boxes; those of ruby, of office programs and of formulas are not.
func kind(name []byte, tag atom.Atom) uint16 {
	if tag != 0 {
		return tagBits[tag]
	}
	if string(name) == "rb" || string(name) == "rtc" || bytes.HasPrefix(name, []byte("mjx-")) || bytes.IndexByte(name, ':') > 0 {
		return 0
	}
	return isBlock
}

// longTag bounds the names of elements that are looked up; longer ones are cut.
const longTag = 24

// tagOf reads the name of a start or end tag, in lower case, and what follows it.
func tagOf(raw []byte, name *[longTag]byte) (tag, rest []byte) {
	i := 1
	if i < len(raw) && raw[i] == '/' {
		i++
	}
	n := 0
	for ; i < len(raw) && raw[i] > ' ' && raw[i] != '/' && raw[i] != '>'; i++ {
		if n == len(name) {
			continue
		}
		c := raw[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		name[n] = c
		n++
	}
	return name[:n], raw[i:]
}

func (p *page) start(z *xhtml.Tokenizer, name []byte, tag atom.Atom, rest []byte) {
	var a attributes
	if len(rest) > 2 {
		a = p.attributes(rest, tag)
	}
	known := kind(name, tag)
	if n := string(name); n == "rt" || n == "rp" || n == "rb" || n == "rtc" {
		p.endRuby()
	}
	bits := a.bits
	if tag == 0 && bytes.HasPrefix(name, []byte("mjx-")) {
		bits &^= isMark // the MathML is inside
	}
	p.named = p.named || bits&isNamed != 0
	if p.plain {
		bits &^= isNamed
	}
	if p.foreign(z, tag, a) {
		return
	}
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
		p.endLink()
	}
	if known&isBlock != 0 && tag != 0 && p.stack[len(p.stack)-1].tag == atom.Head {
		p.pop() // the body began without saying so
	}
	if tag == atom.Article || tag == atom.Main {
		bits &= isAside // a theme's names say nothing about it
		if !a.hides {
			bits = 0
		}
	}
	if p.pre > 0 && p.hard == 0 && known&isHard == 0 && (bits&(isMark|isLine) != 0 || known&isBlock != 0) {
		p.startInPre(tag, known, bits)
		return
	}
	if known&isBlock != 0 && p.hard == 0 {
		p.flush()
		p.implyEnds(tag)
	}
	p.push(tag, known, a, bits)
}

// push puts an element on the stack, if that matters for what is inside.
func (p *page) push(tag atom.Atom, known uint16, a attributes, bits uint16) {
	hard := known&isHard != 0 || bits&isMark != 0
	block := known&isBlock != 0 && p.hard == 0 && !hard
	tex := a.tex != nil && known&isHard == 0 && p.hard == 0 && p.skip == 0
	if !block && !hard && bits&(isAside|isNamed|isComment) != 0 && known&isBlock == 0 && tag != atom.A {
		// A hidden or foreign piece inside a line; a name alone hides no long text,
		// and what is named so most often is a button or a count.
		hard = true
	}
	link, act := tag == atom.A && a.href, tag == atom.A && !a.href && !a.named
	if !block && !hard && !link && !act && !tex && p.inlines == 0 && p.hard == 0 {
		return // says nothing
	}
	if len(p.stack) >= maxDepth {
		if hard && p.skip == 0 && p.hard == 0 {
			p.skip = tag
		} else {
			p.deep++
		}
		return
	}
	if tex {
		p.formula(a.tex, a.display)
		hard = true
	}
	o := open{tag: tag, elem: -1, hard: hard, link: link, act: act}
	if block && !hard {
		if tag == atom.Header && !p.inside(atom.Article, atom.Main) {
			bits |= isAside
		}
		o.elem = int32(len(p.elems))
		p.elems = append(p.elems, element{tag: tag, own: known | bits, parent: p.top(), first: int32(len(p.blocks)), cols: a.cols, rows: a.rows})
		if tag == atom.Pre {
			p.pre++
		}
	} else {
		p.inlines++
	}
	if hard {
		p.hard++
	}
	if link {
		p.links++
	}
	if act {
		p.acts++
	}
	p.stack = append(p.stack, o)
}

// startInPre begins an element of preformatted text: boxes and rows are lines,
// numbers of lines are none.
func (p *page) startInPre(tag atom.Atom, known, bits uint16) {
	if len(p.stack) >= maxDepth {
		p.deep++
		return
	}
	mark := bits&isMark != 0
	line := !mark && (bits&isLine != 0 || tag != atom.Td && tag != atom.Th)
	if line {
		p.beginLine()
	}
	p.stack = append(p.stack, open{tag: tag, elem: -1, hard: mark, line: line, at: len(p.text)})
	p.inlines++
	if mark {
		p.hard++
	}
}

// endRuby ends the reading, or the bracket around it, that a new one ends.
func (p *page) endRuby() {
	for i := len(p.stack) - 1; i > 0 && p.stack[i].elem < 0; i-- {
		if t := p.stack[i].tag; t == atom.Rt || t == atom.Rp {
			for len(p.stack) > i {
				p.pop()
			}
			return
		}
	}
}
