package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"huihai/checkpoint"
	"huihai/configs"
	"huihai/kernels"
	"huihai/kernels/cpu"
	"huihai/telemetry"
	"huihai/trainer"
	"huihai/trainer/rundir"
)

// Options are what a run needs from its surroundings.
type Options struct {
	Config *configs.Config
	// Provenance tells which settings a person wrote.
	Provenance *configs.Provenance
	// Command is the command line and Program the build, for the run's record.
	Command []string
	Program string
	// DryRun does everything up to the first update and nothing after.
	DryRun bool
	// Dashboard is the address of the live page, "" for none.
	Dashboard string

	Messages io.Writer // for people: panel, lines, progress
	Getenv   func(string) string
	Now      func() time.Time
}

// Screen says how to draw on Messages.
func (o Options) Screen() telemetry.Screen { return telemetry.ScreenOf(o.Messages, o.Getenv) }

// run is a run being put together, in the order of its fields.
type run struct {
	Options
	dir     *rundir.Dir
	dev     kernels.Device
	set     *dataset
	start   start
	rows    trainer.Rows
	steps   int
	limit   int64 // memory there is, 0 when unknown
	setup   trainer.Setup
	checks  []Check
	console *Console
	eval    *evaluation // nil without a held-out split
	trainer *trainer.Trainer
	record  rundir.Record
	// repeated is set where steps of an earlier run are done again.
	repeated struct {
		is    bool
		from  *checkpoint.Loaded // nil: from the beginning
		steps int                // of the whole run, as its settings have them
		rows  trainer.Rows       // of every step, nil for those of the configuration
	}
	closers []func() error
}

// Pretrain trains the model that the configuration describes on the shards in
// train.dataset_dir.
func Pretrain(ctx context.Context, o Options) (_ *Summary, err error) {
	r := &run{Options: o}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	if r.DryRun {
		return r.rehearse(ctx)
	}
	if r.nothingLeft() {
		s, err := r.summary(trainer.Result{Steps: r.steps})
		return s, errors.Join(err, r.wasFinished())
	}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	res, err := r.trainer.Run(ctx)
	r.console.end()
	if err != nil {
		return nil, errors.Join(err, r.ended(rundir.Failed, err.Error()))
	}
	s, err := r.summary(res)
	status, message := rundir.Finished, ""
	if res.Interrupted {
		status = rundir.Stopped
	}
	if err != nil {
		status, message = rundir.Failed, err.Error()
	}
	return s, errors.Join(err, r.ended(status, message))
}

func (r *run) onClose(f func() error) { r.closers = append(r.closers, f) }

func (r *run) close() error {
	var errs []error
	for i := len(r.closers) - 1; i >= 0; i-- {
		errs = append(errs, r.closers[i]())
	}
	return errors.Join(errs...)
}

// note tells the person something before the run's console is there.
func (r *run) note(text string) {
	fmt.Fprintf(r.Messages, "train: note: %s\n", telemetry.Printable(text))
}

