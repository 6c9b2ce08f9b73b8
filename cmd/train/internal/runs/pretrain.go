package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"huihai/checkpoint"
	"huihai/configs"
	"huihai/data"
	"huihai/eval"
	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/model"
	"huihai/telemetry"
	"huihai/trainer"
)

// Options are what a run needs from its surroundings.
type Options struct {
	Config *configs.Config
	// Rendered is the effective configuration, saved with the run.
	Rendered []byte
	Messages io.Writer // for people: panel, lines, progress
	Getenv   func(string) string
	Now      func() time.Time
}

// Screen says how to draw on Messages.
func (o Options) Screen() telemetry.Screen { return telemetry.ScreenOf(o.Messages, o.Getenv) }

// Summary is what a run made, printed as JSON.
type Summary struct {
	OutputDir       string      `json:"output_dir"`
	Checkpoint      string      `json:"checkpoint"`
	Steps           int         `json:"steps"`
	StepsNow        int         `json:"steps_now"` // by this process; the rest lies in the checkpoint it resumed
	Interrupted     bool        `json:"interrupted"`
	Tokens          int64       `json:"tokens"`  // of all steps, as the ledger has them
	Seconds         float64     `json:"seconds"` // of this process's steps
	TokensPerSecond float64     `json:"tokens_per_second"`
	Parameters      int64       `json:"parameters"`
	PlannedBytes    int64       `json:"planned_bytes"`
	Loss            LossRange   `json:"loss"`
	Eval            *HeldOut    `json:"eval,omitempty"`
	Ledger          data.Ledger `json:"ledger"`
	Plots           []string    `json:"plots"`
	Curve           string      `json:"-"` // the loss curve for a terminal
}

// LossRange is the training loss of the first and the last step.
type LossRange struct {
	First float64 `json:"first"`
	Last  float64 `json:"last"`
}

// HeldOut compares the loss on held-out text with what a model that knows only
// the frequency of tokens would get.
type HeldOut struct {
	Loss           float64 `json:"loss"` // nats per token
	Tokens         int     `json:"tokens"`
	BitsPerByte    float64 `json:"bits_per_byte,omitempty"`
	UnigramEntropy float64 `json:"unigram_entropy,omitempty"` // nats per token
}

// run is a run being put together.
type run struct {
	Options
	dev     kernels.Device
	set     *dataset
	console *Console
	trainer *trainer.Trainer
	steps   int
	closers []func() error
}

// Pretrain trains the model that the configuration describes on the shards in
// train.dataset_dir.
func Pretrain(ctx context.Context, o Options) (_ *Summary, err error) {
	r := &run{Options: o}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(); err != nil {
		return nil, err
	}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	res, err := r.trainer.Run(ctx)
	if err := errors.Join(err, r.console.progress.Close()); err != nil {
		return nil, err
	}
	return r.summary(context.WithoutCancel(ctx), res)
}

func (r *run) onClose(f func() error) { r.closers = append(r.closers, f) }

func (r *run) close() error {
	var errs []error
	for i := len(r.closers) - 1; i >= 0; i-- {
		errs = append(errs, r.closers[i]())
	}
	return errors.Join(errs...)
}

// open opens the data and the device.
func (r *run) open() (err error) {
	c := r.Config
	if c.Train.DatasetDir == "" {
		return errors.New("train.dataset_dir is empty; give the folder that train data build made")
	}
	perStep := int64(c.Train.PerDeviceTrainBatchSize) * int64(c.Train.GradientAccumulationSteps)
	loader := c.Loader
	loader.RowsBefore = func(step int) int64 { return int64(step) * perStep }
	if r.set, err = openDataset(c.Train.DatasetDir, loader); err != nil {
		return err
	}
	r.onClose(r.set.loader.Close)
	if r.dev, err = cpu.Open(cpu.Options{Threads: c.Train.Threads}); err != nil {
		return err
	}
	r.onClose(r.dev.Close)
	r.steps, err = countSteps(r.set.loader, c.Train.MaxSteps, perStep)
	return err
}

