package runs

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"huihai/checkpoint"
	"huihai/data"
	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/telemetry"
	"huihai/trainer"
)

// Summary is what a run made, printed as JSON.
type Summary struct {
	RunID           string             `json:"run_id"`
	Parent          *checkpoint.Parent `json:"parent,omitempty"`
	OutputDir       string             `json:"output_dir"`
	Checkpoint      string             `json:"checkpoint"`
	Steps           int                `json:"steps"`
	StepsNow        int                `json:"steps_now"` // by this process; the rest lies in the checkpoint it resumed
	TotalSteps      int                `json:"total_steps"`
	Interrupted     bool               `json:"interrupted"`
	DryRun          bool               `json:"dry_run,omitempty"`
	Tokens          int64              `json:"tokens"`  // of all steps, as the ledger has them
	Seconds         float64            `json:"seconds"` // of this process's steps
	TokensPerSecond float64            `json:"tokens_per_second"`
	Parameters      int64              `json:"parameters"`
	PlannedBytes    int64              `json:"planned_bytes"`
	Loss            LossRange          `json:"loss"`
	GradNorm        float64            `json:"grad_norm,omitempty"` // of a rehearsal
	Eval            *HeldOut           `json:"eval,omitempty"`
	Best            *Best              `json:"best,omitempty"`
	Ledger          data.Ledger        `json:"ledger"`
	// Unread are tokens of the last pass that no step takes, by reason.
	Unread      map[string]int64 `json:"unread,omitempty"`
	Mishaps     *trainer.Mishaps `json:"mishaps,omitempty"`
	Checks      []Check          `json:"preflight,omitempty"`
	LogFailures int              `json:"log_failures,omitempty"`
	Plots       []string         `json:"plots"`
	Curve       string           `json:"-"` // the loss curve for a terminal
}

// LossRange is the training loss of the first and the last step, 0 where no step
// was done.
type LossRange struct {
	First float64 `json:"first"`
	Last  float64 `json:"last"`
}

// HeldOut compares the loss on held-out text with what a model that knows only
// the frequency of tokens would get.
type HeldOut struct {
	Loss           float64            `json:"loss"` // nats per token
	Tokens         int                `json:"tokens,omitempty"`
	BitsPerByte    float64            `json:"bits_per_byte,omitempty"`
	UnigramEntropy float64            `json:"unigram_entropy,omitempty"` // nats per token
	Sources        map[string]float64 `json:"sources,omitempty"`         // nats per token
}

// Best is the evaluation with the lowest loss.
type Best struct {
	Step int     `json:"step"`
	Loss float64 `json:"loss"`
}

// panel is the box a run begins with.
func (r *run) panel() telemetry.Panel {
	c := r.Config
	b := telemetry.Panel{Title: "汇海 Huihai · train"}
	m, id := r.start.model, r.setup.Save.Run
	b.Add("run", id.RunID)
	if p := id.Parent; p != nil {
		b.Add("parent", fmt.Sprintf("run %s, step %d", p.RunID, p.Step))
	}
	b.Add("model", fmt.Sprintf("Baichuan 2, %s: %d layers, hidden %d, %d heads, vocabulary %s; %s parameters",
		m.Position, m.NumHiddenLayers, m.HiddenSize, m.NumAttentionHeads, telemetry.Grouped(int64(m.VocabSize)), telemetry.Grouped(m.Parameters())))
	if l := r.start.resume; l != nil {
		b.Add("resume", fmt.Sprintf("%s, step %d: weights, optimizer, place in the data", l.Path, l.Trainer.GlobalStep))
	} else {
		b.Add("weights", r.start.words(c.Train.Seed))
	}
	b.Add("data", fmt.Sprintf("%s (%s rows of %d, fingerprint %.12s)", c.Train.DatasetDir,
		telemetry.Grouped(r.set.loader.Rows()), c.Train.SequenceLength, r.set.manifest.Fingerprint))
	b.Add("mixture", r.mixtureWords())
	tokens := float64(r.rows.Before(r.steps)) * float64(c.Train.SequenceLength)
	b.Add("steps", fmt.Sprintf("%s of %s rows of %d tokens: %s tokens in all", telemetry.Grouped(int64(r.steps)),
		rowsInWords(trainer.NewRows(c.Train)), c.Train.SequenceLength, telemetry.Count(tokens)))
	b.Add("optimizer", fmt.Sprintf("%s, lr %g %s, %s, clip %g, max-z %g",
		c.Optim.Optimizer, c.Optim.LearningRate, c.Optim.SchedulerType, warmupWords(c.Optim.WarmupSteps, c.Optim.WarmupRatio), c.Optim.MaxGradNorm, c.Train.ZLossWeight))
	for _, check := range r.checks {
		b.Add(check.What, check.Result)
	}
	b.Add("device", r.dev.Name())
	b.Add("output", c.Train.OutputDir)
	return b
}

