package telemetry

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// Row is a line of a panel.
type Row struct{ Key, Value string }

// Panel is the box that a run begins with.
type Panel struct {
	Title string
	Rows  []Row
}

// Add appends a row.
func (p *Panel) Add(key, value string) { p.Rows = append(p.Rows, Row{key, Printable(value)}) }

// Render draws the panel: a rounded box on a terminal, plain lines elsewhere.
// Values that do not fit are wrapped. The text ends in a line feed.
func (p Panel) Render(s Screen) string {
	keys := 0
	for _, r := range p.Rows {
		keys = max(keys, width(r.Key))
	}
	if !s.Terminal {
		var b strings.Builder
		b.WriteString(p.Title + "\n")
		for _, r := range p.Rows {
			b.WriteString(strings.TrimRight("  "+padRight(r.Key, keys)+"  "+r.Value, " ") + "\n")
		}
		return b.String()
	}
	const frame = 4 // borders and their inner blanks
	room := max(8, s.Width-frame-keys-2)
	var lines []string
	for _, r := range p.Rows {
		for i, part := range wrap(r.Value, room) {
			key := r.Key
			if i > 0 {
				key = ""
			}
			lines = append(lines, s.paint(padRight(key, keys), muted, false)+"  "+part)
		}
	}
	return box(p.Title, lines, s)
}

// box draws a rounded frame with the title in its upper edge.
func box(title string, lines []string, s Screen) string {
	inner := width(title) + 2
	for _, l := range lines {
		inner = max(inner, width(l))
	}
	edge := lipgloss.RoundedBorder()
	line := func(text string) string { return s.paint(text, muted, false) }
	var b strings.Builder
	b.WriteString(line(edge.TopLeft+edge.Top+" ") + s.paint(title, accent, true) +
		line(" "+strings.Repeat(edge.Top, inner-width(title)-1)+edge.TopRight) + "\n")
	for _, l := range lines {
		b.WriteString(line(edge.Left) + " " + padRight(l, inner) + " " + line(edge.Right) + "\n")
	}
	b.WriteString(line(edge.BottomLeft+strings.Repeat(edge.Bottom, inner+2)+edge.BottomRight) + "\n")
	return b.String()
}

// wrap breaks text into lines of at most room columns, at blanks where it can.
func wrap(text string, room int) []string {
	return strings.Split(strings.TrimRight(lipgloss.Wrap(text, room, " "), "\n"), "\n")
}
