package runs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"huihai/checkpoint"
	"huihai/configs"
	"huihai/data"
	"huihai/kernels"
	"huihai/model"
	"huihai/trainer"
	"huihai/trainer/rundir"
)

// start is where the weights of a run come from: a checkpoint, a model folder, or
// neither, for fresh ones.
type start struct {
	resume *checkpoint.Loaded
	source *checkpoint.Model
	model  model.Config
	// print names the content of the model folder.
	print string
	extra map[string][]byte
}

// path is the checkpoint that the run begins with, "" for none.
func (s start) path() string {
	if s.resume == nil {
		return ""
	}
	return s.resume.Path
}

// folder is where the weights are from, "" for fresh ones.
func (s start) folder() string {
	switch {
	case s.resume != nil:
		return s.resume.Path
	case s.source != nil:
		return s.source.Dir
	}
	return ""
}

// words say where the weights of a new run come from.
func (s start) words(seed uint64) string {
	switch {
	case s.source != nil:
		return fmt.Sprintf("%s (%.12s)", s.source.Dir, s.print)
	}
	return fmt.Sprintf("fresh, drawn from seed %d", seed)
}

// chooseStart opens what the run begins with and holds it against the data set
// and the configuration. The shape of stored weights is that of their own
// config.json.
func (r *run) chooseStart(ctx context.Context) error {
	c := r.Config.Train
	r.start.model = r.Config.Model
	l, err := r.repeated.from, error(nil)
	if !r.repeated.is {
		l, err = r.findCheckpoint(ctx, c.ResumeFromCheckpoint)
	}
	if err != nil {
		return err
	}
	folder := ""
	switch {
	case l != nil:
		r.start.resume, folder = l, l.Path
		r.onClose(l.Close)
		err = r.takeModel(l.Model)
	case c.ModelNameOrPath != "":
		folder = c.ModelNameOrPath
		err = errors.Join(r.refuseToMix(), r.continueFrom(ctx, folder))
	default:
		err = r.refuseToMix()
	}
	if err != nil {
		return err
	}
	if err := r.sameShape(folder); err != nil {
		return err
	}
	if err := r.start.model.Validate(); err != nil {
		return fmt.Errorf("%s has no checkpoint to go on from, so the run starts afresh and needs the shape of a model: choose a preset with one (see: train config list) or give section model: %w", c.OutputDir, err)
	}
	if err := r.set.fits(r.start.model, c, folder); err != nil {
		return err
	}
	return r.checkVocabulary(folder)
}

// checkVocabulary compares the model's special ids with the tokenizer's.
func (r *run) checkVocabulary(folder string) error {
	var errs []error
	for _, p := range r.start.model.CheckVocabulary(r.set.pieces) {
		text := p.Text
		if folder == "" {
			text = strings.ReplaceAll(text, "config.json", "section model")
		}
		if p.Fatal {
			errs = append(errs, errors.New(text))
		} else {
			r.note(text)
		}
	}
	return errors.Join(errs...)
}

// takeModel takes the shape and the companion files of stored weights.
func (r *run) takeModel(m *checkpoint.Model) error {
	hf, err := model.ReadHFConfig(m.Config)
	if err != nil {
		return fmt.Errorf("%s: %w", m.Dir, err)
	}
	r.start.model = hf.Config
	for _, w := range slices.Concat(m.Warnings(), hf.Notes, hf.TrainingNotes) {
		r.note(m.Dir + ": " + w)
	}
	if err := hf.Config.CheckSource(m); err != nil {
		return fmt.Errorf("%s: %w", m.Dir, err)
	}
	r.start.extra, err = checkpoint.CompanionFiles(m.Dir)
	return err
}

// continueFrom starts a new run with the weights of a model folder.
func (r *run) continueFrom(ctx context.Context, dir string) error {
	files, err := checkpoint.OpenVerifiedModel(ctx, dir, func(config []byte) error {
		_, err := model.ReadHFConfig(config)
		return err
	})
	if err != nil {
		return err
	}
	r.onClose(files.Close)
	r.start.source = files
	if r.start.print, err = files.Fingerprint(ctx); err != nil {
		return err
	}
	return r.takeModel(files)
}

// findCheckpoint opens the checkpoint that resume_from_checkpoint names, nil for
// none.
func (r *run) findCheckpoint(ctx context.Context, from string) (*checkpoint.Loaded, error) {
	dir := r.Config.Train.OutputDir
	switch from {
	case "", "false":
		return nil, nil
	case "auto", "latest", "true":
		l, err := rundir.Newest(ctx, dir, r.note)
		if errors.Is(err, checkpoint.ErrNoCheckpoint) {
			if from == "auto" {
				return nil, nil
			}
			return nil, fmt.Errorf("train.resume_from_checkpoint is %q, but %w; set it to auto to start afresh where there is none, or is train.output_dir another folder than the run's?", from, err)
		}
		return l, err
	}
	if info, err := os.Stat(from); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("train.resume_from_checkpoint: %s is no folder; give a checkpoint's folder, a run's folder, latest, or auto", from)
	}
	var l *checkpoint.Loaded
	var err error
	if entries, listErr := checkpoint.List(from); listErr == nil && len(entries) > 0 {
		l, err = rundir.Newest(ctx, from, r.note)
	} else if l, err = checkpoint.LoadContext(ctx, from); err != nil {
		err = r.notACheckpoint(from, err)
	}
	if err != nil {
		return nil, err
	}
	if err := r.sameFolder(l); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// notACheckpoint says what a folder is that cannot be resumed from, and names the
