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

// judge gives every block a first verdict and sums up letters by element. Without
// names no element is left out for its class or id.
func (p *page) judge(comments, names bool) {
	for i := range p.elems {
		e := &p.elems[i]
		e.letters, e.good = 0, 0
		if !names && e.bits&isNamed != 0 {
			e.bits &^= isAside | isNamed
		}
	}
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
		b.verdict = p.first(b)
		if p.elems[b.elem].bits&drop != 0 && !(b.verdict == good && p.plainParagraph(b)) {
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

// plainParagraph reports whether a block is running text in a paragraph of its own
// that is left out for its own class alone: what names mean there is another thing
// than around a menu.
func (p *page) plainParagraph(b *block) bool {
	e := &p.elems[b.elem]
	const named = isLeaf | isNamed
	return e.bits&named == named && p.elems[e.parent].bits&isAside == 0
}

// first is the verdict on a block by itself.
func (p *page) first(b *block) verdict {
	links := float64(b.links) / float64(max(b.letters, 1))
	switch {
	case b.letters < 3*goodLetters && p.claimsRights(b), b.letters < goodLetters && memberLine(p.text[b.start:b.end]):
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

// claimsRights reports whether a block is a line of copyright: it begins with the
// sign, or a year or a name stands behind it as they do in one.
func (p *page) claimsRights(b *block) bool {
	if b.sign == 0 {
		return false
	}
	before := bytes.TrimRight(p.text[b.start:b.sign-len("©")], " ")
	after := bytes.TrimLeft(p.text[b.sign:b.end], " ")
	year := len(after) >= 4 && (after[0] == '1' || after[0] == '2') && after[1] >= '0' && after[1] <= '9'
	return len(before) == 0 || year || bytes.HasSuffix(bytes.ToLower(before), []byte("copyright"))
}

// memberLines begin the lines beside a forum's posts that say who wrote them.
var memberLines = [][]byte{
	[]byte("posts:"), []byte("joined:"), []byte("join date:"), []byte("location:"), []byte("reputation:"), []byte("rank:"), []byte("threads:"),
	[]byte("registered:"), []byte("member since"), []byte("帖子"), []byte("积分"), []byte("注册时间"), []byte("精华"), []byte("威望"), []byte("等级"),
	[]byte("在线时间"), []byte("最后登录"), []byte("主题数"), []byte("金币"),
}

// memberLine reports whether a line is one of them, with a number or a word behind.
func memberLine(line []byte) bool {
	if len(line) > 60 {
		return false
	}
	line = bytes.ToLower(bytes.TrimSpace(line))
	for _, m := range memberLines {
		if rest, ok := bytes.CutPrefix(line, m); ok {
			return m[len(m)-1] < utf8.RuneSelf || len(rest) == 0 || rest[0] <= ' ' || rest[0] == ':' || rest[0] >= '0' && rest[0] <= '9' || bytes.HasPrefix(rest, []byte("："))
		}
	}
	return false
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
		best, before := int32(-1), int32(0) // good letters in front of the best
		sofar := int32(0)
		for c := cur + 1; c < p.elems[cur].end; c = p.elems[c].end {
			if p.elems[c].parent != cur {
				break
			}
			if best < 0 || p.elems[c].good > p.elems[best].good {
				best, before = c, sofar
			}
			sofar += p.elems[c].good
		}
		if best >= 0 && before > 0 && p.elems[best].bits&isLeaf == 0 {
			return cur // a question, or the beginning of the article
		}
		if best < 0 || p.elems[best].bits&isLeaf != 0 || float64(p.elems[best].good) < articleShare*float64(total) {
			return cur
		}
		cur = best
	}
}

// choose settles which blocks stay; others than those of the article go, but for the
// page's main heading and what stands between it and the article, and readers'
// comments where they are wanted.
func (p *page) choose(article int32, comments bool) {
	first, last := p.span(article)
	for i := range p.blocks {
		if i < first || i >= last {
			p.outside(i, comments)
		}
	}
	lastGood := -1
	for i := first; i < last; i++ {
		if p.blocks[i].verdict == good {
			lastGood = i
		}
	}
	p.tablesAndLists(first, last)
	seen := false // good text before
	for i := first; i < last; i++ {
		b := &p.blocks[i]
		heading := p.elems[b.elem].bits&isHeading != 0
		switch {
		case b.verdict == good:
			seen = true
		case b.verdict == bad || b.verdict == kept:
		case heading:
			if p.leads(i, last) {
				b.verdict = kept
			}
		case seen && i < lastGood, p.endsSentence(b), p.continues(i, first):
			b.verdict = kept
		}
	}
	p.mainHeading(first)
}

// outside judges a block that is not in the article.
func (p *page) outside(i int, comments bool) {
	b := &p.blocks[i]
	if comments && p.elems[b.elem].bits&isComment != 0 && (b.verdict == good || b.verdict == short && b.letters >= 12) {
		b.verdict = kept
		return
	}
	b.verdict = bad
}

// mainHeading keeps the page's first main heading, where it stands in front of the
// article, and sentences between the two: an introduction, or a question.
func (p *page) mainHeading(first int) {
	for i := range first {
		b := &p.blocks[i]
		if p.elems[b.elem].tag != atom.H1 || p.elems[b.elem].bits&isAside != 0 && p.elems[b.elem].bits&isNamed != 0 {
			continue
		}
		if 2*b.links > b.letters {
			continue // the name of the site
		}
		b.verdict = kept
		for k := i + 1; k < first; k++ {
			c := &p.blocks[k]
			if p.elems[c.elem].bits&(isAside|isComment) == 0 && p.first(c) != bad && p.endsSentence(c) {
				c.verdict = kept
			}
		}
		return
	}
}

// tablesAndLists takes links in tables of data, in lists of text and in quotations for
// the text they are there.
func (p *page) tablesAndLists(first, last int) {
	for i := first; i < last; i++ {
		b := &p.blocks[i]
		if b.verdict != bad || p.elems[b.elem].bits&(isAside|isComment) != 0 || p.claimsRights(b) {
			continue
		}
		table := p.ancestor(b.elem, atom.Table, atom.Table)
		list := p.ancestor(b.elem, atom.Ul, atom.Ol)
		switch {
		case p.ancestor(b.elem, atom.Blockquote, atom.Blockquote) > 0 && b.marks > 0:
			b.verdict = kept
		case table > list && p.dataTable(table, i), list > table && p.textList(list, i):
			b.verdict = kept
		}
	}
}

// dataTable reports whether a table has rows of several cells, and a heading or a cell
// that is no link.
func (p *page) dataTable(table int32, at int) bool {
	e := &p.elems[table]
	if e.seen == 0 {
		e.seen = 1
		rows, plain := 0, false
		for i := p.firstBlock(table, at); i < len(p.blocks) && p.blocks[i].elem < e.end; i++ {
			if row, cells := p.row(i); row > 0 && cells > 1 {
				rows++
			}
			plain = plain || 2*p.blocks[i].links <= p.blocks[i].letters
		}
		if rows > 1 && plain {
			e.seen = 2
		}
	}
	return e.seen == 2
}

// textList reports whether most of a list's items are more than links, or its links
// are sentences.
func (p *page) textList(list int32, at int) bool {
	e := &p.elems[list]
	if e.seen == 0 {
		e.seen = 1
		blocks, text, letters := 0, 0, int32(0)
		for i := p.firstBlock(list, at); i < len(p.blocks) && p.blocks[i].elem < e.end; i++ {
			b := &p.blocks[i]
			blocks++
			letters += b.letters
			if 2*b.links <= b.letters {
				text++
			}
		}
		if 3*text >= blocks || letters >= 120*int32(blocks) {
			e.seen = 2
		}
	}
	return e.seen == 2
}

// firstBlock returns the first block of an element that holds block i.
func (p *page) firstBlock(e int32, i int) int {
	for i > 0 && p.blocks[i-1].elem >= e && p.blocks[i-1].elem < p.elems[e].end {
		i--
	}
	return i
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
	p.tablesAndLists(0, len(p.blocks))
	var blocks, letters int32
	sentence := false
	for i := range p.blocks {
		if b := &p.blocks[i]; b.verdict != bad {
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