// prepare finds out whether the run is possible, before it changes anything:
// the folder, where to start, the data, the memory, then the trainer itself.
func (r *run) prepare(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		r.takeFolder, r.openDataset, r.chooseStart, r.openOrder, r.identify, r.openDevice, r.preflight, r.openTrainer,
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// takeFolder locks train.output_dir. A rehearsal writes nothing and needs none.
func (r *run) takeFolder(context.Context) (err error) {
	if r.DryRun || r.repeated.is {
		return nil
	}
	if r.dir, err = rundir.Open(r.Config.Train.OutputDir, strings.Join(r.Command, " "), r.Now()); err != nil {
		return err
	}
	r.onClose(r.dir.Close)
	return nil
}

func (r *run) openDataset(ctx context.Context) (err error) {
	if r.Config.Train.DatasetDir == "" {
		return errors.New("train.dataset_dir is empty; give the folder that train data build made")
	}
	if r.set, err = openDataset(r.Config.Train.DatasetDir); err != nil {
		return err
	}
	r.onClose(r.set.Close)
	warning, err := r.set.checkValidation(ctx)
	if warning != nil {
		r.note(fmt.Sprintf("THE EVALUATION WILL FAIL, training does not: %v", warning))
	}
	return err
}

// openOrder opens the training rows in the run's order and counts its steps.
func (r *run) openOrder(context.Context) error {
	c := r.Config.Train
	r.rows = trainer.NewRows(c)
	if l := r.start.resume; l != nil {
		before, err := trainer.SavedRows(l)
		if err != nil {
			return err
		}
		if before == nil { // of an older program, which had no ramps and told no batch
			r.note("the checkpoint is of an older program, which did not record the rows of its steps; those of the configuration are taken for them")
			before = r.rows
		}
		r.rows = before.After(l.Trainer.GlobalStep, r.rows)
	}
	if r.repeated.rows != nil {
		r.rows = r.repeated.rows
	}
	if err := r.set.openOrder(r.Config.Loader, r.rows); err != nil {
		return err
	}
	var err error
	if r.steps, err = r.countSteps(); r.repeated.steps > 0 {
		r.steps = r.repeated.steps
	}
	return err
}

// countSteps is the number of steps of the run: max_steps, or as many as
// num_train_epochs passes make, counted from where the run begins. One that the
// order of rows is too short for is refused now and not when it comes to the end.
func (r *run) countSteps() (int, error) {
	c, l := r.Config.Train, r.set.loader
	done, drawn := 0, int64(0)
	if s := r.start.resume; s != nil {
		state, err := loaderState(s)
		if err != nil {
			return 0, err
		}
		done, drawn = s.Trainer.GlobalStep, state.RowsDrawn(l.Rows())
	}
	if c.MaxSteps > 0 {
		rows := r.rows.Before(c.MaxSteps)
		available, err := l.Available(rows)
		if err != nil || available >= rows {
			return c.MaxSteps, err
		}
		enough, _ := r.rows.Steps(0, available)
		return 0, fmt.Errorf("loader.mixture gives %d rows, enough for %d steps and not for %d; lower train.max_steps, or raise max_epochs of the mixture", available, enough, c.MaxSteps)
	}
	epochs := c.NumTrainEpochs
	if epochs == 0 {
		epochs = 1
	}
	rows := int64(epochs * float64(l.Rows()))
	available, err := l.Available(rows)
	if err != nil {
		return 0, err
	}
	steps, left := r.rows.Steps(done, min(rows, available)-drawn)
	if steps == 0 {
		return 0, fmt.Errorf("%g passes over %d rows are %d rows, but a step takes %d; lower train.per_device_train_batch_size or train.gradient_accumulation_steps, raise train.num_train_epochs, or add text", epochs, l.Rows(), rows, r.rows.At(1))
	}
	if left > 0 {
		r.set.unread = left
		r.note(fmt.Sprintf("the last %d rows of the pass are fewer than a step takes and are not trained on", left))
	}
	return steps, nil
}

func (r *run) openDevice(context.Context) (err error) {
	if r.dev, err = cpu.Open(cpu.Options{Threads: r.Config.Train.Threads}); err != nil {
		return err
	}
	r.onClose(r.dev.Close)
	return nil
}

// openTrainer allocates and fills what the run needs.
func (r *run) openTrainer(ctx context.Context) (err error) {
	fmt.Fprint(r.Messages, r.panel().Render(r.Screen()))
	if r.trainer, err = trainer.New(ctx, r.setup); err != nil {
		return err
	}
	r.onClose(r.trainer.Close)
	return r.checkSpace()
}

// nothingLeft reports whether the run that is resumed was finished, with its
// last evaluation on record.
func (r *run) nothingLeft() bool {
	if r.trainer.StepsDone() < r.steps || r.start.resume == nil {
		return false
	}
	if r.set.validation != nil {
		if _, made := r.pastEvals()[r.steps]; !made {
			return false
		}
	}
	r.note(fmt.Sprintf("%s has all %d steps: there is nothing left to do; to go on, raise train.max_steps or train.num_train_epochs", r.start.resume.Path, r.steps))
	r.console = newConsole(telemetry.NewProgress(r.Messages, r.Screen(), r.Now), nil, r.consoleOptions(0))
	r.console.remember(r.past())
	r.console.savedPath = r.start.resume.Path
	r.console.end()
	return true
}

// begin writes the run's record, opens its logs and attaches the screen and the
// evaluation. From here on the folder is the run's.
func (r *run) begin(ctx context.Context) error {
	done := r.trainer.StepsDone()
	past := r.past()
	if err := r.setAside(done); err != nil {
		return err
	}
	if err := r.writeRecord(done); err != nil {
		return err
	}
	open := func(step int) (telemetry.Sink, error) { return r.sinks(step) }
	sink, err := open(done)
	if err != nil {
		return err
	}
	if err := r.openDashboard(ctx); err != nil {
		return errors.Join(err, sink.Close())
	}
	progress := telemetry.NewProgress(r.Messages, r.Screen(), r.Now)
	r.console = newConsole(progress, sink, r.consoleOptions(measuredPeak(r.dev, r.Config.Train)))
	r.console.reopen = open
	r.console.savedPath = r.start.path()
	r.onClose(r.console.closeSink)
	r.console.remember(past)
	start := r.Now()
	var hooks []trainer.Hook
	if r.eval, err = r.openEvaluation(); err != nil {
		return err
	}
	if r.eval != nil {
		evals := r.pastEvals()
		r.trainer.Remember(evals)
		hooks = append(hooks, trainer.Hook{
			Name: "evaluation", Every: r.Config.Train.EvalSteps, Run: r.eval.run,
			Made: func(step int) bool { _, ok := evals[step]; return ok },
		})
	}
	r.trainer.Watch(r.console, func() float64 { return r.Now().Sub(start).Seconds() }, hooks...)
	return nil
}

// setAside moves what the run leaves behind out of the way: the branch after the
// step it begins with, or the log of an earlier run in the folder.
func (r *run) setAside(done int) error {
	if r.start.resume == nil {
		moved, err := r.dir.SetAsideLogs()
		r.tellMoved(moved, "an earlier run in this folder ended without a checkpoint to go on from; what it left")
		if err != nil {
			return err
		}
		done = -1
	}
	moved, err := r.dir.SetAsideAfter(done)
	r.tellMoved(moved, "checkpoints of a branch that the run does not go on from")
	return err
}

func (r *run) tellMoved(moved []string, what string) {
	if len(moved) > 0 {
		r.note(fmt.Sprintf("%s: moved to %s", what, strings.Join(moved, ", ")))
	}
}

// sinks are the log files of the run.
func (r *run) sinks(done int) (telemetry.Sink, error) {
	jsonl, err := telemetry.OpenJSONL(r.dir.Join(rundir.LogFile), done, r.Now)
	if err != nil {
		return nil, err
	}
	events, err := telemetry.OpenEvents(r.dir.Join(rundir.EventsDir), done, r.Now)
	if err != nil {
		return nil, errors.Join(err, jsonl.Close())
	}
	return telemetry.Fan{jsonl, events}, nil
}

// loaderState is the place in the data that a checkpoint has.
func loaderState(l *checkpoint.Loaded) (s dataState, err error) {
	if err := decode(l.Trainer.Run.DataLoader, &s); err != nil {
		return s, fmt.Errorf("%s: data loader state: %w", filepath.Base(l.Path), err)
	}
	return s, nil
}
