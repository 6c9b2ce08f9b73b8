package telemetry

import (
	"strings"

	"github.com/guptarohit/asciigraph"
)

// Sketch draws a curve with characters, for the end of a run on a terminal.
// Values that are not finite are left out; without any it returns "". The text
// ends in a line feed.
func Sketch(values []float64, caption string, s Screen) string {
	var finite []float64
	for _, v := range values {
		if isFinite(v) {
			finite = append(finite, v)
		}
	}
	if len(finite) == 0 {
		return ""
	}
	// The axis and its labels take about ten columns.
	columns := min(max(10, s.Width-12), 100)
	options := []asciigraph.Option{
		asciigraph.Height(10), asciigraph.Precision(2), asciigraph.Caption(caption),
	}
	if len(finite) > 1 {
		options = append(options, asciigraph.Width(columns))
	}
	if s.Color {
		options = append(options, asciigraph.SeriesColors(asciigraph.Teal), asciigraph.AxisColor(asciigraph.Gray))
	}
	graph := asciigraph.Plot(finite, options...)
	lines := strings.Split(graph, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}
