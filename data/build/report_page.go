package build

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"huihai/data/page"
)

// html writes the report as a page for people.
func (r *Report) html(name string) ([]byte, error) {
	var out bytes.Buffer
	err := page.Write(&out, r.page(name))
	return out.Bytes(), err
}

// page lays the report out.
func (r *Report) page(name string) page.Page {
	var tokens, rows int64
	for _, s := range r.Splits {
		tokens += s.Sampled.Tokens
		rows += s.Rows
	}
	p := page.Page{
		Title:    "Data set " + name,
		Subtitle: "fingerprint " + r.Fingerprint,
		Facts: []page.Fact{
			{Name: "files", Value: grouped(r.Files)},
			{Name: "documents read", Value: grouped(r.Read.Documents)},
			{Name: "text read", Value: megabytes(r.Read.Bytes)},
			{Name: "documents kept", Value: grouped(r.Kept.Documents)},
			{Name: "text kept", Value: fmt.Sprintf("%s (%s)", megabytes(r.Kept.Bytes), percent(r.Kept.Bytes, r.Read.Bytes))},
			{Name: "tokens in rows", Value: grouped(tokens)},
			{Name: "rows", Value: grouped(rows)},
			{Name: "bytes per token", Value: strconv.FormatFloat(r.BytesPerToken, 'f', 2, 64)},
		},
	}
	p.Sections = append(p.Sections, r.funnelSection(), r.thresholdSection(), flowSection("Languages", r.Languages), flowSection("Sources", r.Sources),
		r.histogramSection(), r.splitSection(), r.secondsSection())
	return withExamples(p, r)
}

func (r *Report) funnelSection() page.Section {
	bars := &page.Bars{Unit: "share of the text read"}
	add := func(name, what string, n, bytes int64) {
		bars.Bars = append(bars.Bars, page.Bar{Name: name, Value: float64(bytes), Label: fmt.Sprintf("%s, %s", percent(bytes, r.Read.Bytes), counted(n, what))})
	}
	for _, reason := range sortedKeys(r.Rejected) {
		add("no document: "+reason, "record", r.Rejected[reason].Documents, r.Rejected[reason].Bytes)
	}
	add("read", "document", r.Read.Documents, r.Read.Bytes)
	for _, s := range r.Funnel {
		switch {
		case s.Stage == StageGather: // above: these were never documents
		case s.Cut:
			add("− "+s.Reason+" (cut out)", "piece", s.Documents, s.Bytes)
		default:
			add("− "+s.Reason, "document", s.Documents, s.Bytes)
		}
	}
	add("kept", "document", r.Kept.Documents, r.Kept.Bytes)
	return page.Section{Title: "What was removed, and why", Note: "In the order of the stages; shares are of the bytes read. A document counts under the first reason that dropped it.", Bars: bars}
}

// counted writes a number of things.
func counted(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return grouped(n) + " " + what
}

func flowSection(title string, flows map[string]Flow) page.Section {
	names := sortedKeys(flows)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(flows[b].Read.Bytes, flows[a].Read.Bytes) })
	bars := &page.Bars{Unit: "bytes of text"}
	for _, n := range names {
		f := flows[n]
		bars.Bars = append(bars.Bars, page.Bar{
			Name: n, Value: float64(f.Kept.Bytes), Faint: float64(f.Read.Bytes - f.Kept.Bytes),
			Label: fmt.Sprintf("%s of %s kept", megabytes(f.Kept.Bytes), megabytes(f.Read.Bytes)),
		})
	}
	return page.Section{Title: title, Note: "Bytes of text kept, and dropped (lighter).", Bars: bars}
}

func (r *Report) histogramSection() page.Section {
	s := page.Section{Title: "Scores", Note: "Documents kept, and dropped (lighter), by score; dashed lines are thresholds."}
	for _, h := range r.Survey.Histograms {
		if !h.some() {
			continue // of a model that was not given
		}
		s.Histograms = append(s.Histograms, page.Histogram{Name: h.Name, Min: h.Min, Max: h.Max, Strong: h.Kept[:], Faint: h.Dropped[:], Marks: r.marks(h.Name)})
	}
	return s
}

func (r *Report) splitSection() page.Section {
	t := &page.Table{Head: []string{"split", "documents", "tokens", "in rows", "rows", "labels", "first of row", "first of document", "dropped tail", "padding"}}
	for _, s := range r.Splits {
		l := s.Ledger
		row := []string{s.Name}
		for _, n := range []int64{s.Documents, s.Tokens, s.Sampled.Tokens, s.Rows, l.Supervised, l.RowFirst, l.DocumentFirst, l.DroppedTail, l.Padding} {
			row = append(row, grouped(n))
		}
		t.Rows = append(t.Rows, row)
	}
	return page.Section{Title: "Token ledger", Note: "Tokens in rows are labels, first tokens of rows or documents, or a dropped tail; padding is no token.", Table: t}
}

func (r *Report) secondsSection() page.Section {
	t := &page.Table{Head: []string{"stage", "seconds", "MB/s of text"}}
	for _, s := range Stages() {
		sec, ok := r.Seconds[s]
		if !ok {
			continue
		}
		rate := "–"
		if sec > 0.01 {
			rate = strconv.FormatFloat(float64(r.Read.Bytes)/1e6/sec, 'f', 1, 64)
		}
		t.Rows = append(t.Rows, []string{s, strconv.FormatFloat(sec, 'f', 2, 64), rate})
	}
	return page.Section{Title: "Time", Table: t}
}

// withExamples adds a section of examples per reason, and the kept documents that are
// nearest to being dropped.
func withExamples(p page.Page, r *Report) page.Page {
	section := func(title, note string, examples []Example) {
		s := page.Section{Title: title, Note: note}
		for _, e := range examples {
			s.Examples = append(s.Examples, e.show())
		}
		if len(s.Examples) > 0 {
			p.Sections = append(p.Sections, s)
		}
	}
	section("Lowest quality kept", "The kept documents of the lowest quality, from the lowest up: what a higher data.score.min_quality would drop first.", r.Survey.Lowest)
	for _, reason := range sortedKeys(r.Survey.Examples) {
		section("Examples: "+reason, "See train data explain for a document's whole story.", r.Survey.Examples[reason])
	}
	return p
}

func (e *Example) show() page.Example {
	head := fmt.Sprintf("%s · %s · %s · quality %.2f", e.ID, e.FilePath, e.Language, e.Quality)
	if e.Detail != "" {
		head += " · " + e.Detail
	}
	out := page.Example{Head: head, Text: e.Text}
	if t := e.Twin; t != nil {
		out.Beside = []page.Example{{Head: fmt.Sprintf("The copy that stays: %s · %s · quality %.2f · similarity %.2f", t.ID, t.FilePath, t.Quality, t.Similarity), Text: t.Text}}
	}
	return out
}

func megabytes(n int64) string { return strconv.FormatFloat(float64(n)/1e6, 'f', 2, 64) + " MB" }

func percent(part, all int64) string {
	if all == 0 {
		return "0%"
	}
	return strconv.FormatFloat(100*float64(part)/float64(all), 'f', 2, 64) + "%"
}

// grouped writes a number with a blank between groups of three digits.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
