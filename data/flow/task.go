package flow

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"sort"
	"sync/atomic"
	"syscall"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// Task is what a stage's function sees of the engine. It is used by one
// goroutine, the function's own.
type Task struct {
	Stage  string
	Index  int     // shard or partition number
	Count  int     // number of tasks in the stage
	Inputs []Input // as the pipeline gave them

	engine *Engine
	dir    string
	open   []*Output
	rows   int64
	info   any
	from   []*Result
	merge  *Merge
	shared *shared
	blocks *blockWriter
	fan    int // runs of records read at a time
	merges int // scratch runs made so far
	done   *atomic.Int64
}

// Create starts an output file of the task. The engine closes it, syncs it and
// records its size and hash once the function has returned without an error.
func (t *Task) Create(name string) (*Output, error) {
	path, f, err := t.createPrivate(name)
	if err != nil {
		return nil, err
	}
	o := &Output{sink: sink{name: name, path: path, f: f, sum: sha256.New()}}
	o.Writer = bufio.NewWriterSize(&o.sink, 256<<10)
	t.open = append(t.open, o)
	return o, nil
}

// createPrivate starts a file of the task's folder that is no output: how the
// engine keeps records is not part of the result.
func (t *Task) createPrivate(name string) (string, vfs.File, error) {
	path := filepath.Join(t.dir, name)
	f, err := t.engine.fs().Create(path)
	if err != nil {
		return path, nil, writeError(path, err)
	}
	return path, f, nil
}

// Adopt copies a file that something else wrote, below [Task.TempDir], to an output
// of the task.
func (t *Task) Adopt(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	out, err := t.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, f)
	return err
}

// TempDir returns a folder for working files of the task, which is removed at
// its end.
func (t *Task) TempDir() (string, error) {
	dir := filepath.Join(t.dir, tempName)
	if err := t.engine.fs().MkdirAll(dir); err != nil {
		return "", writeError(dir, err)
	}
	return dir, nil
}

// AddRows counts rows for the manifest.
func (t *Task) AddRows(n int64) { t.rows += n }

// SetInfo stores the stage's own counters in the manifest, as JSON.
func (t *Task) SetInfo(v any) { t.info = v }

// Emit hands a record to a partition of a later stage. The record is
// copied. Only stages that declared partitions may emit.
func (t *Task) Emit(partition int, record []byte) error {
	if t.blocks == nil {
		panic("flow: stage " + t.Stage + " emits records but declares no partitions")
	}
	return t.blocks.add(partition, record)
}

// Partitions returns how many partitions the task's stage emits to.
func (t *Task) Partitions() int {
	if t.blocks == nil {
		return 0
	}
	return len(t.blocks.parts)
}

// Records are those that the results in [Spec.From] emitted for the task's
// partition, in bytewise order. They can be read once.
func (t *Task) Records() *Merge {
	if t.merge == nil {
		panic("flow: stage " + t.Stage + " reads no partition of records")
	}
	return t.merge
}

// OpenPartition opens the records that the results in [Spec.From] of a task with
// [Spec.All] emitted for a partition. Close frees what is held.
func (t *Task) OpenPartition(partition int) (*Merge, error) { return t.openRecords(t.from, partition) }

// Workers is how many threads the task may use. It must not change the result.
func (t *Task) Workers() int { return max(1, t.engine.Workers) }

// Progress adds n units to the stage's progress line.
func (t *Task) Progress(n int64) {
	if t.done != nil {
		t.engine.progress(t.Stage, t.done.Add(n))
	}
}

// finish writes the manifest. All outputs are on disk and synced afterwards.
func (t *Task) finish(m Manifest) (Manifest, error) {
	if err := t.engine.fs().RemoveAll(filepath.Join(t.dir, tempName)); err != nil {
		return m, err
	}
	if t.blocks != nil {
		var err error
		if m.Emitted, err = t.blocks.close(); err != nil {
			return m, err
		}
		if t.blocks.sink == nil {
			if err := writeRuns(t.engine.fs(), t.dir, t.blocks.runs, nil); err != nil {
				return m, err
			}
		}
	}
	for _, o := range t.open {
		if err := o.close(); err != nil {
			return m, err
		}
		m.Outputs = append(m.Outputs, OutputFile{o.name, o.bytes, hex.EncodeToString(o.sum.Sum(nil))})
	}
	t.open = nil
	sort.Slice(m.Outputs, func(i, j int) bool { return m.Outputs[i].Name < m.Outputs[j].Name })
	m.Rows = t.rows
	if t.info != nil {
		b, err := json.Marshal(t.info)
		if err != nil {
			return m, fmt.Errorf("flow: stage %s: counters: %w", t.Stage, err)
		}
		m.Info = b
	}
	return m, writeManifest(t.engine.fs(), t.dir, &m)
}

// abandon closes what is open after a failure; the folder is removed later.
func (t *Task) abandon() {
	for _, o := range t.open {
		_ = o.f.Close()
	}
	t.open = nil
}

// Output is a file being written by a task: buffered, counted and hashed.
type Output struct {
	*bufio.Writer
	sink
}

// sink is the end of an Output that meets the file.
type sink struct {
	name, path string
	f          vfs.File
	sum        hash.Hash
	bytes      int64
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.f.Write(p)
	s.sum.Write(p[:n])
	s.bytes += int64(n)
	if err != nil {
		return n, writeError(s.path, err)
	}
	return n, nil
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) { return o.Writer.Write(p) }

func (o *Output) close() error {
	if err := o.Flush(); err != nil {
		return err
	}
	return closeFile(o.path, o.f)
}

// closeFile syncs and closes.
func closeFile(path string, f vfs.File) error {
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return writeError(path, err)
	}
	if err := f.Close(); err != nil {
		return writeError(path, err)
	}
	return nil
}

// WriteFile writes a whole file and syncs it. It does not rename: callers that
// need the old content to survive a failure use [ReplaceFile].
func WriteFile(fs vfs.FS, path string, content []byte) error {
	f, err := fs.Create(path)
	if err != nil {
		return writeError(path, err)
	}
	if _, err := f.Write(content); err != nil {
		_ = f.Close()
		return writeError(path, err)
	}
	return closeFile(path, f)
}

// ReplaceFile writes a whole file at once: a reader sees the old content or the
// new, never a part.
func ReplaceFile(fs vfs.FS, path string, content []byte) error {
	_, err := atomicfile.WriteFile(fs, path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	if errors.Is(err, syscall.ENOSPC) {
		return writeError(path, syscall.ENOSPC)
	}
	return err
}

func writeError(path string, err error) error {
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		err = e.Err // the path is told once
	}
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("write %s: %w: free some space or choose another output folder; finished parts are kept and a rerun goes on from them", path, err)
	}
	return fmt.Errorf("write %s: %w", path, err)
}
