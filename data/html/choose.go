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
	articleShare = 0.7  // of the good letters: how far the article is narrowed
	namedShare   = 0.5  // of them in an article or main element: taken at its word
	asideShare   = 0.5  // of all letters: what holds more is the page, whatever its name
)

// judge gives every block a first verdict and sums up letters by element.
func (p *page) judge(comments bool) {
	for i := range p.blocks {
		b := &p.blocks[i]
		p.elems[b.elem].letters += b.letters - b.links
	}
	p.sum(func(e *element) *int32 { return &e.letters })
	total := p.elems[0].letters
	drop := uint16(isAside | isComment)
	if comments {
		drop = isAside
	}
	for i := 1; i < len(p.elems); i++ { // parents come first
		e := &p.elems[i]
		up := p.elems[e.parent].bits & (isAside | isComment)
		if float64(e.letters) > asideShare*float64(total) && up == 0 {
			e.bits &^= isAside | isComment
		}
		e.bits |= up
	}
	for i := range p.blocks {
		b := &p.blocks[i]
		b.verdict = b.first()
		if p.elems[b.elem].bits&drop != 0 {
			b.verdict = bad
		}
		if b.verdict == good {
			p.elems[b.elem].good += b.letters - b.links
		}
	}
	p.sum(func(e *element) *int32 { return &e.good })
}

// sum adds every element's number to those around it.
func (p *page) sum(of func(*element) *int32) {
	for i := len(p.elems) - 1; i > 0; i-- {
		e := &p.elems[i]
		*of(&p.elems[e.parent]) += *of(e)
	}
}

// first is the verdict on a block by itself.
func (b *block) first() verdict {
	links := float64(b.links) / float64(max(b.letters, 1))
	switch {
	case b.copyright && b.letters < 3*goodLetters:
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
	cur := int32(0)
	for i := range p.elems {
		e := &p.elems[i]
		named := e.tag == atom.Article || e.tag == atom.Main
		if named && float64(e.good) >= namedShare*float64(total) {
			cur = int32(i)
			if e.tag == atom.Article {
				return cur
			}
		}
	}
	for {
		best := int32(-1)
		for c := cur + 1; c < p.elems[cur].end; c = p.elems[c].end {
			if p.elems[c].parent != cur {
				break
			}
			if best < 0 || p.elems[c].good > p.elems[best].good {
				best = c
			}
		}
		if best < 0 || p.elems[best].bits&isLeaf != 0 || float64(p.elems[best].good) < articleShare*float64(total) {
			return cur
		}
		cur = best
	}
}

// choose settles which blocks stay; others than those of the article go.
func (p *page) choose(article int32) {
	first, last := p.span(article)
	for i := range p.blocks {
		if i < first || i >= last {
			p.blocks[i].verdict = bad
		}
	}
	lastGood := -1
	for i := first; i < last; i++ {
		if p.blocks[i].verdict == good {
			lastGood = i
		}
	}
	seen := false // good text before
	for i := first; i < last; i++ {
		b := &p.blocks[i]
		heading := p.elems[b.elem].bits&isHeading != 0
		switch {
		case b.verdict == good:
			seen = true
		case b.verdict == bad:
		case heading:
			if p.leads(i, last) {
				b.verdict = kept
			}
		case seen && i < lastGood, p.endsSentence(b), p.continues(i, first):
			b.verdict = kept
		}
	}
}

// span is the range of blocks inside an element.
func (p *page) span(e int32) (first, last int) {
	for first < len(p.blocks) && p.blocks[first].elem < e {
		first++
	}
	last = first
	for last < len(p.blocks) && p.blocks[last].elem < p.elems[e].end {
		last++
	}
	return first, last
}

// leads tells whether text that stays follows a heading before the next heading
// but one.
func (p *page) leads(i, last int) bool {
	headings := 0
	for j := i + 1; j < last && headings < 2 && j < i+8; j++ {
		b := &p.blocks[j]
		if p.elems[b.elem].bits&isHeading != 0 {
			headings++
			continue
		}
		if b.verdict == good || b.verdict == short && p.endsSentence(b) {
			return true
		}
	}
	return false
}

// continues tells whether a short list item, cell or line of code goes on from
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

// endsSentence tells whether a block ends as a sentence does.
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
		if b := &p.blocks[i]; b.verdict == short || b.verdict == good {
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
