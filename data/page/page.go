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
}

// Table is a table; columns from the second on are set flush right.
type Table struct {
	Head []string
	Rows [][]string
}

// Example is a text with what is to be said of it.
type Example struct{ Head, Text string }

//go:embed page.tmpl
var files embed.FS

var tmpl = template.Must(template.New("page.tmpl").Funcs(template.FuncMap{"bars": barsSVG, "histogram": histogramSVG}).ParseFS(files, "page.tmpl"))

// Write writes the page as HTML.
func Write(w io.Writer, p Page) error { return tmpl.Execute(w, p) }

// The measures of charts, in the units of their view boxes.
const (
	barHeight, barGap, barLeft, barWidth, barRight = 18, 6, 230, 520, 210
	histWidth, histHeight, histFoot                = 340, 150, 34
)

func barsSVG(b *Bars) template.HTML {
	most := 0.0
	for _, x := range b.Bars {
		most = max(most, x.Value+x.Faint)
	}
	var s strings.Builder
	height := len(b.Bars)*(barHeight+barGap) + barGap
	fmt.Fprintf(&s, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, barLeft+barWidth+barRight, height, template.HTMLEscapeString(b.Unit))
	for i, x := range b.Bars {
		y := barGap + i*(barHeight+barGap)
		strong, faint := scale(x.Value, most), scale(x.Faint, most)
		fmt.Fprintf(&s, `<text class="name" x="%d" y="%d">%s</text>`, barLeft-8, y+13, template.HTMLEscapeString(x.Name))
		fmt.Fprintf(&s, `<rect class="strong" x="%d" y="%d" width="%s" height="%d"/>`, barLeft, y, decimal(strong), barHeight)
		fmt.Fprintf(&s, `<rect class="faint" x="%s" y="%d" width="%s" height="%d"/>`, decimal(barLeft+strong), y, decimal(faint), barHeight)
		fmt.Fprintf(&s, `<text x="%s" y="%d">%s</text>`, decimal(barLeft+strong+faint+6), y+13, template.HTMLEscapeString(x.Label))
	}
	s.WriteString(`</svg>`)
	return template.HTML(s.String()) //nolint:gosec // every text was escaped
}

func scale(v, most float64) float64 {
	if !(most > 0) || !(v > 0) {
		return 0
	}
	return v / most * barWidth
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
