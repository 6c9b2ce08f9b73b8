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
		p.judge(x.cfg.Comments)
		article := p.article()
		switch {
		case article >= 0 && (x.cfg.Precision || int(p.elems[article].good) >= 2*x.cfg.MinLetters):
			p.choose(article)
		case !x.cfg.Precision:
			p.anything()
		}
	}
	letters := 0
	for i := range p.blocks {
		b := &p.blocks[i]
		if !x.cfg.Tables && p.ancestor(b.elem, atom.Td, atom.Th) > 0 && p.ancestor(b.elem, atom.Table, atom.Table) > 0 {
			b.verdict = bad
		}
		if b.verdict == good || b.verdict == kept {
			letters += int(b.letters)
		}
	}
	if letters >= x.cfg.MinLetters && letters > 0 {
		r.Text = p.emit()
	}
	return r
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
		out.Write(p.text[b.start:b.end])
		for ; n > 1; n-- { // the other cells of a row
			i++
			if c := &p.blocks[i]; c.verdict == good || c.verdict == kept {
				out.WriteString(" | ")
				out.Write(p.text[c.start:c.end])
			}
		}
	}
	return out.String()
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
