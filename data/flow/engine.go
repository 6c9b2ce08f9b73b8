package flow

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Stage names a step of a pipeline and what its results depend on besides the
// inputs.
type Stage struct {
	Name       string
	Code       string // version of the code; change it when the bytes it writes change
	Config     any    // hashed through JSON
	Partitions int    // for map stages that emit records
	Total      int64  // of the units that tasks report with Progress; 0 if unknown
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

// Engine runs stages on a pool of workers in this process. The zero value of
// every field but Dir is usable.
type Engine struct {
	Dir          string // where stages keep their folders
	FS           FS     // nil means the operating system's
	Workers      int    // tasks at a time; 0 means one
	MemoryBudget int64  // bytes of records a map task holds before it spills; 0 means 256 MiB
	OnProgress   Progress

	mu      sync.Mutex
	totals  map[string]int64
	seconds map[string]float64
}

func (e *Engine) fs() FS {
	if e.FS == nil {
		return OS{}
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

// Seconds returns the wall-clock time spent so far in the named stage.
func (e *Engine) Seconds(stage string) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seconds[stage]
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

// Reduce runs one task for each of the partitions that the map results in from
// were cut into. Every task also gets the extra inputs of spec.
func (e *Engine) Reduce(ctx context.Context, st Stage, partitions int, from []*Result, spec Spec, fn ReduceFunc) ([]*Result, error) {
	var inputs []Input
	for _, r := range from {
		for i := range r.Runs {
			inputs = append(inputs, r.Input(runName(i)))
		}
	}
	inputs = append(inputs, spec.Inputs...)
	specs := make([]Spec, partitions)
	for i := range specs {
		specs[i] = Spec{Inputs: inputs, Params: spec.Params}
	}
	return e.run(ctx, st, "reduce", specs, func(ctx context.Context, t *Task) error {
		t.Inputs = spec.Inputs
		m, err := openMerge(from, t.Index)
		if err != nil {
			return err
		}
		defer m.close()
		return fn(ctx, t, m)
	})
}

func (e *Engine) run(ctx context.Context, st Stage, kind string, specs []Spec, fn TaskFunc) ([]*Result, error) {
	start := time.Now()
	configHash, err := Hash(st.Config)
	if err != nil {
		return nil, err
	}
	e.begin(st)
	var done atomic.Int64
	results := make([]*Result, len(specs))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, e.Workers))
	for i, spec := range specs {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			m := Manifest{Stage: st.Name, Kind: kind, Index: i, Count: len(specs), Code: st.Code, ConfigHash: configHash}
			t := &Task{Stage: st.Name, Index: i, Count: len(specs), Inputs: spec.Inputs, Params: spec.Params, engine: e, done: &done}
			r, err := e.runTask(gctx, st, m, spec, t, fn)
			results[i] = r
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.seconds[st.Name] += time.Since(start).Seconds()
	e.mu.Unlock()
	return results, nil
}

func (e *Engine) begin(st Stage) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.totals == nil {
		e.totals, e.seconds = map[string]int64{}, map[string]float64{}
	}
	e.totals[st.Name] = st.Total
}

// runTask returns the finished task from an earlier run, or runs it in a
// temporary folder and renames that into place.
func (e *Engine) runTask(ctx context.Context, st Stage, m Manifest, spec Spec, t *Task, fn TaskFunc) (res *Result, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := m.sign(spec, st); err != nil {
		return nil, err
	}
	dir := filepath.Join(e.Dir, st.Name, fmt.Sprintf("%05d", m.Index))
	if r := loadResult(dir, m.Key); r != nil {
		return r, nil
	}
	tmp := filepath.Join(e.Dir, st.Name, fmt.Sprintf(".%05d.tmp", m.Index))
	if err := e.fs().RemoveAll(tmp); err != nil {
		return nil, err
	}
	if err := e.fs().MkdirAll(tmp); err != nil {
		return nil, writeError(tmp, err)
	}
	t.dir = tmp
	if st.Partitions > 0 {
		budget := e.MemoryBudget
		if budget <= 0 {
			budget = 256 << 20
		}
		t.blocks = newBlockWriter(t, st.Partitions, budget)
	}
	defer func() {
		if err != nil {
			t.abandon()
			_ = e.fs().RemoveAll(tmp)
		}
	}()
	if err := guard(ctx, t, fn); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m, err = t.finish(m); err != nil {
		return nil, err
	}
	return e.publish(m, tmp, dir)
}

// publish makes the finished temporary folder the task's folder.
func (e *Engine) publish(m Manifest, tmp, dir string) (*Result, error) {
	fs := e.fs()
	if err := fs.SyncDir(tmp); err != nil {
		return nil, err
	}
	if exists(dir) {
		if err := fs.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	if err := fs.Rename(tmp, dir); err != nil {
		return nil, writeError(dir, err)
	}
	if err := fs.SyncDir(filepath.Dir(dir)); err != nil {
		return nil, err
	}
	return &Result{Manifest: m, Dir: dir}, nil
}

// guard turns a panic of a stage's code into an error that names the task.
func guard(ctx context.Context, t *Task, fn TaskFunc) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("flow: stage %s, task %d of %d: defect in the stage's code: %v\n%s", t.Stage, t.Index, t.Count, p, debug.Stack())
		}
	}()
	return fn(ctx, t)
}

// sign fills in the hashes that decide whether a result may be used again.
func (m *Manifest) sign(spec Spec, st Stage) error {
	hashes := make([]string, len(spec.Inputs))
	for i, in := range spec.Inputs {
		hashes[i] = in.Hash
	}
	var err error
	if m.InputHash, err = Hash(hashes); err != nil {
		return err
	}
	m.Key, err = Hash([]any{m.Stage, m.Kind, m.Index, m.Count, m.Code, m.ConfigHash, m.InputHash, spec.Params, st.Partitions})
	return err
}
