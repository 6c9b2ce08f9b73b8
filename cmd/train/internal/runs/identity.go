package runs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"huihai/checkpoint"
	"huihai/configs"
	"huihai/trainer"
)

// Entries of a run's settings that are not settings of the configuration.
const (
	keyData     = "data.fingerprint"
	keyWeights  = "weights" // fresh, or the fingerprint of a model folder
	keyNumerics = "numerics"
	keySteps    = "train.steps"
	keyRows     = "train.rows_per_step"
)

// settings are all that the numbers of the run depend on, and nothing else.
func (r *run) settings() map[string]string {
	m := configs.Identity(r.Config)
	m[keyData] = r.set.manifest.Fingerprint
	m[keyNumerics] = strconv.Itoa(trainer.NumericsVersion)
	m[keySteps] = strconv.Itoa(r.steps)
	m[keyRows] = rowsInWords(trainer.NewRows(r.Config.Train))
	m[keyWeights] = "fresh"
	if r.start.source != nil {
		m[keyWeights] = r.start.print
	}
	if l := r.start.resume; l != nil {
		m[keyWeights] = l.Trainer.Run.Settings[keyWeights]
	}
	return m
}

func rowsInWords(rows trainer.Rows) string {
	var parts []string
	for _, b := range rows {
		part := strconv.Itoa(b.Rows)
		if b.FromStep > 0 {
			part += fmt.Sprintf(" from step %d", b.FromStep)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// runID names a run by its settings and by what it branched off from.
func runID(settings map[string]string, parent *checkpoint.Parent) string {
	h := sha256.New()
	keys := make([]string, 0, len(settings))
	for k := range settings {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(h, "%q=%q\n", k, settings[k])
	}
	if parent != nil {
		fmt.Fprintf(h, "parent %q step %d\n", parent.RunID, parent.Step)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:6])
}

// fixed are settings that cannot change in the middle of a run, with the reason.
var fixed = map[string]string{
	keyData:           "the place in the data would mean other rows",
	"train.seed":      "random streams are named after it",
	"optim.optimizer": "the checkpoint has the state of the other one",
	"loader.seed":     "the order of the rows is drawn from it",
	"loader.shuffle":  "the order of the rows depends on it",
}

// identify names the run. One that goes on under the settings of its checkpoint
// keeps its name; under others it gets a new one that names its parent, and every
// change is told.
func (r *run) identify(context.Context) error {
	r.useModel()
	settings := r.settings()
	id := checkpoint.Run{Settings: settings}
	if l := r.start.resume; l != nil {
		before := l.Trainer.Run
		if before.Settings != nil {
			dropNew(settings, before.Settings)
		}
		changes := configs.Diff(before.Settings, settings)
		if before.Settings == nil {
			changes = nil
			r.note("the checkpoint is of an older program, which did not record its settings; what has changed since cannot be told")
		}
		if err := refuseChanges(changes); err != nil {
			return fmt.Errorf("%s: %w", l.Path, err)
		}
		id.Parent = before.Parent
		if before.Settings == nil || len(changes) > 0 {
			id.Parent = &checkpoint.Parent{RunID: before.RunID, Step: l.Trainer.GlobalStep}
		}
		for _, c := range changes {
			r.note(fmt.Sprintf("changed since the checkpoint: %s: %s -> %s", c.Key, shown(c.Old), shown(c.New)))
		}
	}
	id.RunID = runID(settings, id.Parent)
	r.setup = trainer.Setup{
		Model: r.start.model, Config: r.Config.Train, Optim: r.Config.Optim,
		TotalSteps: r.steps, Rows: r.rows, Batches: r.set.loader, Resume: r.start.resume,
		Rehearsal: r.DryRun, DataCache: r.set.manifest.CacheBytes(r.Config.Loader.CacheBytes),
		Save: trainer.Saving{
			Checkpoint: r.Config.Checkpoint, Tokenizer: r.set.tokenizer, Extra: r.start.extra, Run: id, EpochRows: r.set.loader.Rows(),
		},
	}
	if r.start.source != nil {
		r.setup.Source = r.start.source
	}
	if r.dir != nil {
		r.setup.Save.Root = r.dir.Path()
	}
	return nil
}

// dropNew leaves out settings that the program of the checkpoint did not have and
// that are at their defaults, which stand for what it did: a run keeps its name
// when the program learns something new.
func dropNew(settings, before map[string]string) {
	def := configs.Default()
	usual := configs.Identity(&def)
	for key, value := range settings {
		if _, known := before[key]; !known && value == usual[key] {
			delete(settings, key)
		}
	}
}

func shown(value string) string {
	if value == "" {
		return "(not set)"
	}
	return value
}

// refuseChanges refuses those that would not have the effect they promise.
func refuseChanges(changes []configs.Change) error {
	var errs []error
	for _, c := range changes {
		why, ok := fixed[c.Key]
		if !ok && strings.HasPrefix(c.Key, "model.") {
			why, ok = "stored weights keep their shape", true
		}
		if ok {
			errs = append(errs, fmt.Errorf("%s is %s in the checkpoint and now %s: %s; set it back, or start a new run from the weights with train.model_name_or_path", c.Key, shown(c.Old), shown(c.New), why))
		}
	}
	return errors.Join(errs...)
}
