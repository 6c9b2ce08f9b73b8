package telemetry

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// SeriesKind says how a series is drawn.
type SeriesKind int

// The kinds of series.
const (
	Curve SeriesKind = iota // many noisy points: faint, with a smoothed line on top
	Marks                   // few points, such as evaluations: dots joined by a line
	Level                   // one value for the whole run: a dashed horizontal line
)

// Series is one curve of a plot. X are steps; a Level needs no X and takes its
// height from Y[0]. Points that are not finite are left out.
type Series struct {
	Name string // for the legend; Latin letters only
	Kind SeriesKind
	X, Y []float64
}

// Plot describes the frame around the series.
type Plot struct {
	Title, XLabel, YLabel string
}

// PlotLoss draws the loss of a run into a file, PNG or SVG by its extension,
// which appears whole or not at all.
func PlotLoss(path string, series []Series) error {
	return Plot{Title: "Training loss", XLabel: "step", YLabel: "loss (nats per token)"}.Save(path, series)
}

// The size of a plot, and the resolution of a PNG.
const (
	plotWidth  = 20 * vg.Centimeter
	plotHeight = 12 * vg.Centimeter
	plotDPI    = 192
)

// The palette of Okabe and Ito, which colour-blind readers can tell apart.
var palette = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	{0x00, 0x9e, 0x73, 0xff}, // green
	{0xcc, 0x79, 0xa7, 0xff}, // purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
}

var (
	ink   = color.NRGBA{0x33, 0x33, 0x33, 0xff}
	faint = color.NRGBA{0xe2, 0xe5, 0xe9, 0xff}
)

// Save draws the series into a file, PNG or SVG by its extension.
func (pl Plot) Save(path string, series []Series) error {
	format := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	if format != "png" && format != "svg" {
		return fmt.Errorf("telemetry: plot %s: the extension must be .png or .svg", path)
	}
	p, err := pl.draw(series)
	if err != nil {
		return fmt.Errorf("telemetry: plot %s: %w", path, err)
	}
	var canvas vg.CanvasWriterTo
	if format == "png" {
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(plotWidth, plotHeight), vgimg.UseDPI(plotDPI), vgimg.UseBackgroundColor(color.White))}
	} else {
		canvas = vgsvg.New(plotWidth, plotHeight)
	}
	margin := vg.Points(10)
	p.Draw(draw.Crop(draw.New(canvas), margin, -2*margin, margin, -margin))
	_, err = atomicfile.WriteFile(vfs.OS{}, path, func(w io.Writer) error {
		_, err := canvas.WriteTo(w)
		return err
	})
	if err != nil {
		return fmt.Errorf("telemetry: plot: %w", err)
	}
	return nil
}

// draw builds the plot. Levels are drawn last, over the whole width.
func (pl Plot) draw(series []Series) (*plot.Plot, error) {
	p := newPlot(pl)
	xmin, xmax := math.Inf(1), math.Inf(-1)
	drawn := 0
	for i, s := range series {
		if s.Kind == Level {
			continue
		}
		pts, err := s.points()
		if err != nil {
			return nil, err
		}
		if len(pts) == 0 {
			continue
		}
		drawn++
		xmin, xmax = math.Min(xmin, pts[0].X), math.Max(xmax, pts[len(pts)-1].X)
		if err := addSeries(p, s, pts, palette[i%len(palette)]); err != nil {
			return nil, err
		}
	}
	if drawn == 0 {
		return nil, errors.New("there is no finite point to draw")
	}
	if xmin == xmax { // a run of one step
		xmin, xmax = xmin-0.5, xmax+0.5
	}
	for i, s := range series {
		if s.Kind == Level && len(s.Y) > 0 && isFinite(s.Y[0]) {
			if err := addLevel(p, s, xmin, xmax, palette[i%len(palette)]); err != nil {
				return nil, err
			}
		}
	}
	p.X.Min, p.X.Max = xmin, xmax
	room := (p.Y.Max - p.Y.Min) * 0.04
	if room == 0 {
		room = 0.5
	}
	p.Y.Min, p.Y.Max = p.Y.Min-room, p.Y.Max+room
	return p, nil
}

func newPlot(pl Plot) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = pl.Title, pl.XLabel, pl.YLabel
	sans := func(size font.Length) font.Font {
		return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	}
	p.Title.TextStyle.Font = sans(15)
	p.Title.TextStyle.Color = ink
	p.Title.Padding = vg.Points(8)
	p.Legend.Top = true
	p.Legend.TextStyle.Font = sans(11)
	p.Legend.TextStyle.Color = ink
	p.Legend.ThumbnailWidth = vg.Points(24)
	p.Legend.Padding = vg.Points(3)
	p.Legend.XOffs, p.Legend.YOffs = -vg.Points(8), -vg.Points(6)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = sans(12)
		a.Label.TextStyle.Color = ink
		a.Label.Padding = vg.Points(6)
		a.Tick.Label.Font = sans(10)
		a.Tick.Label.Color = ink
		a.Tick.LineStyle.Color = faint
		a.LineStyle.Color = color.NRGBA{0x99, 0x99, 0x99, 0xff}
		a.Tick.Marker = ticks{}
		a.Padding = 0
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	p.Add(grid)
	return p
}

func addSeries(p *plot.Plot, s Series, pts plotter.XYs, c color.NRGBA) error {
	if s.Kind == Marks {
		line, dots, err := plotter.NewLinePoints(pts)
		if err != nil {
			return err
		}
		line.Color, line.Width = c, vg.Points(1.2)
		dots.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(3.2), Shape: draw.CircleGlyph{}}
		p.Add(line, dots)
		p.Legend.Add(s.Name, line, dots)
		return nil
	}
	raw, err := plotter.NewLine(pts)
	if err != nil {
		return err
	}
	pale := c
	pale.A = 0x50
	raw.Color, raw.Width = pale, vg.Points(0.7)
	smoothed, err := plotter.NewLine(smooth(pts))
	if err != nil {
		return err
	}
	smoothed.Color, smoothed.Width = c, vg.Points(1.8)
	p.Add(raw, smoothed)
	p.Legend.Add(s.Name, smoothed)
	return nil
}

func addLevel(p *plot.Plot, s Series, xmin, xmax float64, c color.NRGBA) error {
	line, err := plotter.NewLine(plotter.XYs{{X: xmin, Y: s.Y[0]}, {X: xmax, Y: s.Y[0]}})
	if err != nil {
		return err
	}
	line.Color, line.Width = c, vg.Points(1.2)
	line.Dashes = []vg.Length{vg.Points(5), vg.Points(4)}
	p.Add(line)
	p.Legend.Add(s.Name, line)
	return nil
}

// points pairs X and Y and leaves out what is not finite.
func (s Series) points() (plotter.XYs, error) {
	if len(s.X) != len(s.Y) {
		return nil, fmt.Errorf("series %q has %d steps and %d values", s.Name, len(s.X), len(s.Y))
	}
	var pts plotter.XYs
	for i, x := range s.X {
		if isFinite(x) && isFinite(s.Y[i]) {
			pts = append(pts, plotter.XY{X: x, Y: s.Y[i]})
		}
	}
	return pts, nil
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
