package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"huihai/checkpoint"
	"huihai/configs"
	"huihai/telemetry"
	"huihai/trainer"
	"huihai/trainer/rundir"
)

// Repeat names a step of an earlier run to be done again.
type Repeat struct {
	Options        // of which Config and Provenance are found in the run's folder
	RunDir  string // the run's folder
	Step    int
	Dataset string // where the data set is now, "" for where it was
	Threads int
}

// open puts the run together as it was at the step: from the nearest checkpoint
// before it, under the settings of its time.
func (p *Repeat) open(ctx context.Context) (_ *run, err error) {
	record, err := rundir.ReadRecord(p.RunDir)
	if err != nil {
		return nil, err
	}
	from, then, rows, err := p.around(record)
	if err != nil {
		return nil, err
	}
	r := &run{Options: p.Options}
	if from != nil {
		r.onClose(from.Close)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if p.Config, err = p.configuration(record, then); err != nil {
		return nil, err
	}
	for _, b := range rows {
		t := &p.Config.Train
		t.GradientAccumulationSteps = max(t.GradientAccumulationSteps, (b.Rows+t.PerDeviceTrainBatchSize-1)/t.PerDeviceTrainBatchSize)
	}
	r.Options = p.Options
	r.repeated.is, r.repeated.from, r.repeated.rows = true, from, rows
	r.repeated.steps, _ = strconv.Atoi(then[keySteps])
	if p.Step > r.repeated.steps {
		return nil, fmt.Errorf("step %d: the run in %s has %d steps", p.Step, p.RunDir, r.repeated.steps)
	}
	messages := r.Messages
	r.Messages = io.Discard // the panel and notes of the run are not of interest
	err = r.prepare(ctx)
	r.Messages = messages
	if err != nil {
		return nil, err
	}
	if n := p.Step - r.startStep(); n > 1 {
		r.note(fmt.Sprintf("steps %d to %d are done again, from %s", r.startStep()+1, p.Step, r.origin()))
	}
	if have := r.settings(); then[keyNumerics] != have[keyNumerics] {
		r.note(fmt.Sprintf("the run was made with numerics %s and this program has %s: its numbers may differ", then[keyNumerics], have[keyNumerics]))
	}
	return r, nil
}

// around returns the nearest whole checkpoint before the step, nil for the
// beginning of the run, and what the step was done under: the settings and rows
// of the next checkpoint, or the record's and (nil) the configuration's.
func (p *Repeat) around(record rundir.Record) (from *checkpoint.Loaded, settings map[string]string, rows trainer.Rows, err error) {
	if p.Step < 1 {
		return nil, nil, nil, fmt.Errorf("step %d: steps count from 1", p.Step)
	}
	entries, err := checkpoint.List(p.RunDir)
	if err != nil {
		return nil, nil, nil, err
	}
	settings = record.Settings
	before := ""
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		if e.Problem != nil {
			continue
		}
		if e.Step < p.Step {
			before = e.Path
			break
		}
		l, err := checkpoint.Load(e.Path)
		if err != nil {
			return nil, nil, nil, err
		}
		if s := l.Trainer.Run.Settings; s != nil {
			settings = s
		}
		rows, err = trainer.SavedRows(l)
		if err := errors.Join(err, l.Close()); err != nil {
			return nil, nil, nil, err
		}
	}
	if before == "" {
		before = record.From
	}
	if before == "" {
		return nil, settings, rows, nil
	}
	if from, err = checkpoint.Load(before); err != nil {
		return nil, nil, nil, fmt.Errorf("the checkpoint that step %d is repeated from: %w", p.Step, err)
	}
	if from.Trainer.GlobalStep >= p.Step {
		return nil, nil, nil, errors.Join(fmt.Errorf("step %d of the run in %s was done before %s, from which that run goes on; repeat it in the folder of run %s", p.Step, p.RunDir, before, from.Trainer.Run.RunID), from.Close())
	}
	return from, settings, rows, nil
}

