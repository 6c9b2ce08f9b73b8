package runs

import (
	"context"
	"fmt"
	"time"

	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/telemetry"
	"huihai/trainer"
)

// panel is the box a run begins with.
func (r *run) panel(p trainer.Plan, s trainer.Setup) telemetry.Panel {
	c := r.Config
	b := telemetry.Panel{Title: "汇海 Huihai · train"}
	m := s.Model
	b.Add("model", fmt.Sprintf("Baichuan 2, %s: %d layers, hidden %d, %d heads, vocabulary %s",
		m.Position, m.NumHiddenLayers, m.HiddenSize, m.NumAttentionHeads, telemetry.Grouped(int64(m.VocabSize))))
	b.Add("parameters", telemetry.Grouped(p.Parameters))
	b.Add("data", fmt.Sprintf("%s (%s rows of %d, fingerprint %.12s)", c.Train.DatasetDir,
		telemetry.Grouped(r.set.loader.Rows()), c.Train.SequenceLength, r.set.manifest.Fingerprint))
	b.Add("steps", fmt.Sprintf("%s of %s tokens: %s in all", telemetry.Grouped(int64(r.steps)),
		telemetry.Grouped(p.TokensPerStep), telemetry.Count(float64(p.TokensPerStep)*float64(r.steps))))
	b.Add("optimizer", fmt.Sprintf("AdamW, lr %g %s, %d warm-up steps, clip %g, max-z %g",
		c.Optim.LearningRate, c.Optim.SchedulerType, c.Optim.WarmupSteps, c.Optim.MaxGradNorm, c.Train.ZLossWeight))
	b.Add("memory", fmt.Sprintf("%s planned: weights %s, optimizer %s, activations and gradients %s",
		telemetry.Bytes(p.PeakBytes), telemetry.Bytes(p.Bytes["weights"]), telemetry.Bytes(p.Bytes["optimizer_state"]),
		telemetry.Bytes(p.Arena.ArenaBytes)))
	b.Add("device", r.dev.Name())
	b.Add("output", fmt.Sprintf("%s (run %s)", c.Train.OutputDir, s.Save.RunID))
	if s.Resume != nil {
		b.Add("resume", fmt.Sprintf("%s, step %d", s.Resume.Path, s.Resume.Trainer.GlobalStep))
	}
	return b
}

// measuredPeak is the machine's arithmetic peak in FLOP/s, for the share that
// the log lines tell; 0 when it is not wanted.
func measuredPeak(dev kernels.Device, c trainer.Config) float64 {
	if c.SkipPeak {
		return 0
	}
	return cpu.MeasurePeak(dev.Capabilities().Threads) * 1e9
}

// summary closes the books of a run that ended well.
func (r *run) summary(ctx context.Context, res trainer.Result) (*Summary, error) {
	c := r.console
	s := &Summary{
		OutputDir: r.Config.Train.OutputDir, Checkpoint: c.savedPath, Interrupted: res.Interrupted,
		Steps: res.Steps, StepsNow: res.Steps - c.before, Tokens: r.trainer.Ledger().Read, Seconds: c.seconds, Parameters: r.trainer.Plan().Parameters, PlannedBytes: r.trainer.Plan().PeakBytes,
		Ledger: r.trainer.Ledger(),
	}
	if len(c.train.Y) > 0 {
		s.Loss = LossRange{c.first, c.last}
	}
	if c.seconds > 0 {
		s.TokensPerSecond = float64(c.tokens) / c.seconds
	}
	if len(c.eval.Y) == 0 && r.set.validation && !res.Interrupted { // there was no step left to do
		e, err := r.evaluate(ctx)
		if err != nil {
			return nil, err
		}
		c.Evaluated(res.Steps, e)
	}
	level := 0.0
	if n := len(c.eval.Y); n > 0 {
		h := &HeldOut{Loss: c.eval.Y[n-1], Tokens: c.evalTokens}
		if r.set.report != nil {
			u := r.set.report.Unigram
			h.UnigramEntropy, level = u.ValidationNats, u.ValidationNats
			if u.ValidationNats > 0 {
				h.BitsPerByte = h.Loss * u.ValidationBitsPerByte / u.ValidationNats
			}
		}
		s.Eval = h
	}
	if len(c.train.Y) == 0 {
		return s, nil // interrupted before the first step
	}
	var err error
	s.Plots, err = c.plot(r.Config.Train.OutputDir, "unigram entropy", level)
	s.Curve = telemetry.Sketch(c.train.Y, "training loss", r.Screen())
	return s, err
}

// duration of a stage for tables.
func duration(seconds float64) string {
	return telemetry.Duration(time.Duration(seconds * float64(time.Second)))
}

// Page is the end of a run for a person: the curve, a table and what to do
// next.
func (s *Summary) Page(screen telemetry.Screen) string {
	t := telemetry.Table{Title: "result", Header: []string{"what", "value"}}
	t.Add("steps", fmt.Sprintf("%d (%s tokens)", s.Steps, telemetry.Grouped(s.Tokens)))
	if s.StepsNow > 0 {
		t.Add("this time", fmt.Sprintf("%d steps in %s, %s tokens/s", s.StepsNow, duration(s.Seconds), telemetry.Grouped(int64(s.TokensPerSecond))))
	}
	t.Add("training loss", fmt.Sprintf("%.4f first, %.4f last", s.Loss.First, s.Loss.Last))
	if e := s.Eval; e != nil {
		t.Add("held-out loss", fmt.Sprintf("%.4f nats/token over %s tokens", e.Loss, telemetry.Grouped(int64(e.Tokens))))
		if e.UnigramEntropy > 0 {
			t.Add("unigram entropy", fmt.Sprintf("%.4f nats/token: what knowing only token frequencies gives", e.UnigramEntropy))
			t.Add("bits per byte", fmt.Sprintf("%.3f", e.BitsPerByte))
		}
	}
	t.Add("checkpoint", s.Checkpoint)
	for _, p := range s.Plots {
		t.Add("loss curve", p)
	}
	return s.Curve + t.Render(screen)
}
