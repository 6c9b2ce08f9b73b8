package trainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"huihai/checkpoint"
	"huihai/data"
	"huihai/kernels"
	"huihai/model"
	"huihai/optim"
)

// Batches hands out micro-batches in an order that does not depend on how many
// rows are asked for at a time. data.Loader is one.
type Batches interface {
	Next(ctx context.Context, rows int) (*data.Batch, error)
	// State and Restore save and set the place in that order.
	State() data.State
	Restore(data.State) error
}

// Observer is told what the trainer does, on the trainer's goroutine, between
// steps. It must not keep what it is given.
type Observer interface {
	Step(StepRecord)
	Evaluated(step int, e Evaluation)
	Saved(step int, path string)
}

// Evaluation is what a hook measured on held-out text.
type Evaluation struct {
	Loss   float64 `json:"loss"` // nats per token
	Tokens int     `json:"tokens"`
}

// StepRecord describes one optimizer step.
type StepRecord struct {
	Step, TotalSteps int
	Loss             float64 // cross-entropy + max-z
	CrossEntropy     float64
	MeanMaxLogitSq   float64
	GradNorm         float64 // before clipping
	LearningRate     float64
	Tokens           int // rows x sequence length
	Supervised       int
	DataSeconds      float64
	StepSeconds      float64 // the whole step, waiting for data included
}

// Hooks are what the caller adds to the loop; each may be nil.
type Hooks struct {
	Observer Observer
	// Evaluate measures held-out text with the weights as they are.
	Evaluate func(ctx context.Context) (Evaluation, error)
	// Seconds is a monotonic clock; nil means no times are recorded.
	Seconds func() float64
}

// Trainer owns the state of a run: weights, moments and the step reached.
type Trainer struct {
	cfg      Config
	model    model.Config
	dev      kernels.Device
	weights  *model.Weights
	step     *model.Step
	opt      optim.Optimizer
	schedule optim.Schedule
	batches  Batches
	plan     Plan
	total    int
	done     int // steps completed
	held     []model.Batch
	hooks    Hooks
	save     Saving
	saved    int // step of the last checkpoint
	history  []checkpoint.LogEntry
	ledger   data.Ledger
	read     data.Ledger // of the step in work
}

// Setup is what a run is made of.
type Setup struct {
	Device     kernels.Device
	Model      model.Config
	Config     Config
	Optim      optim.Config
	TotalSteps int
	Batches    Batches
	Save       Saving
	// Source holds weights to start from; nil means fresh ones.
	Source model.Source
	// Resume is a checkpoint to continue; it wins over Source.
	Resume *checkpoint.Loaded
}

// New plans the run, allocates what the plan says and fills the weights.
func New(s Setup) (*Trainer, error) {
	if s.TotalSteps <= 0 {
		return nil, fmt.Errorf("trainer: the run has %d steps; give train.max_steps or more data", s.TotalSteps)
	}
	step, plan, err := compile(s.Device, s.Model, s.Config)
	if err != nil {
		return nil, err
	}
	schedule, err := optim.NewSchedule(s.Optim, s.TotalSteps)
	if err != nil {
		return nil, err
	}
	t := &Trainer{
		cfg: s.Config, model: s.Model, dev: s.Device, step: step, schedule: schedule,
		batches: s.Batches, total: s.TotalSteps, save: s.Save,
		plan: plan,
	}
	if err := t.allocate(s); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *Trainer) allocate(s Setup) (err error) {
	if t.weights, err = model.NewWeights(t.dev, t.model.Tensors(), model.Float32); err != nil {
		return err
	}
	switch {
	case s.Resume != nil:
		err = t.weights.Load(s.Resume.Model)
	case s.Source != nil:
		err = t.weights.Load(s.Source)
	default:
		err = t.weights.Init(t.model, t.cfg.Seed)
	}
	if err != nil {
		return err
	}
	if err := t.step.Bind(t.weights); err != nil {
		return err
	}
	t.opt, err = optim.New(t.dev, s.Optim, optimParams(t.weights.Tensors(), t.weights, t.step))
	if err != nil {
		return err
	}
	if s.Resume != nil {
		if err := t.resume(s.Resume); err != nil {
			return fmt.Errorf("trainer: resume %s: %w", s.Resume.Path, err)
		}
	}
	n := t.cfg.PerDeviceTrainBatchSize * t.cfg.SequenceLength
	for range t.cfg.GradientAccumulationSteps {
		t.held = append(t.held, model.Batch{
			InputIDs: make([]int32, n), Labels: make([]int32, n),
			Segments: make([]int32, n), Positions: make([]int32, n),
		})
	}
	return nil
}

