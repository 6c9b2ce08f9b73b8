package telemetry

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// StepStats is what the line of a logging step tells. A value that is not known
// is NaN, or negative for ETA, and is left out of the line.
type StepStats struct {
	Step, Total int // Total is 0 when unknown

	Loss, LossZ         float64 // nats per token, and its score in standard deviations
	GradNorm, GradNormZ float64 // before clipping
	LearningRate        float64
	TokensPerSec        float64
	PeakShare           float64 // of the machine's peak arithmetic, in [0, 1]
	DataWait            float64 // share of the step spent waiting for data, in [0, 1]
	ETA                 time.Duration
	TokensSeen          float64 // of the whole run, 0 when unknown
}

// StepLine writes one line without a line feed, in columns that stay put:
//
//	step  120/2000 | loss 3.2140 (+0.12z) | norm 0.4120 (-0.30z) | lr 1.20e-04 | 12.3k tok/s | 41% peak | data 0.2% | eta 3m12s
func StepLine(s StepStats) string {
	var parts []string
	add := func(v float64, format string, a ...any) {
		if !math.IsNaN(v) {
			parts = append(parts, fmt.Sprintf(format, a...))
		}
	}
	if s.Total > 0 {
		total := strconv.Itoa(s.Total)
		parts = append(parts, fmt.Sprintf("step %*d/%s", len(total), s.Step, total))
	} else {
		parts = append(parts, fmt.Sprintf("step %d", s.Step))
	}
	// A loss or norm that is not a number is what the reader must see.
	parts = append(parts, "loss "+padRight(fmt.Sprintf("%.4f", s.Loss)+score(s.LossZ), 15))
	parts = append(parts, "norm "+padRight(fmt.Sprintf("%.4f", s.GradNorm)+score(s.GradNormZ), 15))
	add(s.LearningRate, "lr %.2e", s.LearningRate)
	add(s.TokensPerSec, "%5s tok/s", Count(s.TokensPerSec))
	add(s.PeakShare, "%3.0f%% peak", 100*s.PeakShare)
	add(s.DataWait, "data %.1f%%", 100*s.DataWait)
	if s.ETA >= 0 {
		parts = append(parts, "eta "+Duration(s.ETA))
	}
	return strings.TrimRight(strings.Join(parts, " | "), " ")
}

// Fit leaves out the last columns of a step line that do not fit the width of a
// terminal: the bar below tells the time left.
func (s Screen) Fit(line string) string {
	for s.Terminal && width(line) > s.Width {
		cut := strings.LastIndex(line, " | ")
		if cut < 0 {
			break
		}
		line = strings.TrimRight(line[:cut], " ")
	}
	return line
}

func score(z float64) string {
	if math.IsNaN(z) {
		return ""
	}
	return fmt.Sprintf(" (%+.2fz)", z)
}

// Scalars returns the values for a [Sink] under the names that dashboards
// expect. Loss and gradient norm are always there, other unknown values are
// left out.
func (s StepStats) Scalars() []Scalar {
	out := []Scalar{{TagLoss, s.Loss}, {TagGradNorm, s.GradNorm}}
	for _, x := range []Scalar{
		{TagLearningRate, s.LearningRate}, {TagTokensPerSec, s.TokensPerSec},
		{TagPeakShare, s.PeakShare}, {TagDataWait, s.DataWait},
		{TagLossZ, s.LossZ}, {TagGradNormZ, s.GradNormZ}, {TagETA, s.etaSeconds()},
	} {
		if !math.IsNaN(x.Value) {
			out = append(out, x)
		}
	}
	if s.TokensSeen > 0 {
		out = append(out, Scalar{TagTokens, s.TokensSeen})
	}
	return out
}

// etaSeconds is NaN when the time left is not known.
func (s StepStats) etaSeconds() float64 {
	if s.ETA < 0 {
		return math.NaN()
	}
	return s.ETA.Seconds()
}
