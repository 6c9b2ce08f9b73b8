// Package bench measures the program on the machine it runs on.
//
// It owns the measuring: what is run, how often, and which statistic is told.
// The work itself is the trainer's and the kernels', called as a run calls them.
package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huihai/data"
	"huihai/internal/rng"
	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/model"
	"huihai/optim"
	"huihai/trainer"
)

// StepConfig is the shape of a measured training step.
type StepConfig struct {
	Model         model.Config
	Batch, SeqLen int
	Threads       int
	// Path forces a code path of the kernels; "" is the default one.
	Path      string
	Recompute bool
	// Warmup steps are not counted; Steps are.
	Warmup, Steps int
}

// StepResult is what a training step takes: the median of the counted steps.
type StepResult struct {
	TokensPerSecond  float64 `json:"tokens_per_second"`
	StepSeconds      float64 `json:"step_seconds"`
	GFLOPS           float64 `json:"gflops"` // 10⁹ floating-point operations per second
	PeakShare        float64 `json:"peak_share"`
	PeakGFLOPS       float64 `json:"peak_gflops"` // of a loop of fused multiply-adds on registers
	PlannedPeakBytes int64   `json:"planned_peak_bytes"`
	PeakRSSBytes     int64   `json:"peak_rss_bytes"`
	Parameters       int64   `json:"parameters"`
	Device           string  `json:"device"`
	Steps            int     `json:"steps"`
}

// Step measures whole optimizer steps on random tokens: forward, backward,
// clipping and AdamW, as a run does them.
func Step(ctx context.Context, c StepConfig) (_ StepResult, err error) {
	dev, err := cpu.Open(cpu.Options{Threads: c.Threads, Path: c.Path})
	if err != nil {
		return StepResult{}, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	peak := cpu.MeasurePeak(dev.Capabilities().Threads)
	times := &stopwatch{}
	t, err := newTrainer(dev, c, times)
	if err != nil {
		return StepResult{}, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	res, err := t.Run(ctx)
	if err != nil {
		return StepResult{}, err
	}
	if res.Interrupted {
		return StepResult{}, errors.New("interrupted")
	}
	counted := times.seconds[c.Warmup:]
	slices.Sort(counted)
	median := counted[len(counted)/2]
	plan := t.Plan()
	gflops := plan.FLOPsPerStep / median / 1e9
	return StepResult{
		TokensPerSecond: float64(plan.TokensPerStep) / median, StepSeconds: median,
		GFLOPS: gflops, PeakShare: gflops / peak, PeakGFLOPS: peak,
		PlannedPeakBytes: plan.PeakBytes, PeakRSSBytes: peakRSS(),
		Parameters: plan.Parameters, Device: dev.Name(), Steps: len(counted),
	}, nil
}

func newTrainer(dev kernels.Device, c StepConfig, times *stopwatch) (*trainer.Trainer, error) {
	if c.Steps < 1 || c.Warmup < 0 {
		return nil, fmt.Errorf("bench: %d steps after %d of warm-up; count at least one", c.Steps, c.Warmup)
	}
	cfg := trainer.Default()
	cfg.PerDeviceTrainBatchSize, cfg.SequenceLength, cfg.Recompute = c.Batch, c.SeqLen, c.Recompute
	o := optim.Default()
	o.LearningRate, o.WarmupSteps = 1e-4, 0
	start := time.Now()
	t, err := trainer.New(context.Background(), trainer.Setup{
		Device: dev, Model: c.Model, Config: cfg, Optim: o, TotalSteps: c.Warmup + c.Steps,
		Batches: &randomRows{seqLen: c.SeqLen, vocab: c.Model.VocabSize},
	})
	if err != nil {
		return nil, err
	}
	t.Watch(times, func() float64 { return time.Since(start).Seconds() })
	return t, nil
}

// stopwatch keeps the seconds of each step.
type stopwatch struct {
	trainer.Silent
	seconds []float64
}

// Step implements trainer.Observer.
func (s *stopwatch) Step(r trainer.StepRecord) { s.seconds = append(s.seconds, r.StepSeconds) }

// randomRows is an endless stream of random tokens, one document a row.
type randomRows struct {
	seqLen, vocab int
	state         data.State
	batch         data.Batch
}

// Next implements trainer.Batches.
func (r *randomRows) Next(_ context.Context, rows int) (*data.Batch, error) {
	n := rows * r.seqLen
	b := &r.batch
	if len(b.InputIDs) != n {
		*b = data.Batch{
			Rows: rows, SeqLen: r.seqLen,
			InputIDs: make([]int32, n), Labels: make([]int32, n), Segments: make([]int32, n), Positions: make([]int32, n),
		}
	}
	s := rng.New(uint64(r.state.Index), "bench")
	r.state.Index++
	for i := range n {
		b.InputIDs[i], b.Labels[i] = int32(s.IntN(r.vocab)), int32(s.IntN(r.vocab))
		b.Positions[i] = int32(i % r.seqLen)
	}
	b.Ledger = data.BatchLedger{Read: int64(n), Trained: int64(n)}
	return b, nil
}

// State implements trainer.Batches.
func (r *randomRows) State() data.State { return r.state }

// Restore implements trainer.Batches.
func (r *randomRows) Restore(s data.State) error {
	r.state = s
	return nil
}