// SetHooks attaches h to the run. It is called before Run, once the run is known
// to be possible, so that nothing is written for one that is refused.
func (t *Trainer) SetHooks(h Hooks) { t.hooks = h }

// Plan returns the memory and work of the run.
func (t *Trainer) Plan() Plan { return t.plan }

// Weights returns the weights, which belong to the trainer.
func (t *Trainer) Weights() *model.Weights { return t.weights }

// StepsDone returns the number of completed steps.
func (t *Trainer) StepsDone() int { return t.done }

// Ledger accounts for every token that went through the run.
func (t *Trainer) Ledger() data.Ledger { return t.ledger.Clone() }

// Close frees everything on the device.
func (t *Trainer) Close() error {
	err := t.step.Close()
	if t.opt != nil {
		t.opt.Close()
	}
	if t.weights != nil {
		t.weights.Close()
	}
	return err
}

// Result is how a run ended.
type Result struct {
	Steps       int
	Interrupted bool
	Last        StepRecord
}

// Run trains to the last step. When ctx is cancelled it finishes the step it is
// in, saves, and returns with Interrupted set and no error.
func (t *Trainer) Run(ctx context.Context) (Result, error) {
	var last StepRecord
	work := context.WithoutCancel(ctx)
	for t.done < t.total {
		if ctx.Err() != nil {
			return Result{t.done, true, last}, t.saveNow(work)
		}
		rec, err := t.oneStep(work)
		if errors.Is(err, io.EOF) {
			return Result{t.done, false, last}, fmt.Errorf("trainer: the data ended after step %d of %d; lower train.max_steps or add text", t.done, t.total)
		}
		if err != nil {
			return Result{t.done, false, last}, fmt.Errorf("trainer: step %d: %w", t.done+1, err)
		}
		last = rec
		if err := t.afterStep(work, rec); err != nil {
			return Result{t.done, false, last}, err
		}
	}
	return Result{t.done, false, last}, nil
}

// oneStep fetches the step's micro-batches, counts their labels, runs them and
// updates the weights.
func (t *Trainer) oneStep(ctx context.Context) (StepRecord, error) {
	start := t.seconds()
	if err := t.fetch(ctx); err != nil {
		return StepRecord{}, err
	}
	supervised := int(t.read.Trained)
	fetched := t.seconds()
	if err := t.step.Begin(supervised); err != nil {
		return StepRecord{}, err
	}
	for _, b := range t.held {
		if err := t.step.Micro(b); err != nil {
			return StepRecord{}, err
		}
	}
	stats, err := t.step.End()
	if err != nil {
		return StepRecord{}, err
	}
	lr := t.schedule.At(t.done + 1)
	res, err := optim.Step(t.opt, t.done+1, lr)
	if err != nil {
		return StepRecord{}, err
	}
	t.done++
	tokens := len(t.held) * len(t.held[0].InputIDs)
	t.ledger.AddLedger(t.read)
	return StepRecord{
		Step: t.done, TotalSteps: t.total,
		Loss: stats.Loss(t.cfg.ZLossWeight), CrossEntropy: stats.CrossEntropy(),
		MeanMaxLogitSq: stats.MeanMaxLogitSq(),
		GradNorm:       res.GradNorm, LearningRate: lr, Tokens: tokens, Supervised: supervised,
		DataSeconds: fetched - start, StepSeconds: t.seconds() - start,
	}, nil
}

