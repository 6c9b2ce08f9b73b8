package html

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// verdict is what is thought of a block.
type verdict uint8

const (
	short verdict = iota // says nothing by itself
	good
	bad
	kept // by its neighbours
)

// Bounds of the verdicts, in letters and shares.
const (
	goodLetters  = 100
	goodLinks    = 0.33
	badLinks     = 0.5
	longLetters  = 250  // so much running text may have more links
	longLinks    = 0.66 //
	articleShare = 0.85 // of the good letters: how far the article is narrowed
	articleText  = 0.92 // of all letters: an article with little good text is one if it holds so much
	wholeShare   = 0.8  // of those in article elements: one of them is all
	namedShare   = 0.5  // of them in an article or main element: taken at its word
	asideShare   = 0.5  // of all letters: what holds more is the page, whatever its name
)

// judge gives every block a verdict and sums up letters by element.
func (p *page) judge() {
	for i := range p.blocks {
		b := &p.blocks[i]
		p.elems[b.elem].letters += b.letters - b.links
		if b.verdict = p.first(b); b.verdict == good {
			p.elems[b.elem].good += b.letters - b.links
		}
	}
	p.sum(func(e *element) *int32 { return &e.letters })
	p.sum(func(e *element) *int32 { return &e.good })
	p.inherit()
	p.applyLabels()
	p.inherit()
	p.relieve()
	for i := range p.elems {
		p.elems[i].good = 0
	}
	for i := range p.blocks {
		b := &p.blocks[i]
		e := &p.elems[b.elem]
		b.comment = b.comment || e.bits&isComment != 0
		if b.comment || e.bits&(isAside|isNamed) != 0 || e.own&isNamed != 0 && e.own&isLeaf != 0 && b.verdict != good {
			b.verdict = bad
		}
		if b.verdict != good && (b.letters == 0 && !b.pre && !p.dataCell(b) || e.bits&isFact != 0 && !p.endsSentence(b) && !p.dataCell(b) || p.action(b)) {
			b.verdict = bad
		}
		if b.verdict == good {
			e.good += b.letters - b.links
			p.elems[p.box(b.elem)].bits |= isBox
		}
	}
	p.sum(func(e *element) *int32 { return &e.good })
}

// inherit hands down what elements are to those inside. What holds most of the
// text is the page, whatever its name; what readers wrote is it only if there is
// nothing else. The name of a paragraph says nothing about a long one.
func (p *page) inherit() {
	letters, total := p.elems[0].letters, p.elems[0].good
	for i := 1; i < len(p.elems); i++ { // parents come first
		e := &p.elems[i]
		up := p.elems[e.parent].bits & (isAside | isNamed | isComment)
		fact := p.elems[e.parent].bits & isFact
		e.bits = e.own
		if up == 0 && float64(e.letters) > asideShare*float64(letters) {
			e.bits &^= isAside | isNamed
		}
		if up == 0 && total-e.good < goodLetters {
			e.bits &^= isComment
		}
		if e.own&isLeaf != 0 && e.tag != atom.Li {
			e.bits &^= isNamed
		}
		e.bits |= up | fact
	}
}

// sum adds every element's number to those around it.
func (p *page) sum(of func(*element) *int32) {
	for i := len(p.elems) - 1; i > 0; i-- {
		e := &p.elems[i]
		*of(&p.elems[e.parent]) += *of(e)
	}
}

// box is the element that a block stands in beside others: lists, tables,
// quotations and paragraphs are no boxes, nor is an element with this block only.
func (p *page) box(e int32) int32 {
	for e > 0 && (p.elems[e].own&isInner != 0 || p.elems[e].last-p.elems[e].first <= 1) {
		e = p.elems[e].parent
	}
	return e
}

// first is the verdict on a block by itself.
func (p *page) first(b *block) verdict {
	links := float64(b.links) / float64(max(b.letters, 1))
	switch {
	case p.notice(b):
		return bad
	case b.pre && b.letters >= 20 && links < goodLinks:
		return good
	case b.letters >= goodLetters && links <= goodLinks && b.marks > 0,
		b.letters >= longLetters && links <= longLinks && b.marks >= 3:
		return good
	case links > badLinks:
		return bad
	}
	return short
}

// article finds the element that holds the article: an article or main element
// with enough of the good text, else the smallest that holds most of it. It is
// -1 when there is no good text.
func (p *page) article() int32 {
	total := p.elems[0].good
	if total == 0 {
		return -1
	}
	cur, one, articles := int32(0), int32(-1), int32(0)
	for i := int32(0); i < int32(len(p.elems)); i++ {
		e := &p.elems[i]
		if e.bits&(isAside|isNamed|isComment) != 0 {
			continue
		}
		if e.tag == atom.Main && float64(e.good) >= namedShare*float64(total) {
			cur = i
		}
		if e.tag == atom.Article {
			if articles += e.good; one < 0 || e.good > p.elems[one].good {
				one = i
			}
			i = e.end - 1 // articles inside are parts of it
		}
	}
	if one >= 0 && float64(p.elems[one].good) >= max(wholeShare*float64(articles), namedShare*float64(p.elems[cur].good)) {
		return one
	}
	total = p.elems[cur].good
	for {
		best := int32(-1)
		for c := cur + 1; c < p.elems[cur].end; c = p.elems[c].end {
			if best < 0 || p.elems[c].good > p.elems[best].good {
				best = c
			}
		}
		if best < 0 || p.elems[best].own&isLeaf != 0 || float64(p.elems[best].good) < articleShare*float64(total) {
			return cur
		}
		cur = best
	}
}

