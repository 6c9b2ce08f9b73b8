package telemetry

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/plotter"
	"pgregory.net/rapid"
)

func TestHuman(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(12.345), "12.3"}, {Count(999.4), "999"}, {Count(999.6), "1.00k"},
		{Count(1000), "1.00k"}, {Count(12345), "12.3k"}, {Count(999499), "999k"}, {Count(999500), "1.00M"},
		{Count(2.64e12), "2.64T"}, {Count(-1500), "-1.50k"}, {Count(math.NaN()), "NaN"}, {Count(math.Inf(1)), "+Inf"},
		{Bytes(0), "0 B"}, {Bytes(1023), "1023 B"}, {Bytes(1024), "1.00 KiB"}, {Bytes(27793336320), "25.9 GiB"},
		{Bytes(1<<20 - 1), "1.00 MiB"}, {Bytes(math.MaxInt64), "8.00 EiB"}, {Bytes(math.MinInt64), "-8.00 EiB"},
		{Grouped(0), "0"}, {Grouped(999), "999"}, {Grouped(7505973248), "7,505,973,248"}, {Grouped(-1234), "-1,234"},
		{Grouped(math.MinInt64), "-9,223,372,036,854,775,808"},
		{Duration(0), "0ms"}, {Duration(850 * time.Millisecond), "850ms"}, {Duration(999999 * time.Microsecond), "1.0s"},
		{Duration(12340 * time.Millisecond), "12.3s"}, {Duration(59960 * time.Millisecond), "1m00s"},
		{Duration(245 * time.Second), "4m05s"}, {Duration(time.Hour - time.Millisecond), "1h00m"},
		{Duration(187 * time.Minute), "3h07m"}, {Duration(24*time.Hour - time.Second), "1d00h"},
		{Duration(52 * time.Hour), "2d04h"}, {Duration(-time.Second), "-1.0s"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// Two-pass mean and deviation over the last values, as the definition says.
func TestZScoreAgainstDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window := rapid.IntRange(2, 9).Draw(t, "window")
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 0, 40).Draw(t, "values")
		z := NewZScore(window)
		for i, v := range values {
			got := z.Add(v)
			if i+1 < window {
				if !math.IsNaN(got) {
					t.Fatalf("score %v before the window is full", got)
				}
				continue
			}
			last := values[i+1-window : i+1]
			mean, square := 0.0, 0.0
			for _, x := range last {
				mean += x / float64(window)
			}
			for _, x := range last {
				square += (x - mean) * (x - mean) / float64(window)
			}
			want := (v - mean) / math.Sqrt(square)
			if square > 1e-12 && math.Abs(got-want) > 1e-6 {
				t.Fatalf("score %v, want %v", got, want)
			}
		}
		// A score made from the values kept goes on as if never stopped.
		again := NewZScore(window, z.Values()...)
		if a, b := z.Add(7), again.Add(7); a != b && !(math.IsNaN(a) && math.IsNaN(b)) && math.Abs(a-b) > 1e-9 {
			t.Fatalf("after a resume the score is %v, not %v", b, a)
		}
	})
}

func TestZScoreOddValues(t *testing.T) {
	z := NewZScore(2, 3)
	if got := z.Add(math.NaN()); !math.IsNaN(got) {
		t.Errorf("NaN scores %v", got)
	}
	if got := z.Add(3); got != 0 {
		t.Errorf("equal values score %v", got)
	}
	if got := z.Add(5); got != 1 {
		t.Errorf("3, 5 scores %v, want 1", got)
	}
}

func lossSeries() []Series {
	var x, y []float64
	for i := range 500 {
		x = append(x, float64(i+1))
		y = append(y, 2+8/(1+float64(i)/40)+0.2*math.Sin(float64(i)*1.7))
	}
	y[3] = math.NaN()
	return []Series{
		{Name: "train", Kind: Curve, X: x, Y: y},
		{Name: "held-out", Kind: Marks, X: []float64{100, 300, 500}, Y: []float64{4.6, 3.1, 2.7}},
		{Name: "unigram entropy", Kind: Level, Y: []float64{6.4}},
	}
}

