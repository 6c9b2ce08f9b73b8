package flow

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/singleflight"

	"huihai/internal/objstore"
	"huihai/internal/vfs"
)

// Stage names a step of a pipeline and what its results depend on besides the
// inputs.
type Stage struct {
	Name       string
	Code       string // version of the code; change it when the bytes it writes change
	Config     any    // hashed through JSON
	Partitions int    // of what the tasks emit; 0 when they emit nothing
	First      int    // for joins: task i takes partition First+i
	Total      int64  // of the units that tasks report with Progress; 0 if unknown
	// Memory is what one task holds besides the records it emits, in bytes.
	// With a memory budget, only as many tasks run at a time as fit.
	Memory int64
}

// Spec is one task to run: its inputs, and parameters that enter the key.
type Spec struct {
	Inputs []Input
	Params any
}

// TaskFunc is the body of a map task or a single task.
type TaskFunc func(ctx context.Context, t *Task) error

// ReduceFunc is the body of a reduce task.
type ReduceFunc func(ctx context.Context, t *Task, records *Merge) error

// Progress reports that done of total units of a stage are finished (total is 0
// when unknown). Calls do not overlap.
type Progress func(stage string, done, total int64)

// Engine runs stages on a pool of workers in this process, or its part of a
// stage for an array job, or has them run elsewhere. The zero value of every
// field but Dir is usable.
type Engine struct {
	Dir          string // where stages keep their folders
	FS           vfs.FS // nil means the operating system's
	Workers      int    // tasks at a time; 0 means one
	MemoryBudget int64  // bytes for all tasks together; 0 means 256 MiB of records for each and no bound on the rest
	SpillBytes   int64  // bytes of records a task holds before it spills; 0 derives it from the budget
	OnProgress   Progress

	// Part makes the engine run its share of one stage and end there.
	Part *Part
	// Sink takes the records that tasks emit, in place of spill files.
	Sink BlockSink
	// Elsewhere runs tasks of a stage on other machines; nil means here. When
	// it returns, their folders (and exchanges of what they emitted) are in Dir.
	Elsewhere func(ctx context.Context, job Job) error
	// Store keeps finished tasks for engines on other machines, each with a Dir
	// of its own; nil means that Dir is all there is. Not together with Sink or
	// Elsewhere.
	Store objstore.Store

	mu      sync.Mutex
	totals  map[string]int64
	fetches singleflight.Group
}

// Job is what [Engine.Elsewhere] is asked to run.
type Job struct {
	Stage      string
	Count      int   // tasks of the stage
	Tasks      []int // those that are not done yet, ascending
	Partitions int   // of what the tasks emit; 0 when they emit nothing
}

// Part is one share of a stage, as a task of an array job gets it: the tasks
// whose number is Index modulo Count.
type Part struct {
	Stage        string
	Index, Count int
}

// PartDone is the error by which [Engine.Map] and its kin end once the share of
// a stage is done: the stages behind it are not this process's.
type PartDone struct {
	Part
	Tasks  int // of the stage
	Ran    int // by this share
	Reused int // that the share found done
}

// Error implements error.
func (d *PartDone) Error() string {
	return fmt.Sprintf("share %d of %d of stage %s is done", d.Index, d.Count, d.Stage)
}

// NotReady is the error of a share whose stage needs results that are missing.
type NotReady struct {
	Stage   string
	Missing []int // task numbers
	Count   int   // tasks of the stage
}

// Error implements error.
func (n *NotReady) Error() string {
	return fmt.Sprintf("stage %s comes first and is not done: %d of its %d tasks are missing (the first is %d); run all shares of stage %s with the same inputs and configuration, then this one",
		n.Stage, len(n.Missing), n.Count, n.Missing[0], n.Stage)
}

func (e *Engine) fs() vfs.FS {
	if e.FS == nil {
		return vfs.OS{}
	}
	return e.FS
}

func (e *Engine) progress(stage string, done int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.OnProgress != nil {
		e.OnProgress(stage, done, e.totals[stage])
	}
}

// Map runs one task per spec and returns their results in the order of specs.
func (e *Engine) Map(ctx context.Context, st Stage, specs []Spec, fn TaskFunc) ([]*Result, error) {
	return e.run(ctx, st, "map", specs, fn)
}

// Single runs one task.
func (e *Engine) Single(ctx context.Context, st Stage, spec Spec, fn TaskFunc) (*Result, error) {
	res, err := e.run(ctx, st, "single", []Spec{spec}, fn)
	if err != nil {
		return nil, err
	}
	return res[0], nil
}

// Reduce runs one task for each of the partitions that the results in from were
// cut into. Every task also gets the inputs and parameters of spec.
func (e *Engine) Reduce(ctx context.Context, st Stage, partitions int, from []*Result, spec Spec, fn ReduceFunc) ([]*Result, error) {
	specs := make([]Spec, partitions)
	for i := range specs {
		specs[i] = spec
	}
	return e.Join(ctx, st, specs, from, fn)
}

// Join runs one task per spec; task i also gets the records that the results in
// from, of one stage or several, emitted for partition st.First+i.
func (e *Engine) Join(ctx context.Context, st Stage, specs []Spec, from []*Result, fn ReduceFunc) ([]*Result, error) {
	signed := make([]Spec, len(specs))
	for i, spec := range specs {
		signed[i].Params = spec.Params
		for _, r := range from {
			if st.First+i >= len(r.Emitted) {
				return nil, fmt.Errorf("flow: stage %s takes %d partitions from number %d, stage %s has %d", st.Name, len(specs), st.First, r.Stage, len(r.Emitted))
			}
			m := r.Emitted[st.First+i]
			signed[i].Inputs = append(signed[i].Inputs, Input{Hash: fmt.Sprintf("%s %d %d %s", r.Stage, r.Index, m.Records, m.Digest)})
		}
		signed[i].Inputs = append(signed[i].Inputs, spec.Inputs...)
	}
	return e.run(ctx, st, "reduce", signed, func(ctx context.Context, t *Task) error {
		t.Inputs = specs[t.Index].Inputs
		if e.Store != nil {
			if err := e.fetchRecords(ctx, from, st.First+t.Index); err != nil {
				return err
			}
		}
		m, err := t.OpenRecords(from, st.First+t.Index)
		if err != nil {
			return err
		}
		defer m.Close()
		return fn(ctx, t, m)
	})
}