// configuration is that of the run's record, with the settings of the step's time
// and the places of today.
func (p *Repeat) configuration(record rundir.Record, settings map[string]string) (*configs.Config, error) {
	dataset := p.Dataset
	if dataset == "" {
		dataset = record.DatasetDir
	}
	set := []string{
		"train.dataset_dir=" + dataset, "train.output_dir=" + p.RunDir, "train.model_name_or_path=" + record.ModelDir,
		"train.resume_from_checkpoint=", "train.threads=" + strconv.Itoa(p.Threads), "train.skip_peak=true", "train.memory_budget=",
	}
	c, _, err := configs.Load(configs.Options{File: filepath.Join(p.RunDir, record.Config), Set: append(set, settingsOf(settings)...), Sections: trainingSections})
	if err != nil {
		return nil, fmt.Errorf("the run's own settings: %w", err)
	}
	return c, nil
}

// trainingSections are the sections of the configuration that a training run reads.
var trainingSections = []string{"model", "optim", "train", "checkpoint", "loader"}

// settingsOf writes a run's settings as overrides of the configuration. Those that
// are no settings of the configuration are left out, but the rows of a step.
func settingsOf(settings map[string]string) []string {
	var set []string
	for _, key := range sortedNames(settings) {
		if _, ok := configs.KeyOf(key); ok {
			set = append(set, key+"="+settings[key])
		}
	}
	return set
}

// Replayed is a step done again, beside what the run's log has of it.
type Replayed struct {
	RunID        string             `json:"run_id"`
	Step         int                `json:"step"`
	From         string             `json:"from"` // checkpoint, or "the beginning"
	Loss         float64            `json:"loss"`
	GradNorm     float64            `json:"grad_norm"`
	LearningRate float64            `json:"learning_rate"`
	Sources      map[string]float64 `json:"sources,omitempty"`
	GradShare    map[string]float64 `json:"grad_share"`
	Recorded     *Recorded          `json:"recorded,omitempty"`
	// Equal says that loss and gradient norm have the recorded bits.
	Equal bool   `json:"equal"`
	Fault string `json:"fault,omitempty"`
}

// Recorded is what the log has of a step.
type Recorded struct {
	Loss     float64 `json:"loss"`
	GradNorm float64 `json:"grad_norm"`
}

// Replay does a step again and compares it with the log.
func (p *Repeat) Replay(ctx context.Context) (_ *Replayed, err error) {
	r, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	out := &Replayed{RunID: r.setup.Save.Run.RunID, Step: p.Step, From: r.origin(), GradShare: map[string]float64{}}
	rec, err := r.trainer.StepTo(ctx, p.Step, func(trainer.MicroBatch) {})
	var fault *trainer.FaultError
	if errors.As(err, &fault) {
		out.Fault = err.Error()
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Loss, out.GradNorm, out.LearningRate = rec.Loss, rec.GradNorm, rec.LearningRate
	for _, g := range rec.Groups {
		out.GradShare[g.Group] = g.Share
	}
	for _, s := range rec.Sources {
		if s.Supervised > 0 {
			if out.Sources == nil {
				out.Sources = map[string]float64{}
			}
			out.Sources[s.Source] = s.Loss
		}
	}
	out.Recorded = p.logged()
	out.Equal = out.Recorded != nil && out.Recorded.Loss == out.Loss && out.Recorded.GradNorm == out.GradNorm
	return out, nil
}

// origin says where a repetition begins.
func (r *run) origin() string {
	if r.repeated.from == nil {
		return "the beginning"
	}
	return r.repeated.from.Path
}

// logged is what the run's log has of the step, nil if nothing.
func (p *Repeat) logged() *Recorded {
	f, err := os.Open(filepath.Join(p.RunDir, rundir.LogFile))
	if err != nil {
		return nil
	}
	defer f.Close()
	records, err := telemetry.ReadJSONL(f)
	if err != nil {
		return nil
	}
	for _, rec := range records {
		loss, ok := rec.Values[telemetry.TagLoss]
		norm, okNorm := rec.Values[telemetry.TagGradNorm]
		if rec.Step == p.Step && ok && okNorm {
			return &Recorded{loss, norm}
		}
	}
	return nil
}
