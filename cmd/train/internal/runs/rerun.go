package runs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"huihai/checkpoint"
	"huihai/configs"
	"huihai/telemetry"
	"huihai/trainer/rundir"
)

// Rerun repeats a whole run in another folder and compares what comes out.
type Rerun struct {
	Options
	RunDir  string
	Output  string
	Dataset string // where the data set is now, "" for where it was
	Threads int
}

// Repeated is a run beside its repetition.
type Repeated struct {
	*Summary
	Original string `json:"original"` // the checkpoint compared with
	// Equal says that every file of the last checkpoint has the same SHA-256.
	Equal   bool     `json:"equal"`
	Differs []string `json:"differs,omitempty"` // files
}

// Run does it.
func (p *Rerun) Run(ctx context.Context) (*Repeated, error) {
	record, err := rundir.ReadRecord(p.RunDir)
	if err != nil {
		return nil, err
	}
	if sameFile(p.RunDir, p.Output) {
		return nil, fmt.Errorf("--output %s is the folder of the run itself; name another", p.Output)
	}
	original, err := rundir.Newest(ctx, p.RunDir, p.note)
	if err != nil {
		return nil, fmt.Errorf("the run to repeat: %w", err)
	}
	defer original.Close()
	if err := p.configure(record, original); err != nil {
		return nil, err
	}
	out := &Repeated{Original: original.Path}
	if out.Summary, err = Pretrain(ctx, p.Options); err != nil || out.Interrupted {
		return out, err
	}
	out.Differs, err = checkpoint.Compare(original.Path, out.Checkpoint)
	out.Equal = err == nil && len(out.Differs) == 0
	return out, err
}

func (p *Rerun) note(text string) {
	fmt.Fprintf(p.Messages, "train: note: %s\n", telemetry.Printable(text))
}

// configure makes the configuration from the record, for as many steps as the
// original's last checkpoint has.
func (p *Rerun) configure(record rundir.Record, original *checkpoint.Loaded) error {
	settings, step := original.Trainer.Run.Settings, original.Trainer.GlobalStep
	if settings == nil {
		settings = record.Settings
	}
	if steps, _ := strconv.Atoi(settings[keySteps]); steps != step {
		return fmt.Errorf("the newest checkpoint of %s is of step %d of %d: finish the run first (train.resume_from_checkpoint=auto), since its schedule is that of the whole", p.RunDir, step, steps)
	}
	dataset := p.Dataset
	if dataset == "" {
		dataset = record.DatasetDir
	}
	if _, err := os.Stat(dataset); err != nil {
		return fmt.Errorf("the run's data set: %w; say where it is now with --data DIR", err)
	}
	set := []string{
		"train.dataset_dir=" + dataset, "train.output_dir=" + p.Output, "train.model_name_or_path=" + record.ModelDir,
		"train.resume_from_checkpoint=auto", "train.threads=" + strconv.Itoa(p.Threads), "train.max_steps=" + strconv.Itoa(step),
	}
	if entries, err := checkpoint.List(p.Output); err == nil && len(entries) == 0 && original.Trainer.Run.Parent != nil {
		from, err := p.branchedFrom(record, *original.Trainer.Run.Parent)
		if err != nil {
			return err
		}
		set[3] = "train.resume_from_checkpoint=" + from
	}
	c, prov, err := configs.Load(configs.Options{File: filepath.Join(p.RunDir, record.Config), Set: append(set, settingsOf(settings)...), Sections: trainingSections})
	if err != nil {
		return fmt.Errorf("the run's own settings: %w", err)
	}
	p.Config, p.Provenance = c, prov
	return nil
}

// branchedFrom finds the checkpoint of another run that a run went on from: in its
// own folder, or where its record says.
func (p *Rerun) branchedFrom(record rundir.Record, parent checkpoint.Parent) (string, error) {
	places := []string{filepath.Join(p.RunDir, fmt.Sprintf("checkpoint-%d", parent.Step))}
	if record.From != "" {
		places = append(places, record.From)
	}
	for _, path := range places {
		l, err := checkpoint.Load(path)
		if err != nil {
			continue
		}
		id, step := l.Trainer.Run.RunID, l.Trainer.GlobalStep
		if err := l.Close(); err != nil {
			return "", err
		}
		if id == parent.RunID && step == parent.Step {
			return path, nil
		}
	}
	return "", fmt.Errorf("the run in %s goes on from step %d of run %s, and that checkpoint is not there any more (looked for in %v); repeat the other run first", p.RunDir, parent.Step, parent.RunID, places)
}
