package runs

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"huihai/telemetry"
	"huihai/trainer"
)

// Console shows a run and logs it: step lines and a progress bar on the screen,
// scalars in the sinks, and the curves for the plot at the end.
type Console struct {
	consoleOptions
	progress *telemetry.Progress
	sink     telemetry.Sink // nil for a run that is only looked at
	reopen   func(step int) (telemetry.Sink, error)

	lossZ, normZ *telemetry.ZScore
	first, last  float64
	train, eval  telemetry.Series
	held         map[string]float64 // what the last evaluation measured
	heldTokens   int
	tokens       int64
	seconds      float64
	steps        int // of this process
	savedPath    string
	best         bestStep
	logFailed    bool
	failures     int
}

// bestStep is the evaluation with the lowest loss.
type bestStep struct {
	step int
	loss float64
}

// consoleOptions are what the lines need to know of the run.
type consoleOptions struct {
	every  int
	before int // steps done before this process
	total  int
	flops  float64 // per token
	peak   float64 // of the machine, FLOP/s; 0 when not measured
	screen telemetry.Screen
}

func (r *run) consoleOptions(peak float64) consoleOptions {
	return consoleOptions{
		every: r.Config.Train.LoggingSteps, before: r.trainer.StepsDone(), total: r.steps,
		flops: r.trainer.Plan().FLOPsPerToken, peak: peak, screen: r.Screen(),
	}
}

// newConsole begins the progress bar of a run.
func newConsole(p *telemetry.Progress, sink telemetry.Sink, o consoleOptions) *Console {
	c := &Console{
		consoleOptions: o, progress: p, sink: sink,
		lossZ: telemetry.NewZScore(telemetry.DefaultWindow), normZ: telemetry.NewZScore(telemetry.DefaultWindow),
		first: math.NaN(), last: math.NaN(), held: map[string]float64{}, best: bestStep{-1, math.Inf(1)},
		train: telemetry.Series{Name: "training loss", Kind: telemetry.Curve},
		eval:  telemetry.Series{Name: "held-out loss", Kind: telemetry.Marks},
	}
	p.Begin("train", int64(o.before), int64(o.total))
	return c
}

// remember takes over the log of the part of the run that lies behind, so that
// scores, curves and the best evaluation are those of a run that never stopped.
func (c *Console) remember(past []telemetry.Record) {
	for _, rec := range past {
		step := float64(rec.Step)
		if loss, ok := rec.Values[telemetry.TagLoss]; ok {
			c.point(step, loss)
			c.lossZ.Add(loss)
		}
		if norm, ok := rec.Values[telemetry.TagGradNorm]; ok {
			c.normZ.Add(norm)
		}
		if loss, ok := rec.Values[telemetry.TagEvalLoss]; ok {
			c.evaluated(rec.Step, loss)
			for tag, v := range rec.Values {
				c.held[tag] = v
			}
		}
	}
}

// point adds a training loss to the curve.
func (c *Console) point(step, loss float64) {
	if math.IsNaN(c.first) {
		c.first = loss
	}
	c.last = loss
	c.train.X, c.train.Y = append(c.train.X, step), append(c.train.Y, loss)
}

// evaluated adds a held-out loss to the curve.
func (c *Console) evaluated(step int, loss float64) {
	c.eval.X, c.eval.Y = append(c.eval.X, float64(step)), append(c.eval.Y, loss)
	if loss < c.best.loss {
		c.best = bestStep{step, loss}
	}
}

// Step implements trainer.Observer.
func (c *Console) Step(r trainer.StepRecord) {
	c.tokens += int64(r.Tokens)
	c.seconds += r.StepSeconds
	c.steps++
	s := telemetry.StepStats{
		Step: r.Step, Total: r.TotalSteps,
		Loss: r.Loss, LossZ: c.lossZ.Add(r.Loss),
		GradNorm: r.GradNorm, GradNormZ: c.normZ.Add(r.GradNorm),
		LearningRate: r.LearningRate,
		TokensPerSec: float64(r.Tokens) / r.StepSeconds,
		PeakShare:    math.NaN(),
		DataWait:     r.DataSeconds / r.StepSeconds,
		ETA:          c.eta(r),
		TokensSeen:   float64(r.TokensSeen),
	}
	if c.peak > 0 {
		s.PeakShare = s.TokensPerSec * c.flops / c.peak
	}
	c.point(float64(r.Step), r.Loss)
	c.log(r.Step, append(s.Scalars(), details(r)...))
	if r.Step == 1 || r.Step%c.every == 0 || r.Step == r.TotalSteps {
		c.progress.Println(c.screen.Fit(telemetry.StepLine(s)))
	}
	c.progress.Set(int64(r.Step), fmt.Sprintf("loss %.3f", r.Loss))
}

