package runs

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"huihai/checkpoint"
	"huihai/telemetry"
	"huihai/trainer"
)

// Console shows a run and logs it: step lines and a progress bar on the screen,
// scalars in the sinks, and the curve for the plot at the end.
type Console struct {
	progress *telemetry.Progress
	sink     telemetry.Sink
	every    int
	flops    float64 // per token
	peak     float64 // of the machine, FLOP/s; 0 when not measured
	before   int     // steps done before this process

	lossZ, normZ *telemetry.ZScore
	first, last  float64
	train, eval  telemetry.Series
	tokens       int64
	seconds      float64
	evalTokens   int
	savedPath    string
	err          error // the first failure of a sink
}

// newConsole begins the progress bar of a run of total steps.
func newConsole(p *telemetry.Progress, sink telemetry.Sink, every, done, total int, flopsPerToken, peak float64) *Console {
	c := &Console{
		progress: p, sink: sink, every: every, before: done, flops: flopsPerToken, peak: peak,
		lossZ: telemetry.NewZScore(telemetry.DefaultWindow), normZ: telemetry.NewZScore(telemetry.DefaultWindow),
		first: math.NaN(), last: math.NaN(),
		train: telemetry.Series{Name: "training loss", Kind: telemetry.Curve},
		eval:  telemetry.Series{Name: "held-out loss", Kind: telemetry.Marks},
	}
	p.Begin("train", int64(done), int64(total))
	return c
}

// remember takes over the log of the part of the run that lies in a checkpoint.
func (c *Console) remember(l *checkpoint.Loaded) {
	c.savedPath = l.Path
	for _, e := range l.Trainer.LogHistory {
		step, okStep := number(e["step"])
		loss, okLoss := number(e["loss"])
		if !okStep || !okLoss {
			continue
		}
		if math.IsNaN(c.first) {
			c.first = loss
		}
		c.last = loss
		c.lossZ.Add(loss)
		c.train.X, c.train.Y = append(c.train.X, step), append(c.train.Y, loss)
	}
}

// number reads a value of log_history.
func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// Step implements trainer.Observer.
func (c *Console) Step(r trainer.StepRecord) {
	c.tokens += int64(r.Tokens)
	c.seconds += r.StepSeconds
	s := telemetry.StepStats{
		Step: r.Step, Total: r.TotalSteps,
		Loss: r.Loss, LossZ: c.lossZ.Add(r.Loss),
		GradNorm: r.GradNorm, GradNormZ: c.normZ.Add(r.GradNorm),
		LearningRate: r.LearningRate,
		TokensPerSec: float64(r.Tokens) / r.StepSeconds,
		PeakShare:    math.NaN(),
		DataWait:     r.DataSeconds / r.StepSeconds,
		ETA:          c.eta(r),
	}
	if c.peak > 0 {
		s.PeakShare = s.TokensPerSec * c.flops / c.peak
	}
	if math.IsNaN(c.first) {
		c.first = r.Loss
	}
	c.last = r.Loss
	c.train.X, c.train.Y = append(c.train.X, float64(r.Step)), append(c.train.Y, r.Loss)
	c.keep(c.sink.Log(r.Step, s.Scalars()))
	if r.Step == 1 || r.Step%c.every == 0 || r.Step == r.TotalSteps {
		c.progress.Println(telemetry.StepLine(s))
	}
	c.progress.Set(int64(r.Step), fmt.Sprintf("loss %.3f", r.Loss))
}

// eta is the time left at the mean pace so far.
func (c *Console) eta(r trainer.StepRecord) time.Duration {
	perStep := c.seconds / float64(r.Step-c.before)
	return time.Duration(perStep * float64(r.TotalSteps-r.Step) * float64(time.Second))
}

// Evaluated implements trainer.Observer.
func (c *Console) Evaluated(step int, e trainer.Evaluation) {
	c.eval.X, c.eval.Y = append(c.eval.X, float64(step)), append(c.eval.Y, e.Loss)
	c.evalTokens = e.Tokens
	c.keep(c.sink.Log(step, []telemetry.Scalar{{Tag: telemetry.TagEvalLoss, Value: e.Loss}}))
	c.progress.Println(fmt.Sprintf("step %d  held-out loss %.4f nats/token over %s tokens", step, e.Loss, telemetry.Grouped(int64(e.Tokens))))
}

// Saved implements trainer.Observer.
func (c *Console) Saved(step int, path string) {
	c.savedPath = path
	c.progress.Println(fmt.Sprintf("step %d  saved %s", step, path))
}

func (c *Console) keep(err error) {
	if c.err == nil {
		c.err = err
	}
}

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