func TestPlotPNG(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loss.png")
	must(t, PlotLoss(path, lossSeries()))
	img, err := png.Decode(strings.NewReader(read(t, path)))
	must(t, err)
	seen := map[[3]uint32]int{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r >> 8, g >> 8, bl >> 8}]++
		}
	}
	if b.Dx() < 1000 || b.Dy() < 600 {
		t.Errorf("the picture has %d x %d points", b.Dx(), b.Dy())
	}
	for i, name := range []string{"curve", "marks", "level"} {
		c := palette[i]
		if n := seen[[3]uint32{uint32(c.R), uint32(c.G), uint32(c.B)}]; n < 200 {
			t.Errorf("the %s has %d points of its colour", name, n)
		}
	}
}

func TestPlotSVG(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loss.svg")
	must(t, PlotLoss(path, lossSeries()))
	text := read(t, path)
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"Training loss", "loss (nats per token)", "step", "held-out", "unigram entropy", "stroke-dasharray"} {
		if !strings.Contains(text, want) {
			t.Errorf("the plot has no %q", want)
		}
	}
}

func TestPlotRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		file   string
		series []Series
		want   string
	}{
		"extension": {"loss.bmp", lossSeries(), ".png or .svg"},
		"nothing":   {"loss.png", nil, "no finite point"},
		"only NaN":  {"loss.png", []Series{{X: []float64{1}, Y: []float64{math.NaN()}}}, "no finite point"},
		"lengths":   {"loss.png", []Series{{Name: "odd", X: []float64{1}}}, `"odd" has 1 steps and 0 values`},
	} {
		err := PlotLoss(filepath.Join(dir, c.file), c.series)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", name, err, c.want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestPlotOnePoint(t *testing.T) {
	must(t, PlotLoss(filepath.Join(t.TempDir(), "a.png"), []Series{{Name: "one", X: []float64{5}, Y: []float64{2}}}))
}

// A straight line is its own smoothed form, and noise shrinks.
func TestSmooth(t *testing.T) {
	var line, noisy plotter.XYs
	for i := range 300 {
		x := float64(i)
		line = append(line, plotter.XY{X: x, Y: 3 - 0.5*x})
		noisy = append(noisy, plotter.XY{X: x, Y: 3 - 0.5*x + float64(i%2)})
	}
	for i, p := range smooth(line) {
		if math.Abs(p.Y-line[i].Y) > 1e-9 {
			t.Fatalf("point %d moved from %v to %v", i, line[i].Y, p.Y)
		}
	}
	for i, p := range smooth(noisy) {
		if i > 100 && math.Abs(p.Y-line[i].Y-0.5) > 0.1 {
			t.Fatalf("point %d is %v off the mean", i, p.Y-line[i].Y-0.5)
		}
	}
}

func TestTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e6, 1e6).Draw(t, "lo")
		span := math.Pow(10, rapid.Float64Range(-3, 6).Draw(t, "span"))
		out := ticks{}.Ticks(lo, lo+span)
		if len(out) < 2 || len(out) > 9 {
			t.Fatalf("%d labels", len(out))
		}
		seen := map[string]bool{}
		for _, k := range out {
			if seen[k.Label] || k.Value < lo-span*1e-6 || k.Value > lo+span*(1+1e-6) {
				t.Fatalf("labels %v for [%v, %v]", out, lo, lo+span)
			}
			seen[k.Label] = true
		}
	})
}

func TestSketchOddValues(t *testing.T) {
	if got := Sketch([]float64{math.NaN()}, "x", pipe); got != "" {
		t.Errorf("a sketch of nothing: %q", got)
	}
	if got := Sketch([]float64{2}, "x", pipe); !strings.Contains(got, "2.00") {
		t.Errorf("a sketch of one value: %q", got)
	}
	if bytes.ContainsRune([]byte(Sketch([]float64{1, 2, 3}, "x", pipe)), '\x1b') {
		t.Error("colour codes without colours")
	}
}