// details are the parts of a step: the place of its rows, the loss of each
// source, each layer group's share of the gradient.
func details(r trainer.StepRecord) []telemetry.Scalar {
	out := []telemetry.Scalar{
		{Tag: telemetry.TagEpoch, Value: float64(r.Epoch)}, {Tag: telemetry.TagRow, Value: float64(r.Index)},
		{Tag: telemetry.TagSupervised, Value: float64(r.Supervised)},
	}
	if r.Skipped {
		out = append(out, telemetry.Scalar{Tag: telemetry.TagSkipped, Value: 1})
	}
	for _, s := range r.Sources {
		if s.Supervised > 0 {
			out = append(out, telemetry.Scalar{Tag: telemetry.TagLoss + "/" + s.Source, Value: s.Loss})
		}
	}
	for _, g := range r.Groups {
		out = append(out, telemetry.Scalar{Tag: telemetry.TagGradShare + "/" + g.Group, Value: g.Share})
	}
	return out
}

// eta is the time left at the mean pace so far.
func (c *Console) eta(r trainer.StepRecord) time.Duration {
	perStep := c.seconds / float64(max(1, c.steps))
	return time.Duration(perStep * float64(r.TotalSteps-r.Step) * float64(time.Second))
}

// Measured implements trainer.Observer.
func (c *Console) Measured(step int, _ string, values []telemetry.Scalar) {
	c.log(step, values)
	for _, v := range values {
		c.held[v.Tag] = v.Value
		if v.Tag == telemetry.TagEvalLoss {
			c.evaluated(step, v.Value)
			c.progress.Println(fmt.Sprintf("step %d  %s", step, telemetry.Printable(evalLine(values, c.heldTokens))))
		}
	}
}

// evalLine tells an evaluation in a line.
func evalLine(values []telemetry.Scalar, tokens int) string {
	text, sources := "", ""
	for _, v := range values {
		switch tag := v.Tag; {
		case tag == telemetry.TagEvalLoss:
			text = fmt.Sprintf("held-out loss %.4f nats/token", v.Value)
		case tag == telemetry.TagEvalBPB:
			text += fmt.Sprintf(", %.4f bits/byte", v.Value)
		case len(tag) > len(telemetry.TagEvalLoss) && tag[:len(telemetry.TagEvalLoss)+1] == telemetry.TagEvalLoss+"/":
			sources += fmt.Sprintf("  %s %.4f", tag[len(telemetry.TagEvalLoss)+1:], v.Value)
		}
	}
	if tokens > 0 {
		text += fmt.Sprintf(" over %s tokens", telemetry.Grouped(int64(tokens)))
	}
	return text + sources
}

// Saved implements trainer.Observer.
func (c *Console) Saved(step int, path string) {
	c.savedPath = path
	c.progress.Println(fmt.Sprintf("step %d  saved %s", step, telemetry.Printable(path)))
}

// Note implements trainer.Observer.
func (c *Console) Note(text string) { c.progress.Println("train: note: " + telemetry.Printable(text)) }

// Rewound implements trainer.Observer: what was logged of later steps is moved to
// the log's .old.
func (c *Console) Rewound(step int) {
	if c.sink == nil || c.reopen == nil {
		return
	}
	err := c.sink.Close()
	sink, openErr := c.reopen(step)
	if err = errors.Join(err, openErr); err != nil {
		c.Note(fmt.Sprintf("the log could not go back to step %d: %v", step, err))
	}
	c.sink = sink
	keep := func(s telemetry.Series) telemetry.Series {
		n := 0
		for n < len(s.X) && s.X[n] <= float64(step) {
			n++
		}
		s.X, s.Y = s.X[:n], s.Y[:n]
		return s
	}
	c.train, c.eval = keep(c.train), keep(c.eval)
}

// log writes to the sinks. A failure is told once and costs the run nothing but
// those lines.
func (c *Console) log(step int, values []telemetry.Scalar) {
	if c.sink == nil {
		return
	}
	if err := c.sink.Log(step, values); err != nil {
		c.failures++
		if !c.logFailed {
			c.logFailed = true
			c.Note(fmt.Sprintf("THE LOG IS INCOMPLETE from step %d on: %v; the run itself goes on", step, err))
		}
	}
}

func (c *Console) closeSink() error {
	if c.sink == nil {
		return nil
	}
	if err := c.sink.Close(); err != nil && !c.logFailed {
		return err
	}
	return nil
}

// end takes the bar away. Nobody may be listening any more, which is no failure
// of the run.
func (c *Console) end() { _ = c.progress.Close() }

// plot draws the loss curve into dir and returns the paths. A level is a named
// horizontal line, such as the unigram entropy of the text.
func (c *Console) plot(dir, levelName string, level float64) ([]string, error) {
	series := []telemetry.Series{c.train}
	if len(c.eval.X) > 0 {
		series = append(series, c.eval)
	}
	if level > 0 {
		series = append(series, telemetry.Series{Name: levelName, Kind: telemetry.Level, Y: []float64{level}})
	}
	var paths []string
	for _, ext := range []string{".png", ".svg"} {
		path := filepath.Join(dir, "training_loss"+ext)
		if err := telemetry.PlotLoss(path, series); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
