package html

import (
	"bytes"
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
	var r Result
	for _, plain := range []bool{false, true} {
		// The tokenizer stops early only at a token that is too long, and there is
		// no such limit here: what was read is the page.
		_ = p.parse(src, plain)
		r = Result{
			Title: strings.ToValidUTF8(p.title, "\uFFFD"), Language: strings.ToValidUTF8(p.lang, "\uFFFD"),
			Canonical: strings.ToValidUTF8(p.canonical, "\uFFFD"),
		}
		x.choose()
		if letters := p.chosen(x.cfg.Tables); letters >= x.cfg.MinLetters && letters > 0 {
			r.Text = p.emit()
			return r
		}
		if x.cfg.Extractor == ExtractorNone || !p.named {
			return r
		}
	}
	return r
}

// choose settles which blocks of the page stay.
func (x *Extractor) choose() {
	p := &x.page
	if x.cfg.Extractor == ExtractorNone {
		p.everything()
		return
	}
	p.judge()
	article := p.article()
	switch {
	case article >= 0 && (x.cfg.Precision || int(p.elems[article].good) >= 2*x.cfg.MinLetters ||
		int(p.elems[article].good) >= x.cfg.MinLetters && float64(p.elems[article].letters) >= articleText*float64(p.elems[0].letters)):
		p.choose(article)
	case !x.cfg.Precision:
		p.anything()
	default:
		p.drop()
	}
	p.heading()
	if x.cfg.Comments {
		p.comments()
	}
}

// chosen counts the letters of the blocks that stay; tables says whether those of
// tables may.
func (p *page) chosen(tables bool) (letters int) {
	for i := range p.blocks {
		b := &p.blocks[i]
		if !tables && p.ancestor(b.elem, atom.Td, atom.Th) > 0 && p.ancestor(b.elem, atom.Table, atom.Table) > 0 {
			b.verdict = bad
		}
		if b.verdict == good || b.verdict == kept {
			letters += int(b.letters)
		}
	}
	return letters
}

// emit joins the blocks that stay: an empty line between paragraphs, none
// between items of a list and rows of a table.
func (p *page) emit() string {
	var out strings.Builder
	last := struct{ list, table int32 }{-1, -1}
	var spans []uint8 // rows that cells of the table reach down, by column
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
		if table != last.table {
			spans = spans[:0]
		}
		last.list, last.table = list, table
		if item > 0 && p.firstOf(i, item) && !b.pre {
			out.WriteString("- ")
		}
		if row > 0 {
			p.emitRow(&out, row, i, i+n, &spans)
			i += n - 1
			continue
		}
		out.Write(p.text[b.start:b.end])
	}
	return out.String()
}

// maxColumns bounds the columns that cells without text are written for, so that no
// table grows beyond what was read.
const maxColumns = 40

// emitRow writes a row of a table, all its cells and those that reach into it
// from above, so that columns stay under their heads.
func (p *page) emitRow(out *strings.Builder, row int32, from, to int, spans *[]uint8) {
	col := 0
	gap := func() {
		if col > 0 {
			out.WriteString(" |")
		}
		col++
	}
	reach := func() { // cells from above
		for col < min(len(*spans), maxColumns) && (*spans)[col] > 0 {
			(*spans)[col]--
			gap()
		}
	}
	for c := row + 1; c < p.elems[row].end; c = p.elems[c].end {
		cell := &p.elems[c]
		if cell.tag != atom.Td && cell.tag != atom.Th || cell.bits&(isAside|isMark) != 0 {
			continue
		}
		reach()
		for k := 0; k <= int(cell.cols) && (k == 0 || col < maxColumns); k++ {
			if col >= maxColumns {
				cell.rows = 0
			}
			gap()
			for len(*spans) < col {
				*spans = append(*spans, 0)
			}
			(*spans)[col-1] = cell.rows
			if k > 0 {
				continue
			}
			for i := max(from, int(cell.first)); i < min(to, int(cell.last)); i++ {
				if b := &p.blocks[i]; b.verdict == good || b.verdict == kept {
					if col > 1 || i > int(cell.first) {
						out.WriteByte(' ')
					}
					out.Write(bytes.ReplaceAll(p.text[b.start:b.end], []byte("\n"), []byte(" ")))
				}
			}
		}
	}
	reach()
}

// firstOf reports whether block i is the first one in an element.
func (p *page) firstOf(i int, e int32) bool {
	return i == 0 || p.blocks[i-1].elem < e || p.blocks[i-1].elem >= p.elems[e].end
}

// cellLetters bounds the cells of a row of data; longer ones are layout.
const cellLetters = 300

// row reports whether block i begins a table row of at least two cells with short
// text, or any of a table of data: the row's element and how many blocks it has, else -1.
func (p *page) row(i int) (row int32, n int) {
	row = p.ancestor(p.blocks[i].elem, atom.Tr, atom.Tr)
	if row < 0 {
		return -1, 0
	}
	cell, cells := int32(-1), 0
	for j := p.elems[row].first; j < p.elems[row].last; j++ {
		b := &p.blocks[j]
		c := p.ancestor(b.elem, atom.Td, atom.Th)
		if c <= row || b.letters > cellLetters || b.pre || p.elems[c].parent != row {
			return -1, 0
		}
		if c != cell {
			cells++
		} else if b.verdict == good || p.blocks[j-1].verdict == good {
			return -1, 0 // paragraphs: a table for layout
		}
		cell = c
	}
	if table := p.ancestor(row, atom.Table, atom.Table); cells < 2 && (table < 0 || p.elems[table].bits&isData == 0) {
		return -1, 0
	}
	return row, int(p.elems[row].last) - i
}
