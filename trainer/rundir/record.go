package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"huihai/checkpoint"
)

// recordFormat is the format of run.json.
const recordFormat = "huihai-run-1"

// Status is how far a run has come.
type Status string

// The states of a run. One whose process was killed stays Running in its record.
const (
	Running  Status = "running"
	Finished Status = "finished" // all steps done
	Stopped  Status = "stopped"  // saved before its end, on request
	Failed   Status = "failed"
)

// Record is run.json: what a run is and what repeating it needs.
type Record struct {
	Format  string             `json:"format"`
	RunID   string             `json:"run_id"`
	Parent  *checkpoint.Parent `json:"parent,omitempty"`
	Status  Status             `json:"status"`
	Message string             `json:"message,omitempty"` // why it failed
	PID     int                `json:"pid"`
	Host    string             `json:"host"`
	Started float64            `json:"started"` // seconds since 1970, of this process
	Ended   float64            `json:"ended,omitempty"`

	Steps     int `json:"steps"`      // of the whole run
	FirstStep int `json:"first_step"` // done when this process began
	// Rescued is the step whose checkpoint a run that failed saved only because it
	// failed; 0 for none.
	Rescued int `json:"rescued,omitempty"`

	// Command and Program say what was run: arguments, and the commit or version.
	Command []string `json:"command"`
	Program string   `json:"program"`
	// Config is the name of the file with the settings.
	Config string `json:"config"`
	// Paths, absolute: they are no part of the run's identity.
	DatasetDir string `json:"dataset_dir"`
	ModelDir   string `json:"model_dir,omitempty"`
	// From is the checkpoint in another folder that the run goes on from.
	From string `json:"from,omitempty"`
	// Settings are all that the numbers depend on, as in every checkpoint.
	Settings map[string]string `json:"settings"`
	Panel    []PanelRow        `json:"panel"`
}

// PanelRow is a line of the box that the run began with.
type PanelRow struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// WriteRecord replaces the record.
func (d *Dir) WriteRecord(r Record) error {
	r.Format = recordFormat
	b, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = d.write(RecordFile, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the run's record: %w", err)
	}
	return nil
}

// ReadRecord reads the record of the run in the folder at path, which need not be
// held.
func ReadRecord(path string) (Record, error) {
	name := filepath.Join(path, RecordFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, fmt.Errorf("%s has no %s: it is no run's folder, or one of an older program; give the folder that train.output_dir named", path, RecordFile)
	}
	if err != nil {
		return Record{}, fmt.Errorf("read the run's record: %w", err)
	}
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return Record{}, fmt.Errorf("%s is damaged: %w", name, err)
	}
	if r.Format != recordFormat {
		return Record{}, fmt.Errorf("%s has format %q; this program reads %q", name, r.Format, recordFormat)
	}
	return r, nil
}
