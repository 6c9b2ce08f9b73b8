package flow

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"huihai/internal/vfs"
)

// runsName lists the spill files beside it. They are no outputs: another memory
// budget cuts them elsewhere, another engine has none.
const runsName = "runs.json"

// tempName is the folder for a task's own working files.
const tempName = "tmp"

type runList struct {
	Runs  []runFile `json:"runs"`
	Total *Emitted  `json:"total,omitempty"` // of an exchange: all records of the partition
}

type runFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// writeRuns lists the spill files of dir. A total is written for exchanges.
func writeRuns(fs vfs.FS, dir string, runs []runFile, total *tally) error {
	l := runList{Runs: runs}
	if total != nil {
		e := total.emitted()
		l.Total = &e
	}
	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(fs, filepath.Join(dir, runsName), append(b, '\n'))
}

// readRuns returns the list of dir after checking that its files are there.
func readRuns(dir string) (*runList, error) {
	path := filepath.Join(dir, runsName)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var l runList
	if err := json.Unmarshal(b, &l); err != nil {
		return nil, fmt.Errorf("flow: %s is damaged: %w", path, err)
	}
	for i, r := range l.Runs {
		st, err := os.Stat(filepath.Join(dir, runName(i)))
		if err != nil {
			return nil, err
		}
		if r.Name != runName(i) || st.Size() != r.Bytes {
			return nil, fmt.Errorf("flow: %s: %s has %d bytes, %d were written", path, r.Name, st.Size(), r.Bytes)
		}
	}
	return &l, nil
}

// exchangeDir is where an engine that carries records itself puts those of a
// partition, in place of the spill files of the stage's tasks.
func exchangeDir(stageDir string, partition int) string {
	return filepath.Join(stageDir, "exchange", fmt.Sprintf("%05d", partition))
}

// WriteExchange stores the records of one partition of a map stage, however they
// came from its tasks, so that reductions find them. next yields the blocks that
// a [BlockSink] got, in any order, and false at the end. Only budget bytes are
// held at a time (0 means 64 MiB).
func (e *Engine) WriteExchange(stage string, partition int, budget int64, next func() ([]byte, bool)) error {
	if budget <= 0 {
		budget = 64 << 20
	}
	dir := exchangeDir(filepath.Join(e.Dir, stage), partition)
	tmp, err := e.tempFolder(filepath.Dir(dir), partition)
	if err != nil {
		return err
	}
	t := &Task{Stage: stage, Index: partition, engine: e, dir: tmp}
	w := newBlockWriter(t, 1, budget, nil)
	for {
		block, ok := next()
		if !ok {
			break
		}
		if err := EachRecord(block, func(rec []byte) error { return w.add(0, rec) }); err != nil {
			return err
		}
	}
	if _, err := w.close(); err != nil {
		return err
	}
	if err := writeRuns(e.fs(), tmp, w.runs, &w.tallies[0]); err != nil {
		return err
	}
	return e.rename(tmp, dir)
}
