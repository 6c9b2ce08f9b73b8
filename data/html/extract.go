package html

import (
	"fmt"
	"strings"

	"golang.org/x/net/html/atom"
)

// Result is what a page holds.
type Result struct {
	Text      string // empty when the page has no text worth keeping
	Title     string // of the title element
	Language  string // as the html element says, such as "zh-CN"
	Canonical string // the address the page gives itself
}

// Extractor takes text out of pages. It is for one goroutine; its memory grows
// to the largest page and is used again.
type Extractor struct {
	cfg  Config
	page page
}

// New returns an extractor.
func New(cfg Config) (*Extractor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("html: %w", err)
	}
	return &Extractor{cfg: cfg}, nil
}

// Extract reads a page, which must be UTF-8; invalid bytes pass through. The
// result does not depend on pages read before.
func (x *Extractor) Extract(src []byte) Result {
	p := &x.page
	// The tokenizer stops early only at a token that is too long, and there is no
	// such limit here: what was read is the page.
	_ = p.parse(src)
	r := Result{
		Title: strings.ToValidUTF8(p.title, "\uFFFD"), Language: strings.ToValidUTF8(p.lang, "\uFFFD"),
		Canonical: strings.ToValidUTF8(p.canonical, "\uFFFD"),
	}
	if x.cfg.Extractor == ExtractorNone {
		p.everything()
	} else {
		x.choose(true)
	}
	letters := x.letters()
	if letters < max(x.cfg.MinLetters, 1) && x.cfg.Extractor != ExtractorNone && len(p.blocks) > 0 {
		// Names of classes may lie: nothing is left, so the page is tried without.
		x.choose(false)
		letters = x.letters()
	}
	if letters >= x.cfg.MinLetters && letters > 0 {
		r.Text = p.emit()
	}
	return r
}

// choose settles which blocks stay; with names, what classes and ids say counts.
func (x *Extractor) choose(names bool) {
	p := &x.page
	p.judge(x.cfg.Comments, names)
	article := p.article()
	switch {
	case article >= 0 && (x.cfg.Precision || int(p.elems[article].good) >= 2*x.cfg.MinLetters):
		p.choose(article, x.cfg.Comments)
	case !x.cfg.Precision:
		p.anything()
	}
}

// letters counts those of the blocks that stay.
func (x *Extractor) letters() (n int) {
	p := &x.page
	for i := range p.blocks {
		b := &p.blocks[i]
		if !x.cfg.Tables && p.ancestor(b.elem, atom.Td, atom.Th) > 0 && p.ancestor(b.elem, atom.Table, atom.Table) > 0 {
			b.verdict = bad
		}
		if b.verdict == good || b.verdict == kept {
			n += int(b.letters)
		}
	}
	return n
}

// emit joins the blocks that stay: an empty line between paragraphs, none
// between items of a list and rows of a table.
func (p *page) emit() string {
	var out strings.Builder
	last := struct{ list, table int32 }{-1, -1}
	for i := 0; i < len(p.blocks); i++ {
		b := &p.blocks[i]
		if b.verdict != good && b.verdict != kept {
			continue
		}
		item := p.ancestor(b.elem, atom.Li, atom.Dd)
		row, n := p.row(i)
		list, table := int32(-1), int32(-1)
		if item > 0 {
			list = p.elems[item].parent
		}
		if row > 0 {
			table = p.ancestor(row, atom.Table, atom.Table)
		}
		if out.Len() > 0 {
			if list >= 0 && list == last.list || table >= 0 && table == last.table {
				out.WriteByte('\n')
			} else {
				out.WriteString("\n\n")
			}
		}
		last.list, last.table = list, table
		if item > 0 && p.firstOf(i, item) && !b.pre {
			out.WriteString("- ")
		}
		if n > 1 {
			i = p.emitRow(&out, i, row)
			continue
		}
		out.Write(p.text[b.start:b.end])
	}
	return out.String()
}

// emitRow writes the cells of a row, empty ones and those that a wide cell stands for
// too, so that each stays in its column. It returns the row's last block.
func (p *page) emitRow(out *strings.Builder, i int, row int32) int {
	first := true
	for c := row + 1; c < p.elems[row].end; c = p.elems[c].end {
		if t := p.elems[c].tag; p.elems[c].parent != row || t != atom.Td && t != atom.Th {
			continue
		}
		if !first {
			out.WriteString(" | ")
		}
		first = false
		for ; i < len(p.blocks) && p.blocks[i].elem < p.elems[c].end; i++ {
			if b := &p.blocks[i]; b.verdict == good || b.verdict == kept {
				out.Write(p.text[b.start:b.end])
			}
		}
		for range p.elems[c].columns {
			out.WriteString(" | ")
		}
	}
	return i - 1
}

// firstOf tells whether block i is the first one in an element.
func (p *page) firstOf(i int, e int32) bool {
	return i == 0 || p.blocks[i-1].elem < e || p.blocks[i-1].elem >= p.elems[e].end
}

// cellLetters bounds the cells of a row of data; longer ones are layout.
const cellLetters = 300

// row tells whether block i begins a table row of short cells, each one block:
// the row's element and how many blocks it has, else -1.
func (p *page) row(i int) (row int32, n int) {
	row = p.ancestor(p.blocks[i].elem, atom.Tr, atom.Tr)
	if row < 0 || !p.firstOf(i, row) {
		return -1, 0
	}
	cell := int32(-1)
	for ; i < len(p.blocks) && p.blocks[i].elem < p.elems[row].end; i++ {
		b := &p.blocks[i]
		c := p.ancestor(b.elem, atom.Td, atom.Th)
		if c <= row || c == cell || b.letters > cellLetters || b.pre || p.ancestor(c, atom.Tr, atom.Tr) != row {
			return -1, 0
		}
		cell = c
		n++
	}
	return row, n
}
