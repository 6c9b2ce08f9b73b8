package runs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"huihai/checkpoint"
	"huihai/internal/atomicfile"
	"huihai/model"
	"huihai/trainer"
)

// startFrom chooses the weights a run begins with: a checkpoint to resume, a
// model folder to continue from, or fresh ones of the configured shape. The
// shape of stored weights is that of their own config.json.
func (r *run) startFrom(s *trainer.Setup) error {
	t := r.Config.Train
	switch {
	case t.ResumeFromCheckpoint != "":
		if err := r.resume(s, t.ResumeFromCheckpoint); err != nil {
			return err
		}
	case t.ModelNameOrPath != "":
		if err := errors.Join(r.refuseToOverwrite(), r.continueFrom(s, t.ModelNameOrPath)); err != nil {
			return err
		}
	default:
		if err := r.refuseToOverwrite(); err != nil {
			return err
		}
	}
	return r.set.fits(s.Model, t)
}

// continueFrom starts a new run with the weights of a model folder.
func (r *run) continueFrom(s *trainer.Setup, dir string) error {
	files, err := checkpoint.OpenModel(dir)
	if err != nil {
		return err
	}
	r.onClose(files.Close)
	if s.Model, err = model.ParseHFConfig(files.Config); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	s.Source = files
	s.Save.Extra, err = checkpoint.CompanionFiles(dir)
	return err
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
			return fmt.Errorf("%w; is train.output_dir the folder of the run to continue?", err)
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
	s.Resume = l
	return nil
}

// saveConfig writes the effective configuration beside the run.
func (r *run) saveConfig() error {
	dir := r.Config.Train.OutputDir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the output folder: %w", err)
	}
	path := filepath.Join(dir, "config.yaml")
	_, err := atomicfile.WriteFile(atomicfile.OS{}, path, func(w io.Writer) error {
		_, err := w.Write(r.Rendered)
		return err
	})
	if err != nil {
		return fmt.Errorf("save the configuration: %w", err)
	}
	return nil
}