func warmupWords(steps int, ratio float64) string {
	if ratio > 0 {
		return fmt.Sprintf("warm-up over %g of the run", ratio)
	}
	return fmt.Sprintf("%d warm-up steps", steps)
}

// mixtureWords say in which shares the sources are drawn.
func (r *run) mixtureWords() string {
	segments := r.Config.Loader.Mixture
	if len(segments) == 0 {
		names, _ := r.set.loader.Sources()
		if len(names) > 1 {
			return fmt.Sprintf("none: every row once a pass (%d sources)", len(names))
		}
		return "none: every row once a pass"
	}
	active := segments[0]
	for _, s := range segments {
		if s.FromStep <= r.startStep() {
			active = s
		}
	}
	text := fmt.Sprintf("by rows^(1/%g)", max(1, active.Temperature))
	if len(active.Weights) > 0 {
		var parts []string
		names, _ := r.set.loader.Sources()
		for _, n := range names {
			parts = append(parts, fmt.Sprintf("%s %g", n, active.Weights[n]))
		}
		text = strings.Join(parts, ", ")
	}
	if len(segments) > 1 {
		text += fmt.Sprintf(" (segment from step %d of %d)", active.FromStep, len(segments))
	}
	return text
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
func (r *run) summary(res trainer.Result) (*Summary, error) {
	c := r.console
	s := &Summary{
		RunID: r.setup.Save.Run.RunID, Parent: r.setup.Save.Run.Parent,
		OutputDir: r.Config.Train.OutputDir, Checkpoint: c.savedPath, Interrupted: res.Interrupted,
		Steps: res.Steps, StepsNow: c.steps, TotalSteps: r.steps, Tokens: r.trainer.Ledger().Read, Seconds: c.seconds,
		Parameters: r.trainer.Plan().Parameters, PlannedBytes: r.trainer.Plan().PeakBytes,
		Ledger: r.trainer.Ledger(), Checks: r.checks, LogFailures: c.failures,
	}
	if r.set.unread > 0 && !res.Interrupted {
		s.Unread = map[string]int64{"last_partial_step": r.set.unread * int64(r.Config.Train.SequenceLength)}
	}
	if m := r.trainer.Mishaps(); m != (trainer.Mishaps{}) {
		s.Mishaps = &m
	}
	if !math.IsNaN(c.first) {
		s.Loss = LossRange{c.first, c.last}
	}
	if c.seconds > 0 {
		s.TokensPerSecond = float64(c.tokens) / c.seconds
	}
	level := r.heldOut(s)
	if c.best.step >= 0 && !math.IsInf(c.best.loss, 0) {
		s.Best = &Best{c.best.step, c.best.loss}
	}
	if len(c.train.Y) == 0 || r.dir == nil {
		return s, nil // nothing to draw, or nowhere
	}
	var err error
	s.Plots, err = c.plot(r.Config.Train.OutputDir, "unigram entropy", level)
	s.Curve = telemetry.Sketch(c.train.Y, "training loss", r.Screen())
	if err != nil {
		return s, err
	}
	return s, r.writeSummary(s)
}

// heldOut adds the last evaluation and returns the unigram entropy, 0 when it is
// not known.
func (r *run) heldOut(s *Summary) float64 {
	c, level := r.console, 0.0
	n := len(c.eval.Y)
	if n == 0 {
		return 0
	}
	h := &HeldOut{Loss: c.eval.Y[n-1], Tokens: c.heldTokens, BitsPerByte: c.held[telemetry.TagEvalBPB]}
	for tag, v := range c.held {
		if name, ok := strings.CutPrefix(tag, telemetry.TagEvalLoss+"/"); ok {
			if h.Sources == nil {
				h.Sources = map[string]float64{}
			}
			h.Sources[name] = v
		}
	}
	if r.set.report != nil {
		h.UnigramEntropy = r.set.report.Unigram.ValidationNats
		level = h.UnigramEntropy
	}
	s.Eval = h
	return level
}

// writeSummary keeps the summary in the folder too: nobody may be listening.
func (r *run) writeSummary(s *Summary) error {
	_, err := atomicfile.WriteFile(vfs.OS{}, r.dir.Join("summary.json"), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(s)
	})
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// duration of a stage for tables.
func duration(seconds float64) string {
	return telemetry.Duration(time.Duration(seconds * float64(time.Second)))
}

// Page is the end of a run for a person: the curve, a table, the token ledger.
func (s *Summary) Page(screen telemetry.Screen) string {
	t := telemetry.Table{Title: "result", Header: []string{"what", "value"}}
	if s.DryRun {
		for _, c := range s.Checks {
			t.Add(c.What, c.Result)
		}
		return t.Render(screen) + "Nothing was written: this was a rehearsal.\n"
	}
	t.Add("run", s.RunID)
	t.Add("steps", fmt.Sprintf("%d of %d (%s tokens)", s.Steps, s.TotalSteps, telemetry.Grouped(s.Tokens)))
	if s.StepsNow > 0 {
		t.Add("this time", fmt.Sprintf("%d steps in %s, %s tokens/s", s.StepsNow, duration(s.Seconds), telemetry.Grouped(int64(s.TokensPerSecond))))
	}
	if s.Loss != (LossRange{}) {
		t.Add("training loss", fmt.Sprintf("%.4f first, %.4f last", s.Loss.First, s.Loss.Last))
	}
	if e := s.Eval; e != nil {
		t.Add("held-out loss", fmt.Sprintf("%.4f nats/token", e.Loss))
		if e.UnigramEntropy > 0 {
			t.Add("unigram entropy", fmt.Sprintf("%.4f nats/token, from token frequencies alone", e.UnigramEntropy))
		}
		if e.BitsPerByte > 0 {
			t.Add("bits per byte", fmt.Sprintf("%.3f", e.BitsPerByte))
		}
	}
	if b := s.Best; b != nil {
		t.Add("best held-out loss", fmt.Sprintf("%.4f at step %d", b.Loss, b.Step))
	}
	if m := s.Mishaps; m != nil {
		t.Add("steps not finite", fmt.Sprintf("%d skipped, %d rolled back", m.Skipped, m.RolledBack))
	}
	t.Add("checkpoint", s.Checkpoint)
	for _, p := range s.Plots {
		t.Add("loss curve", p)
	}
	return s.Curve + t.Render(screen) + s.ledgerTable(screen)
}

// ledgerTable accounts for every token that was read.
func (s *Summary) ledgerTable(screen telemetry.Screen) string {
	if s.Ledger.Read == 0 {
		return ""
	}
	t := telemetry.Table{Title: "tokens", Header: []string{"source", "read", "trained", "first of a document", "padding", "dropped"}}
	row := func(name string, l data.BatchLedger) {
		t.Add(name, telemetry.Grouped(l.Read), telemetry.Grouped(l.Trained), telemetry.Grouped(l.DocumentFirst), telemetry.Grouped(l.Padding), telemetry.Grouped(l.Dropped))
	}
	for _, name := range sortedNames(s.Ledger.Sources) {
		row(name, s.Ledger.Sources[name])
	}
	row("all", s.Ledger.BatchLedger)
	out := t.Render(screen)
	for _, reason := range sortedNames(s.Ledger.Reasons) {
		out += fmt.Sprintf("dropped: %s tokens, %s\n", telemetry.Grouped(s.Ledger.Reasons[reason]), reason)
	}
	for _, reason := range sortedNames(s.Unread) {
		out += fmt.Sprintf("not read: %s tokens, %s\n", telemetry.Grouped(s.Unread[reason]), reason)
	}
	return out
}
