package decontam

import (
	"cmp"
	"slices"
	"strings"

	"huihai/data/cut"
)

// Counts is what became of the documents checked.
type Counts struct {
	Checked  int64            `json:"checked"`
	Hits     int64            `json:"hits"`      // documents that hold an item
	Items    int64            `json:"items"`     // items found, over all documents
	Dropped  int64            `json:"dropped"`   // documents
	Cut      int64            `json:"cut"`       // documents that lost paragraphs
	CutBytes int64            `json:"cut_bytes"` // lost
	Tasks    map[string]int64 `json:"tasks"`     // items found, by task
}

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	c.Checked += other.Checked
	c.Hits += other.Hits
	c.Items += other.Items
	c.Dropped += other.Dropped
	c.Cut += other.Cut
	c.CutBytes += other.CutBytes
	for task, n := range other.Tasks {
		if c.Tasks == nil {
			c.Tasks = map[string]int64{}
		}
		c.Tasks[task] += n
	}
}

// Reason is why contaminated documents are dropped.
const Reason = "contaminated"

// Result is what a document came to.
type Result struct {
	Text   string // shorter than the text given where paragraphs were cut
	Hits   []Hit  // valid until the next call
	Reason string // Reason, or empty: keep the document
	Counts Counts // of this document
}

// Apply checks a document and does what the configuration says. A document of which
// cutting leaves nothing is dropped.
func (c *Checker) Apply(text string) Result {
	r := Result{Text: text, Hits: c.CheckAll(text), Counts: Counts{Checked: 1}}
	if len(r.Hits) == 0 {
		return r
	}
	r.Counts.Hits, r.Counts.Items, r.Counts.Tasks = 1, int64(len(r.Hits)), map[string]int64{}
	for _, h := range r.Hits {
		r.Counts.Tasks[h.Task]++
	}
	if c.x.cfg.Action == ActionCut {
		left := Cut(text, r.Hits)
		if strings.TrimSpace(left) != "" {
			r.Text = left
			r.Counts.Cut, r.Counts.CutBytes = 1, int64(len(text)-len(left))
			return r
		}
	}
	if c.x.cfg.Action != ActionFlag {
		r.Reason = Reason
		r.Counts.Dropped = 1
	}
	return r
}

// Cut returns text without the paragraphs that overlap a hit.
func Cut(text string, hits []Hit) string { return cut.Apply(text, Cuts(text, hits)) }

// Cuts returns the paragraphs that overlap a hit, with the blank lines behind
// them. Paragraphs are parted by blank lines; in a text without any, each line is
// one.
func Cuts(text string, hits []Hit) []cut.Range {
	order := slices.SortedFunc(slices.Values(hits), func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	sep := "\n\n"
	if !strings.Contains(text, sep) {
		sep = "\n"
	}
	var out []cut.Range
	reach := 0 // the end of the hits that begin before the paragraph's end
	for start := 0; start < len(text); {
		end := len(text)
		if i := strings.Index(text[start:], sep); i >= 0 {
			end = start + i + len(sep)
			for end < len(text) && text[end] == '\n' {
				end++
			}
		}
		for len(order) > 0 && order[0].Start < end {
			reach = max(reach, order[0].End)
			order = order[1:]
		}
		if reach > start {
			out = append(out, cut.Range{Start: int32(start), End: int32(end)})
		}
		start = end
	}
	return cut.Union(out)
}