// checkpoints beside it that can.
func (r *run) notACheckpoint(from string, err error) error {
	if _, recordErr := rundir.ReadRecord(from); recordErr == nil {
		return fmt.Errorf("train.resume_from_checkpoint: %s is a run's folder without a checkpoint; start it afresh, or set auto", from)
	}
	entries, listErr := checkpoint.List(filepath.Dir(from))
	if listErr != nil {
		return err
	}
	var others []string
	for _, e := range entries {
		if e.Problem == nil && filepath.Clean(e.Path) != filepath.Clean(from) {
			others = append(others, filepath.Base(e.Path))
		}
	}
	if len(others) > 0 {
		return fmt.Errorf("%w; beside it are %s", err, strings.Join(others, ", "))
	}
	return err
}

// sameFolder refuses to go on from another folder's checkpoint in a folder that
// holds a run of its own.
func (r *run) sameFolder(l *checkpoint.Loaded) error {
	dir := r.Config.Train.OutputDir
	a, errA := filepath.EvalSymlinks(filepath.Dir(l.Path))
	b, errB := filepath.EvalSymlinks(dir)
	if errA == nil && errB == nil && sameFile(a, b) {
		return nil
	}
	entries, err := checkpoint.List(dir)
	if err != nil || len(entries) == 0 {
		return err
	}
	return fmt.Errorf("%s holds %s of another run than %s, which would go on in it; name another train.output_dir for the branch", dir, filepath.Base(entries[len(entries)-1].Path), l.Path)
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// refuseToMix keeps a fresh run from mixing with the checkpoints of an earlier
// one. What an earlier run kept only because it failed before its first planned
// save, or was stopped before its first step, is no obstacle: it is set aside.
func (r *run) refuseToMix() error {
	dir := r.Config.Train.OutputDir
	entries, err := checkpoint.List(dir)
	if err != nil || len(entries) == 0 || r.dir == nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e checkpoint.Entry) bool { return e.Problem != nil })
	if len(entries) == 0 {
		return nil
	}
	newest := entries[len(entries)-1]
	record, err := rundir.ReadRecord(dir)
	if len(entries) == 1 && (newest.Step == 0 || err == nil && record.Status == rundir.Failed && record.Rescued == newest.Step) {
		return nil
	}
	return fmt.Errorf("%s already holds %s of another run (step %d); set train.resume_from_checkpoint=auto to continue it, or name another train.output_dir", dir, filepath.Base(newest.Path), newest.Step)
}

// sameShape refuses settings of section model that a person wrote and that the
// folder's config.json contradicts: they would have no effect.
func (r *run) sameShape(folder string) error {
	if folder == "" || r.Provenance == nil {
		return nil
	}
	asked, have := *r.Config, *r.Config
	have.Model = r.start.model
	was, is := configs.Identity(&asked), configs.Identity(&have)
	var errs []error
	for _, key := range r.Provenance.Given("model") {
		if was[key] != is[key] {
			errs = append(errs, fmt.Errorf("%s is %s (%s), but %s has %s; leave it out: stored weights keep their shape", key, was[key], r.Provenance.Of(key), filepath.Join(folder, "config.json"), is[key]))
		}
	}
	return errors.Join(errs...)
}

// PlanInput is what the memory of a run with these options depends on. Of stored
// weights only config.json is read.
func PlanInput(ctx context.Context, dev kernels.Device, o Options) (trainer.PlanInput, error) {
	r := &run{Options: o}
	c := o.Config
	in := trainer.PlanInput{Device: dev, Model: c.Model, Config: c.Train, Optim: c.Optim, Checkpoint: c.Checkpoint, Saves: true}
	in.MemoryLimit, _ = MemoryLimit()
	in.DataCache = c.Loader.CacheBytes
	if m, err := data.ReadManifest(c.Train.DatasetDir); c.Train.DatasetDir != "" && err == nil {
		in.DataCache = m.CacheBytes(in.DataCache)
	}
	folder := c.Train.ModelNameOrPath
	l, err := r.findCheckpoint(ctx, c.Train.ResumeFromCheckpoint)
	if err != nil {
		return in, err
	}
	if l != nil {
		folder = l.Path
		defer l.Close()
	}
	if folder == "" {
		return in, c.Model.Validate()
	}
	files, err := checkpoint.OpenModel(folder)
	if err != nil {
		return in, err
	}
	defer files.Close()
	if r.start.model, err = model.ParseHFConfig(files.Config); err != nil {
		return in, fmt.Errorf("%s: %w", folder, err)
	}
	in.Model = r.start.model
	return in, r.sameShape(folder)
}

// useModel makes the configuration say what is used: the shape of stored weights.
func (r *run) useModel() {
	if folder := r.start.folder(); folder != "" {
		r.Config.Model = r.start.model
		if r.Provenance != nil {
			r.Provenance.TakenFrom("model", filepath.Join(folder, "config.json"))
		}
	}
}
