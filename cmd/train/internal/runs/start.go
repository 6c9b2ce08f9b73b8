package runs

import (
	"fmt"
	"io"
	"path/filepath"

	"huihai/checkpoint"
	"huihai/internal/atomicfile"
	"huihai/model"
	"huihai/trainer"
)

// startFrom chooses the weights a run begins with: a checkpoint to resume, a
// model folder to continue from, or fresh ones.
func (r *run) startFrom(s *trainer.Setup) error {
	t := r.Config.Train
	if t.ResumeFromCheckpoint != "" {
		return r.resume(s, t.ResumeFromCheckpoint)
	}
	if t.ModelNameOrPath == "" {
		return r.refuseToOverwrite()
	}
	files, err := checkpoint.OpenModel(t.ModelNameOrPath)
	if err != nil {
		return err
	}
	r.onClose(files.Close)
	if s.Model, err = model.ParseHFConfig(files.Config); err != nil {
		return fmt.Errorf("%s: %w", t.ModelNameOrPath, err)
	}
	if err := r.set.fits(s.Model, t); err != nil {
		return err
	}
	if s.Save.Extra, err = checkpoint.CompanionFiles(t.ModelNameOrPath); err != nil {
		return err
	}
	s.Source = files
	return r.refuseToOverwrite()
}

// refuseToOverwrite keeps a fresh run from mixing with the checkpoints of an
// earlier one.
func (r *run) refuseToOverwrite() error {
	dir := r.Config.Train.OutputDir
	path, step, err := checkpoint.Latest(dir)
	if err != nil {
		return nil // none there
	}
	return fmt.Errorf("%s already holds %s of another run (step %d); set train.resume_from_checkpoint=latest to continue it, or name another train.output_dir", dir, filepath.Base(path), step)
}

func (r *run) resume(s *trainer.Setup, from string) error {
	if from == "latest" {
		var err error
		if from, _, err = checkpoint.Latest(r.Config.Train.OutputDir); err != nil {
			return err
		}
	}
	l, err := checkpoint.Load(from)
	if err != nil {
		return err
	}
	r.onClose(l.Close)
	if s.Model, err = model.ParseHFConfig(l.Model.Config); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := r.set.fits(s.Model, r.Config.Train); err != nil {
		return err
	}
	s.Resume = l
	return nil
}

// saveConfig writes the effective configuration beside the run.
func (r *run) saveConfig() error {
	path := filepath.Join(r.Config.Train.OutputDir, "config.yaml")
	_, err := atomicfile.WriteFile(atomicfile.OS{}, path, func(w io.Writer) error {
		_, err := w.Write(r.Rendered)
		return err
	})
	if err != nil {
		return fmt.Errorf("save the configuration: %w", err)
	}
	return nil
}
