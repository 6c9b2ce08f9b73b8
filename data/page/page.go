// Package page writes reports as one HTML file that needs nothing else: no
// scripts, no fonts, no network. Charts are inline SVG.
//
// The package knows nothing of what it shows.
package page

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
)

// Page is a report.
type Page struct {
	Title    string
	Subtitle string
	Facts    []Fact
	Sections []Section
}

// Fact is a number of the head of the page.
type Fact struct{ Name, Value string }

// Section is a part of the page: a note, then whichever of the others it has.
type Section struct {
	Title      string
	Note       string
	Bars       *Bars
	Histograms []Histogram
	Table      *Table
	Examples   []Example
}

// Bars is a chart of horizontal bars.
type Bars struct {
	Unit string
	Bars []Bar
}

// Bar is one bar; Value and Faint lie end to end.
type Bar struct {
	Name  string
	Value float64
	Faint float64
	Label string // at the end of the bar
}

// Histogram is a chart of counts in classes of equal width between Min and Max,
// of two kinds that stand on each other.
type Histogram struct {
	Name     string
	Min, Max float64
	Strong   []int64
	Faint    []int64
	Marks    []Mark
}

// Mark is a line in a histogram, such as the threshold below which documents go.
type Mark struct {
	At   float64
	Name string
}

// Table is a table; columns from the second on are set flush right.
type Table struct {
	Head []string
	Rows [][]string
}

// Example is a text with what is to be said of it, and other texts beside it.
type Example struct {
	Head, Text string
	Beside     []Example
}

//go:embed page.tmpl
var files embed.FS

var tmpl = template.Must(template.New("page.tmpl").Funcs(template.FuncMap{"width": percent, "histogram": histogramSVG}).ParseFS(files, "page.tmpl"))

// Write writes the page as HTML.
func Write(w io.Writer, p Page) error { return tmpl.Execute(w, p) }

// The measures of charts, in the units of their view boxes.
const (
	histWidth, histHeight, histFoot = 340, 150, 34
)

// Most is the length of the longest bar.
func (b *Bars) Most() float64 {
	most := 0.0
	for _, x := range b.Bars {
		most = max(most, x.Value+x.Faint)
	}
	return most
}

// percent writes a part of a length as a style of width.
func percent(v, most float64) template.CSS {
	if !(most > 0) || !(v > 0) {
		return "width:0"
	}
	return template.CSS("width:" + decimal(100*v/most) + "%")
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func histogramSVG(h Histogram) template.HTML {
	most := int64(1)
	for i := range h.Strong {
		most = max(most, h.Strong[i]+h.Faint[i])
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, histWidth, histHeight+histFoot, template.HTMLEscapeString(h.Name))
	w := float64(histWidth) / float64(max(1, len(h.Strong)))
	for i := range h.Strong {
		strong := float64(h.Strong[i]) / float64(most) * histHeight
		faint := float64(h.Faint[i]) / float64(most) * histHeight
		x := decimal(float64(i) * w)
		fmt.Fprintf(&s, `<rect class="strong" x="%s" y="%s" width="%s" height="%s"><title>%d</title></rect>`, x, decimal(histHeight-strong), decimal(w-1), decimal(strong), h.Strong[i])
		fmt.Fprintf(&s, `<rect class="faint" x="%s" y="%s" width="%s" height="%s"><title>%d</title></rect>`, x, decimal(histHeight-strong-faint), decimal(w-1), decimal(faint), h.Faint[i])
	}
	for _, m := range h.Marks {
		x := decimal(min(max((m.At-h.Min)/(h.Max-h.Min), 0), 1) * histWidth)
		fmt.Fprintf(&s, `<line class="mark" x1="%s" y1="0" x2="%s" y2="%d"><title>%s</title></line>`, x, x, histHeight, template.HTMLEscapeString(m.Name))
	}
	mid := (h.Min + h.Max) / 2
	for _, tick := range []struct {
		x      int
		anchor string
		v      float64
	}{{0, "start", h.Min}, {histWidth / 2, "middle", mid}, {histWidth, "end", h.Max}} {
		fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="%s">%s</text>`, tick.x, histHeight+14, tick.anchor, strconv.FormatFloat(round(tick.v), 'g', -1, 64))
	}
	fmt.Fprintf(&s, `<text class="title" x="%d" y="%d" text-anchor="middle">%s</text></svg>`, histWidth/2, histHeight+30, template.HTMLEscapeString(h.Name))
	return template.HTML(s.String()) //nolint:gosec // every text was escaped
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }
