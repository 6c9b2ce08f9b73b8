package trainer

import (
	"context"
	"errors"
	"fmt"

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

// Trainer owns the state of a run: weights, optimizer state and the step reached.
type Trainer struct {
	cfg      Config
	model    model.Config
	dev      kernels.Device
	weights  *model.Weights
	step     *model.Step
	opt      optim.Optimizer
	schedule optim.Schedule
	batches  Batches
	rows     Rows
	plan     Plan
	total    int
	done     int // steps completed
	held     []held
	micros   int // of held, in the step in work
	hooks    []Hook
	observer Observer
	clock    func() float64

	save    Saving
	saver   saver
	history []checkpoint.LogEntry
	ledger  data.Ledger
	read    data.Ledger // of the step in work
	mishaps Mishaps
	record  recorder
	see     func(MicroBatch) // who looks on, nil for nobody
	// cutShort says that a hook was stopped before it had a result.
	cutShort bool
}

// Mishaps counts the steps that were not finite and what became of them.
type Mishaps struct {
	Skipped    int `json:"skipped"`
	RolledBack int `json:"rolled_back"`
}

// Setup is what a run is made of.
type Setup struct {
	Device     kernels.Device
	Model      model.Config
	Config     Config
	Optim      optim.Config
	TotalSteps int
	// Rows says how many rows every step has; nil is what Config says.
	Rows    Rows
	Batches Batches
	Save    Saving
	// Source holds weights to start from; nil means fresh ones.
	Source model.Source
	// Resume is a checkpoint to continue; it wins over Source.
	Resume *checkpoint.Loaded
	// Rehearsal plans for saves although Save names no folder.
	Rehearsal bool
	// MemoryLimit is the memory there is for the run in bytes, 0 when unknown;
	// the copy of asynchronous saving is made only where it fits.
	MemoryLimit int64
	// DataCache is the most that the loader keeps of decoded data, in bytes.
	DataCache int64
}

// New plans the run, allocates what the plan says and fills the weights. ctx
// ends the filling.
func New(ctx context.Context, s Setup) (*Trainer, error) {
	if s.TotalSteps <= 0 {
		return nil, fmt.Errorf("trainer: the run has %d steps; give train.max_steps or more data", s.TotalSteps)
	}
	if s.Rows == nil {
		s.Rows = NewRows(s.Config)
	}
	step, plan, err := compile(s.PlanInput())
	if err != nil {
		return nil, err
	}
	schedule, err := optim.NewSchedule(s.Optim, s.TotalSteps)
	if err != nil {
		return nil, errors.Join(err, step.Close())
	}
	t := &Trainer{
		cfg: s.Config, model: s.Model, dev: s.Device, step: step, schedule: schedule, rows: s.Rows,
		batches: s.Batches, total: s.TotalSteps, save: s.Save, plan: plan, observer: Silent{},
	}
	if err := t.allocate(ctx, s); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// PlanInput is what the memory of the run depends on.
func (s Setup) PlanInput() PlanInput {
	return PlanInput{
		Device: s.Device, Model: s.Model, Config: s.Config, Optim: s.Optim,
		Checkpoint: s.Save.Checkpoint, Saves: s.Save.Root != "" || s.Rehearsal, MemoryLimit: s.MemoryLimit, DataCache: s.DataCache,
	}
}

func (t *Trainer) allocate(ctx context.Context, s Setup) (err error) {
	tensors := t.model.TensorsFrozen(s.Optim.Frozen)
	if t.weights, err = model.NewWeights(t.dev, tensors, model.Float32); err != nil {
		return err
	}
	switch {
	case s.Resume != nil:
		err = t.weights.Load(context.Background(), s.Resume.Model)
	case s.Source != nil:
		err = t.weights.Load(context.Background(), s.Source)
	default:
		err = t.weights.Init(t.model, t.cfg.Seed)
	}
	if err != nil {
		return err
	}
	t.step.Reserve(t.plan.Arena.ArenaBytes + t.plan.Bytes[KindEvaluation])
	if err := t.step.Bind(t.weights); err != nil {
		return err
	}
	params := optimParams(tensors, t.weights, t.step)
	if t.opt, err = optim.New(t.dev, s.Optim, params); err != nil {
		return err
	}
	n := t.cfg.PerDeviceTrainBatchSize * t.cfg.SequenceLength
	for range t.cfg.GradientAccumulationSteps {
		t.held = append(t.held, newHeld(t.cfg.PerDeviceTrainBatchSize, n))
	}
	t.record.init(t.opt.Names())
	t.saver.keepCopy = t.plan.Bytes[KindSaveCopy] > 0
	if s.Resume != nil {
		if err := t.resume(s.Resume); err != nil {
			return fmt.Errorf("trainer: resume %s: %w", s.Resume.Path, err)
		}
	}
	return nil
}

func tensorNames(ts []model.Tensor) []string {
	var names []string
	for _, t := range ts {
		names = append(names, t.Name)
	}
	return names
}

// Watch attaches what the caller adds to the loop: an observer, a monotonic clock
// in seconds (nil: no times are recorded) and hooks in the order in which they
// run. It is called before Run, once the run is known to be possible, so that
// nothing is written for one that is refused.
func (t *Trainer) Watch(o Observer, clock func() float64, hooks ...Hook) {
	t.observer, t.clock, t.hooks = o, clock, hooks
}

// Plan returns the memory and work of the run.
func (t *Trainer) Plan() Plan { return t.plan }

// Weights returns the weights, which belong to the trainer.
func (t *Trainer) Weights() *model.Weights { return t.weights }

// Step returns the compiled step, whose memory an evaluation between steps may
// share.
func (t *Trainer) Step() *model.Step { return t.step }

// StepsDone returns the number of completed steps.
func (t *Trainer) StepsDone() int { return t.done }

// Rescued reports whether the newest checkpoint is the run's first and was saved
// only because the run failed.
func (t *Trainer) Rescued() bool { return t.saver.rescued }

// Ledger accounts for every token that went through the run.
func (t *Trainer) Ledger() data.Ledger { return t.ledger.Clone() }

// Mishaps counts the steps that were skipped or rolled back.
func (t *Trainer) Mishaps() Mishaps { return t.mishaps }

// Model returns the shape of the model.
func (t *Trainer) Model() model.Config { return t.model }

// Close waits for a checkpoint being written and frees everything on the device.
func (t *Trainer) Close() error {
	_ = t.saver.wait() // told to the observer when it mattered
	err := t.step.Close()
	if t.saver.release != nil {
		err = errors.Join(err, t.saver.release())
		t.saver.copy, t.saver.release = nil, nil
	}
	if t.opt != nil {
		t.opt.Close()
	}
	if t.weights != nil {
		t.weights.Close()
	}
	return err
}

// Rehearse runs the next step up to its update and puts the data back where they
// were: nothing of the run changes.
func (t *Trainer) Rehearse(ctx context.Context) (StepRecord, error) {
	place := t.batches.State()
	rec := StepRecord{Step: t.done + 1, TotalSteps: t.total}
	if err := t.fetch(ctx); err != nil {
		return rec, err
	}
	rec.Supervised, rec.Tokens = int(t.read.Trained), int(t.read.Read)
	if err := t.forwardBackward(&rec); err != nil {
		return rec, err
	}
	norms, err := t.opt.Measure(t.done + 1)
	rec.GradNorm = norms.Total
	if err := t.usable(rec, err); err != nil {
		return rec, err
	}
	rec.Groups = t.record.shares(norms.Squares)
	return rec, t.batches.Restore(place)
}

func (t *Trainer) seconds() float64 {
	if t.clock == nil {
		return 0
	}
	return t.clock()
}