// countSteps is the number of steps of a run: wanted, or with 0 as many as the data
// set has rows for. A run that the order of rows is too short for is refused now and
// not when it comes to the end.
func countSteps(l *data.Loader, wanted int, perStep int64) (int, error) {
	rows := int64(wanted) * perStep
	if wanted == 0 {
		rows = l.Rows() / perStep * perStep
	}
	if rows == 0 {
		return 0, fmt.Errorf("the data set has %d rows but a step takes %d; lower train.per_device_train_batch_size or train.gradient_accumulation_steps, or add text", l.Rows(), perStep)
	}
	available, err := l.Available(rows)
	switch {
	case err != nil:
		return 0, err
	case available == rows:
		return int(rows / perStep), nil
	case wanted == 0 && available >= perStep:
		return int(available / perStep), nil
	}
	return 0, fmt.Errorf("loader.mixture gives %d rows, enough for %d steps and not for %d; lower train.max_steps, or raise max_epochs of the mixture", available, available/perStep, rows/perStep)
}

// prepare builds the trainer and shows the start panel. Nothing is written
// before the run is known to be possible.
func (r *run) prepare() error {
	c := r.Config
	setup := trainer.Setup{
		Device: r.dev, Model: c.Model, Config: c.Train, Optim: c.Optim,
		TotalSteps: r.steps, Batches: r.set.loader,
		Save: trainer.Saving{
			Checkpoint: c.Checkpoint, Root: c.Train.OutputDir, Tokenizer: r.set.tokenizer,
			RunID: r.set.runID(r.Rendered), ConfigFingerprint: fingerprint(r.Rendered),
		},
	}
	if err := r.startFrom(&setup); err != nil {
		return err
	}
	var err error
	if r.trainer, err = trainer.New(setup); err != nil {
		return err
	}
	r.onClose(r.trainer.Close)
	fmt.Fprint(r.Messages, r.panel(r.trainer.Plan(), setup).Render(r.Screen()))
	if err := r.saveConfig(); err != nil {
		return err
	}
	return r.watch(setup.Resume)
}

// watch attaches the screen, the log files and the evaluation.
func (r *run) watch(resumed *checkpoint.Loaded) error {
	done := r.trainer.StepsDone()
	sink, err := r.sinks(done)
	if err != nil {
		return err
	}
	start := r.Now()
	progress := telemetry.NewProgress(r.Messages, r.Screen(), r.Now)
	r.console = newConsole(progress, sink, r.Config.Train.LoggingSteps, done, r.steps,
		r.trainer.Plan().FLOPsPerToken, measuredPeak(r.dev, r.Config.Train))
	r.onClose(func() error { return errors.Join(r.console.err, sink.Close()) })
	if resumed != nil {
		r.console.remember(resumed)
	}
	hooks := trainer.Hooks{
		Observer: r.console,
		Seconds:  func() float64 { return r.Now().Sub(start).Seconds() },
	}
	if r.set.validation {
		hooks.Evaluate = r.evaluate
	}
	r.trainer.SetHooks(hooks)
	return nil
}

// sinks are the log files of the run.
func (r *run) sinks(done int) (telemetry.Sink, error) {
	dir := r.Config.Train.OutputDir
	jsonl, err := telemetry.OpenJSONL(filepath.Join(dir, "trainer_log.jsonl"), done, r.Now)
	if err != nil {
		return nil, err
	}
	events, err := telemetry.OpenEvents(filepath.Join(dir, "runs"), done, r.Now)
	if err != nil {
		return nil, errors.Join(err, jsonl.Close())
	}
	return telemetry.Fan{jsonl, events}, nil
}

// evaluate measures the held-out split with the weights as they are.
func (r *run) evaluate(ctx context.Context) (trainer.Evaluation, error) {
	rows, err := data.Open(r.Config.Train.DatasetDir, data.EvaluationLoader())
	if err != nil {
		return trainer.Evaluation{}, err
	}
	defer rows.Close()
	step, err := model.CompileStep(r.trainer.Model(), r.dev, model.StepOptions{
		Batch: 1, SeqLen: r.Config.Train.SequenceLength, Forward: true,
	})
	if err != nil {
		return trainer.Evaluation{}, err
	}
	defer step.Close()
	if err := step.Bind(r.trainer.Weights()); err != nil {
		return trainer.Evaluation{}, err
	}
	h, err := eval.Perplexity(ctx, step, rows, r.Config.Train.EvalMaxRows)
	return trainer.Evaluation{Loss: h.CrossEntropy, Tokens: h.Tokens}, err
}