// fetch copies the step's micro-batches, as the loader reuses its buffers, and
// accounts for their tokens.
func (t *Trainer) fetch(ctx context.Context) error {
	t.read.Reset()
	for i := range t.held {
		b, err := t.batches.Next(ctx, t.cfg.PerDeviceTrainBatchSize)
		if err != nil {
			return err
		}
		if b.SeqLen != t.cfg.SequenceLength || b.Rows != t.cfg.PerDeviceTrainBatchSize {
			return fmt.Errorf("the loader gave %d rows of %d tokens, want %d of %d (train.sequence_length must be that of the shards)",
				b.Rows, b.SeqLen, t.cfg.PerDeviceTrainBatchSize, t.cfg.SequenceLength)
		}
		h := &t.held[i]
		copy(h.InputIDs, b.InputIDs)
		copy(h.Labels, b.Labels)
		copy(h.Segments, b.Segments)
		copy(h.Positions, b.Positions)
		if n := int64(model.Supervised(h.Labels)); n != b.Ledger.Trained || b.Ledger.Read != int64(len(h.Labels)) {
			return fmt.Errorf("the token ledger does not close: the loader accounts for %d labels of %d tokens, the micro-batch has %d of %d: this is a defect",
				b.Ledger.Trained, b.Ledger.Read, n, len(h.Labels))
		}
		if !b.SourcesClose() {
			return errors.New("the token ledger does not close: the loader's accounts of the sources do not sum to that of the batch: this is a defect")
		}
		t.read.Add(b)
	}
	return nil
}

// afterStep logs, evaluates and saves when due.
func (t *Trainer) afterStep(ctx context.Context, rec StepRecord) error {
	if math.IsNaN(rec.Loss) || math.IsInf(rec.Loss, 0) {
		return fmt.Errorf("trainer: step %d: the loss is %v; lower optim.learning_rate or look at the data of this step", rec.Step, rec.Loss)
	}
	if t.due(rec.Step, t.cfg.LoggingSteps) || rec.Step == 1 {
		t.history = append(t.history, checkpoint.LogEntry{
			"step": rec.Step, "loss": rec.Loss, "grad_norm": rec.GradNorm, "learning_rate": rec.LearningRate,
		})
	}
	if t.hooks.Observer != nil {
		t.hooks.Observer.Step(rec)
	}
	if t.hooks.Evaluate != nil && t.due(rec.Step, t.cfg.EvalSteps) {
		if err := t.evaluate(ctx); err != nil {
			return err
		}
	}
	if t.due(rec.Step, t.save.Checkpoint.SaveSteps) {
		return t.saveNow(ctx)
	}
	return nil
}

// due tells whether something done every n steps, and at the end, is due.
func (t *Trainer) due(step, n int) bool { return step == t.total || n > 0 && step%n == 0 }

func (t *Trainer) evaluate(ctx context.Context) error {
	e, err := t.hooks.Evaluate(ctx)
	if err != nil {
		return fmt.Errorf("trainer: evaluate after step %d: %w", t.done, err)
	}
	t.history = append(t.history, checkpoint.LogEntry{"step": t.done, "eval_loss": e.Loss})
	if t.hooks.Observer != nil {
		t.hooks.Observer.Evaluated(t.done, e)
	}
	return nil
}

// saveNow writes a checkpoint of the step reached, unless there is one or the
// run saves none.
func (t *Trainer) saveNow(ctx context.Context) error {
	if t.save.Root == "" || t.done == 0 || t.saved == t.done {
		return nil
	}
	path, err := t.Save(ctx)
	if err != nil {
		return err
	}
	t.saved = t.done
	if t.hooks.Observer != nil {
		t.hooks.Observer.Saved(t.done, path)
	}
	return nil
}

func (t *Trainer) seconds() float64 {
	if t.hooks.Seconds == nil {
		return 0
	}
	return t.hooks.Seconds()
}

// Model returns the shape of the model.
func (t *Trainer) Model() model.Config { return t.model }