// choose settles which blocks stay; others than those of the article go.
func (p *page) choose(article int32) {
	first, last := int(p.elems[article].first), int(p.elems[article].last)
	for i := range p.blocks {
		if i < first || i >= last {
			b := &p.blocks[i]
			b.far, b.verdict = b.verdict == short, bad
		}
	}
	p.nearTables(article)
	lastGood := -1
	for i := first; i < last; i++ {
		if p.blocks[i].verdict == good {
			lastGood = i
		}
	}
	seen := false // good text before
	for i := first; i < last; i++ {
		b := &p.blocks[i]
		heading := p.elems[b.elem].own&isHeading != 0
		switch {
		case b.verdict == good:
			seen = true
		case heading:
			if (b.verdict != bad || b.label == noLabel && !p.gone(b)) && p.leads(i, last) {
				b.verdict = kept
			}
		case b.verdict == bad:
		case p.elems[b.elem].tag == atom.Dt && i+1 < last && (p.blocks[i+1].verdict == good || p.blocks[i+1].verdict == short && p.endsSentence(&p.blocks[i+1])):
			b.verdict = kept // the term of a description that stays
		case seen && i < lastGood, p.endsSentence(b), p.continues(i, first), p.elems[p.box(b.elem)].bits&isBox != 0:
			b.verdict = kept
		}
	}
}

// nearLevels is how far around the article tables that belong to it may stand.
const nearLevels = 3

// nearTables keeps the tables of data and lists of properties beside the article
// that have few links, such as the specification of a product.
func (p *page) nearTables(article int32) {
	around := article
	for range nearLevels {
		around = p.elems[around].parent
	}
	for t := around + 1; t < p.elems[around].end; t++ {
		el := &p.elems[t]
		if t > article && t < p.elems[article].end || el.bits&(isAside|isNamed|isComment) != 0 ||
			!(el.tag == atom.Table && p.dataTable(t) || el.tag == atom.Ul && p.dataList(t)) || p.share(t) > goodLinks {
			continue
		}
		for i := el.first; i < el.last; i++ {
			if p.blocks[i].far {
				p.blocks[i].verdict = kept
			}
		}
	}
}

// dataList reports whether a list is one of properties: most of its items have a
// name, a colon and a value.
func (p *page) dataList(l int32) bool {
	n, items := 0, int(p.elems[l].last-p.elems[l].first)
	for i := p.elems[l].first; i < p.elems[l].last && items >= 3; i++ {
		b := &p.blocks[i]
		if text := p.text[b.start:b.end]; b.label == noLabel && b.letters <= labelLetters && (bytes.Contains(text, []byte("：")) || bytes.Contains(text, []byte(": "))) {
			n++
		}
	}
	return items >= 3 && 10*n >= 7*items
}

// gone reports whether a block goes by where it stands.
func (p *page) gone(b *block) bool {
	return b.comment || p.elems[b.elem].bits&(isAside|isNamed|isComment) != 0
}

// leads reports whether text that stays follows a heading before the next heading
// but one.
func (p *page) leads(i, last int) bool {
	headings := 0
	for j := i + 1; j < last && headings < 2 && j < i+8; j++ {
		b := &p.blocks[j]
		if p.elems[b.elem].own&isHeading != 0 {
			headings++
			continue
		}
		if b.verdict == good || b.verdict == short && p.endsSentence(b) {
			return true
		}
	}
	return false
}

// continues reports whether a short list item, cell or line of code goes on from
// one that stays.
func (p *page) continues(i, first int) bool {
	if i == first {
		return false
	}
	b, before := &p.blocks[i], &p.blocks[i-1]
	if before.verdict != good && before.verdict != kept {
		return false
	}
	return b.pre || p.ancestor(b.elem, atom.Li, atom.Dd) > 0 || p.ancestor(b.elem, atom.Td, atom.Th) > 0
}

// endsSentence reports whether a block ends as a sentence does.
func (p *page) endsSentence(b *block) bool {
	if b.letters < 12 {
		return false
	}
	t := bytes.TrimRight(p.text[b.start:b.end], "\"')]”’」』）》")
	r, _ := utf8.DecodeLastRune(t)
	switch r {
	case '.', '!', '?', ';', ':', '。', '！', '？', '；', '：', '…':
		return true
	}
	return false
}

// anythingLetters is the least mean length of the blocks of a page without an
// article: labels of a form and headings of boxes are no text.
const anythingLetters = 25

// anything keeps all that is no list of links: for pages without an article.
func (p *page) anything() {
	var blocks, letters int32
	sentence := false
	for i := range p.blocks {
		b := &p.blocks[i]
		heading := p.elems[b.elem].own&isHeading != 0 && b.label == noLabel && !p.gone(b) && p.leads(i, len(p.blocks))
		if b.verdict == short || b.verdict == good || heading {
			b.verdict = kept
			blocks++
			letters += b.letters
			sentence = sentence || p.endsSentence(b)
		}
	}
	if sentence || letters >= anythingLetters*blocks {
		return
	}
	for i := range p.blocks {
		p.blocks[i].verdict = bad
	}
}

// everything keeps all blocks.
func (p *page) everything() {
	for i := range p.blocks {
		p.blocks[i].verdict = kept
	}
}

// actLetters bounds what is taken for the buttons of a page.
const actLetters = 45

// action reports whether a block is made of anchors that lead nowhere: of buttons.
func (p *page) action(b *block) bool {
	return b.letters < actLetters && 10*(b.acts+b.links) > 9*b.letters && b.acts > 0 && p.elems[b.elem].own&isHeading == 0 && !p.endsSentence(b)
}

// drop leaves nothing.
func (p *page) drop() {
	for i := range p.blocks {
		p.blocks[i].verdict = bad
	}
}
