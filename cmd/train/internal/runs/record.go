package runs

import (
	"bytes"
	"context"
	"os"
	"path/filepath"

	"huihai/configs"
	"huihai/telemetry/dash"
	"huihai/trainer/rundir"
)

// writeRecord notes what the run is, before its first step.
func (r *run) writeRecord(done int) error {
	rendered, err := renderConfig(r.Config, r.Provenance)
	if err != nil {
		return err
	}
	name, err := r.dir.WriteConfig(rendered)
	if err != nil {
		return err
	}
	if name != rundir.ConfigFile {
		r.note(rundir.ConfigFile + " in the output folder is not of a run and is left alone; the run's settings are in " + name)
	}
	host, _ := os.Hostname()
	run := r.setup.Save.Run
	r.record = rundir.Record{
		RunID: run.RunID, Parent: run.Parent, Status: rundir.Running, PID: os.Getpid(), Host: host,
		Started: seconds(r.Now().UnixMilli()), Steps: r.steps, FirstStep: done,
		Command: r.Command, Program: r.Program, Config: name,
		DatasetDir: absolute(r.set.dir), Settings: run.Settings,
	}
	if r.start.source != nil {
		r.record.ModelDir = absolute(r.start.source.Dir)
	}
	if l := r.start.resume; l != nil && !sameFile(filepath.Dir(l.Path), r.dir.Path()) {
		r.record.From = absolute(l.Path)
	} else if l != nil {
		r.keepOrigin()
	}
	for _, row := range r.panel().Rows {
		r.record.Panel = append(r.record.Panel, rundir.PanelRow{Key: row.Key, Value: row.Value})
	}
	return r.dir.WriteRecord(r.record)
}

// keepOrigin carries over where the run began, which a process that goes on in
// the same folder does not see any more.
func (r *run) keepOrigin() {
	if before, err := rundir.ReadRecord(r.dir.Path()); err == nil {
		r.record.From, r.record.ModelDir = before.From, before.ModelDir
	}
}

// ended notes how the run ended.
func (r *run) ended(s rundir.Status, message string) error {
	r.record.Status, r.record.Message, r.record.Ended = s, message, seconds(r.Now().UnixMilli())
	if s == rundir.Failed && r.trainer != nil && r.trainer.Rescued() {
		r.record.Rescued = r.trainer.StepsDone()
	}
	return r.dir.WriteRecord(r.record)
}

// wasFinished notes that a run was finished by a process that did not live to
// note it.
func (r *run) wasFinished() error {
	record, err := rundir.ReadRecord(r.dir.Path())
	if err != nil || record.Status == rundir.Finished {
		return nil // another folder's run, or nothing to mend
	}
	record.Status, record.Message = rundir.Finished, ""
	return r.dir.WriteRecord(record)
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }

// absolute is a path that means the same from any folder.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// openDashboard serves the live page of the run while it lasts.
func (r *run) openDashboard(ctx context.Context) error {
	if r.Dashboard == "" {
		return nil
	}
	s, err := dash.Listen(context.WithoutCancel(ctx), r.Dashboard, []string{r.dir.Path()}, dash.Options{})
	if err != nil {
		return err
	}
	r.onClose(s.Close)
	r.note("dashboard: " + s.URL())
	return nil
}

// renderConfig writes a configuration with the origin of each setting.
func renderConfig(c *configs.Config, prov *configs.Provenance) ([]byte, error) {
	var b bytes.Buffer
	err := configs.Render(&b, c, prov)
	return b.Bytes(), err
}
