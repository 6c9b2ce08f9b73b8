package telemetry

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// smooth fits a straight line to the neighbours of every point and takes its
// value there, twice over. Lines, unlike means, neither lag on a slope nor sag
// at the ends. A loss falls fast at first, so the neighbourhood starts small
// and grows to a fortieth of the run on either side.
func smooth(pts plotter.XYs) plotter.XYs {
	if len(pts) < 40 {
		return pts
	}
	return fitLines(fitLines(pts))
}

// fitLines is one pass of smooth, by prefix sums in linear time.
func fitLines(pts plotter.XYs) plotter.XYs {
	n := len(pts)
	// Sums of y and i*y. Those of i and i*i are known; distances are counted in
	// points from the middle of the window to keep the sums well conditioned.
	sumY, sumIY := make([]float64, n+1), make([]float64, n+1)
	for i, p := range pts {
		sumY[i+1] = sumY[i] + p.Y
		sumIY[i+1] = sumIY[i] + float64(i)*p.Y
	}
	out := make(plotter.XYs, n)
	for i, p := range pts {
		reach := 1 + min(n/40, i/6)
		lo, hi := max(0, i-reach), min(n, i+reach+1)
		count := float64(hi - lo)
		middle := float64(lo+hi-1) / 2
		meanY := (sumY[hi] - sumY[lo]) / count
		covariance := (sumIY[hi] - sumIY[lo]) - middle*(sumY[hi]-sumY[lo])
		variance := count * (count*count - 1) / 12
		out[i] = plotter.XY{X: p.X, Y: meanY + covariance/variance*(float64(i)-middle)}
	}
	return out
}

// ticks puts about seven labels at round numbers (1, 2, 2.5 or 5 times a power
// of ten).
type ticks struct{}

// Ticks implements plot.Ticker.
func (ticks) Ticks(lo, hi float64) []plot.Tick {
	if !(hi > lo) || math.IsInf(hi-lo, 0) {
		return []plot.Tick{{Value: lo, Label: strconv.FormatFloat(lo, 'g', 4, 64)}}
	}
	step := roundStep((hi - lo) / 7)
	var out []plot.Tick
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+step*1e-9; k++ {
		out = append(out, plot.Tick{Value: k * step, Label: tickLabel(k*step, step)})
	}
	return out
}

// roundStep returns the smallest round number that is at least v.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

func tickLabel(v, step float64) string {
	if v == 0 {
		return "0"
	}
	if step >= 1 && step == math.Trunc(step) && math.Abs(v) < 1e15 {
		if math.Abs(v) >= 1e6 {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
		return Grouped(int64(v))
	}
	digits := 0
	for s := step; digits < 12 && math.Abs(s-math.Round(s)) > 1e-6*s; s *= 10 {
		digits++
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
