package telemetry

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// Table is what a run ends with. Columns whose cells are all numbers are set to
// the right.
type Table struct {
	Title  string
	Header []string
	Rows   [][]string
}

// Add appends a row; missing cells are blank.
func (t *Table) Add(cells ...string) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = Printable(c)
	}
	t.Rows = append(t.Rows, row)
}

// Render draws the table: a rounded box on a terminal, aligned columns
// elsewhere. The text ends in a line feed.
func (t Table) Render(s Screen) string {
	widths, right := t.columns()
	line := func(cells []string, c func(string) string) string {
		parts := make([]string, len(widths))
		for i, w := range widths {
			cell := ""
			if i < len(cells) {
				cell = cells[i]
			}
			if right[i] {
				parts[i] = c(padLeft(cell, w))
			} else {
				parts[i] = c(padRight(cell, w))
			}
		}
		return strings.Join(parts, "  ")
	}
	same := func(text string) string { return text }
	if !s.Terminal {
		var b strings.Builder
		if t.Title != "" {
			b.WriteString(t.Title + "\n")
		}
		for _, cells := range append([][]string{t.Header}, t.Rows...) {
			b.WriteString(strings.TrimRight("  "+line(cells, same), " ") + "\n")
		}
		return b.String()
	}
	rule := 2 * max(0, len(widths)-1)
	for _, w := range widths {
		rule += w
	}
	lines := []string{
		line(t.Header, func(text string) string { return s.paint(text, accent, true) }),
		s.paint(strings.Repeat(lipgloss.RoundedBorder().Top, rule), muted, false),
	}
	for _, cells := range t.Rows {
		lines = append(lines, line(cells, same))
	}
	return box(t.Title, lines, s)
}

// columns returns the display width of each column and whether it is numeric.
func (t Table) columns() (widths []int, right []bool) {
	n := len(t.Header)
	for _, cells := range t.Rows {
		n = max(n, len(cells))
	}
	widths, right = make([]int, n), make([]bool, n)
	for i := range right {
		right[i] = len(t.Rows) > 0
	}
	for i, h := range t.Header {
		widths[i] = width(h)
	}
	for _, cells := range t.Rows {
		for i, cell := range cells {
			widths[i] = max(widths[i], width(cell))
			right[i] = right[i] && (cell == "" || isNumeric(cell))
		}
	}
	return widths, right
}

// isNumeric tells whether a cell begins like a number ("1.2k", "-3", "87%").
func isNumeric(cell string) bool {
	cell = strings.TrimLeft(cell, "+-<~ ")
	return cell == "NaN" || cell == "–" || cell != "" && cell[0] >= '0' && cell[0] <= '9'
}
