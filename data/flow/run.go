package flow

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// job is a stage about to run.
type job struct {
	st        Stage
	specs     []Spec
	fn        TaskFunc
	manifests []Manifest
	results   []*Result // of tasks that are done
	stored    []bool    // which the engine's store has; nil without one
	spill     int64     // bytes of records a task holds
	merges    bool      // records of earlier stages
	fan       int       // runs of records a task reads at a time
	done      atomic.Int64
}

func (e *Engine) run(ctx context.Context, st Stage, kind string, specs []Spec, fn TaskFunc) ([]*Result, error) {
	j, err := e.newJob(ctx, st, kind, specs, fn)
	if err != nil {
		return nil, err
	}
	switch {
	case e.Part != nil && e.Part.Stage == st.Name:
		return nil, e.runPart(ctx, j)
	case e.Part != nil:
		err = j.notReady()
	case e.Elsewhere != nil:
		err = e.runElsewhere(ctx, j)
	default:
		if err = e.cleanTemp(st.Name); err == nil {
			err = e.runTasks(ctx, j, j.unfinished())
		}
	}
	if err != nil {
		return nil, err
	}
	return j.results, nil
}

// newJob signs the tasks and finds those that are done.
func (e *Engine) newJob(ctx context.Context, st Stage, kind string, specs []Spec, fn TaskFunc) (*job, error) {
	configHash, err := Hash(st.Config)
	if err != nil {
		return nil, err
	}
	j := &job{st: st, specs: specs, fn: fn, merges: kind == "reduce", manifests: make([]Manifest, len(specs)), results: make([]*Result, len(specs))}
	for i, spec := range specs {
		m := Manifest{Stage: st.Name, Kind: kind, Index: i, Count: len(specs), Code: st.Code, ConfigHash: configHash}
		if err := m.sign(spec, st); err != nil {
			return nil, err
		}
		j.manifests[i] = m
		j.results[i] = loadResult(e.taskDir(st.Name, i), m.Key)
	}
	if st.Partitions > 0 && e.Sink == nil {
		j.dropUnreadable(filepath.Join(e.Dir, st.Name))
	}
	if e.Store != nil {
		if err := e.loadStored(ctx, j); err != nil {
			return nil, err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.totals == nil {
		e.totals = map[string]int64{}
	}
	e.totals[st.Name] = st.Total
	return j, nil
}

// dropUnreadable forgets map results whose emitted records are neither in spill
// files nor in an exchange.
func (j *job) dropUnreadable(stageDir string) {
	exchanged := true
	for p := range j.st.Partitions {
		if !hasFile(filepath.Join(exchangeDir(stageDir, p), runsName)) {
			exchanged = false
			break
		}
	}
	for i, r := range j.results {
		if r == nil || exchanged {
			continue
		}
		if _, err := readRuns(r.Dir); err != nil {
			j.results[i] = nil
		}
	}
}

func hasFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (e *Engine) taskDir(stage string, index int) string {
	return filepath.Join(e.Dir, stage, fmt.Sprintf("%05d", index))
}

func (j *job) missing() []int {
	var out []int
	for i, r := range j.results {
		if r == nil {
			out = append(out, i)
		}
	}
	return out
}

// unfinished returns the tasks that are not done or not in the store.
func (j *job) unfinished() []int {
	if j.stored == nil {
		return j.missing()
	}
	var out []int
	for i, done := range j.stored {
		if !done {
			out = append(out, i)
		}
	}
	return out
}

func (j *job) notReady() error {
	if m := j.missing(); len(m) > 0 {
		return &NotReady{Stage: j.st.Name, Missing: m, Count: len(j.specs)}
	}
	return nil
}

// runPart runs the engine's share of the stage and ends with a [PartDone].
func (e *Engine) runPart(ctx context.Context, j *job) error {
	var mine []int
	done := &PartDone{Part: *e.Part, Tasks: len(j.specs)}
	for i := e.Part.Index; i < len(j.specs); i += e.Part.Count {
		if j.results[i] != nil && e.Sink == nil { // a sink wants the records again
			done.Reused++
			if j.stored == nil || j.stored[i] {
				continue
			}
		} else {
			done.Ran++
		}
		mine = append(mine, i)
	}
	if err := e.runTasks(ctx, j, mine); err != nil {
		return err
	}
	return done
}

// runElsewhere hands the missing tasks out and loads what they left. Records of
// tasks done before must travel again when others of the stage are missing,
// since exchanges hold whole partitions.
func (e *Engine) runElsewhere(ctx context.Context, j *job) error {
	tasks := j.missing()
	if len(tasks) == 0 {
		return nil
	}
	if j.st.Partitions > 0 {
		tasks = tasks[:0]
		for i := range j.specs {
			tasks = append(tasks, i)
		}
		// Left from other results, exchanges would pass for those of this job
		// if it is killed before it has written its own.
		if err := e.fs().RemoveAll(filepath.Join(e.Dir, j.st.Name, "exchange")); err != nil {
			return err
		}
	}
	if err := e.Elsewhere(ctx, Job{Stage: j.st.Name, Count: len(j.specs), Tasks: tasks, Partitions: j.st.Partitions}); err != nil {
		return err
	}
	for i, m := range j.manifests {
		j.results[i] = loadResult(e.taskDir(j.st.Name, i), m.Key)
	}
	return j.notReady()
}

// runTasks runs tasks on the pool.
func (e *Engine) runTasks(ctx context.Context, j *job, tasks []int) error {
	workers, err := e.admit(j)
	if err != nil || len(tasks) == 0 {
		return err
	}
	e.progress(j.st.Name, j.done.Load())
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, i := range tasks {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			return e.doTask(gctx, j, i)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// doTask runs a task and puts its result into the store; a task that was done
// before only lacks the latter.
func (e *Engine) doTask(ctx context.Context, j *job, i int) (err error) {
	if j.stored == nil || j.results[i] == nil {
		if j.results[i], err = e.runTask(ctx, j, i); err != nil {
			return err
		}
	}
	if e.Store != nil {
		return e.push(ctx, j.results[i])
	}
	return nil
}

// The least and the default bytes of records that a task holds before it spills.
const (
	leastSpill   = 1 << 20
	defaultSpill = 256 << 20
)

// The least and the greatest number of runs of records that a task reads at a
// time, and the bytes that a reader holds: window, blocks and buffers.
const (
	leastFan = 16
	mostFan  = 128
	runBytes = 1 << 20
)

// LeastRecords is the memory in bytes that a task needs for the records it reads
// and emits, besides [Stage.Memory].
const LeastRecords = leastSpill + leastFan*runBytes

// admit decides how many tasks of the stage run at a time, how many records each
// may hold and how many runs it may read, so that all fit into the budget.
func (e *Engine) admit(j *job) (workers int, err error) {
	workers = max(1, e.Workers)
	j.spill, j.fan = e.SpillBytes, mostFan
	if j.spill > 0 {
		j.fan = leastFan
		return workers, nil
	}
	if e.MemoryBudget <= 0 {
		j.spill = defaultSpill
		return workers, nil
	}
	need := j.st.Memory
	if j.merges {
		need += leastFan * runBytes
	}
	if j.st.Partitions > 0 {
		need += leastSpill
	}
	if need > e.MemoryBudget {
		return 0, fmt.Errorf("flow: one task of stage %s needs %d MiB, but the memory budget is %d MiB; give at least %d MiB", j.st.Name, need>>20+1, e.MemoryBudget>>20, need>>20+1)
	}
	workers = int(min(int64(workers), e.MemoryBudget/max(need, 1)))
	left := e.MemoryBudget/int64(workers) - j.st.Memory
	if j.merges {
		j.fan = int(min(max(left/4/runBytes, leastFan), mostFan))
		left -= int64(j.fan) * runBytes
	}
	// Half of what is left goes to records; sorting and compressing them needs
	// the other half.
	j.spill = max(leastSpill, left/2)
	return workers, nil
}

// runTask runs a task in a temporary folder and renames that into place.
func (e *Engine) runTask(ctx context.Context, j *job, index int) (res *Result, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st, m, spec := j.st, j.manifests[index], j.specs[index]
	if err := e.Fetch(ctx, spec.Inputs...); err != nil {
		return nil, fmt.Errorf("flow: stage %s, task %d: inputs: %w", st.Name, index, err)
	}
	dir := e.taskDir(st.Name, index)
	tmp, err := e.tempFolder(filepath.Dir(dir), index)
	if err != nil {
		return nil, err
	}
	t := &Task{Stage: st.Name, Index: index, Count: len(j.specs), Inputs: spec.Inputs, Params: spec.Params, engine: e, fan: j.fan, done: &j.done, dir: tmp}
	if st.Partitions > 0 {
		t.blocks = newBlockWriter(t, st.Partitions, j.spill, e.Sink)
	}
	defer func() {
		if err != nil {
			t.abandon()
			_ = e.fs().RemoveAll(tmp)
		}
	}()
	if err := guard(ctx, t, j.fn); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m, err = t.finish(m); err != nil {
		return nil, err
	}
	// Two attempts at a task may run at a time, and what the faster one left must
	// not vanish again, be it for a moment: readers may be at it. Only spill
	// files that went missing beside a whole result make it worth replacing.
	if st.Partitions == 0 || e.Sink != nil {
		if r := loadResult(dir, m.Key); r != nil {
			return r, e.fs().RemoveAll(tmp)
		}
	}
	if err := e.rename(tmp, dir); err != nil {
		if r := loadResult(dir, m.Key); r != nil { // another process was faster
			_ = e.fs().RemoveAll(tmp)
			return r, nil
		}
		return nil, err
	}
	return &Result{Manifest: m, Dir: dir}, nil
}

// tempFolder makes an empty folder that no other process uses.
func (e *Engine) tempFolder(parent string, index int) (string, error) {
	tmp := filepath.Join(parent, fmt.Sprintf(".%05d.%s.tmp", index, uniqueName()))
	if err := e.fs().MkdirAll(tmp); err != nil {
		return "", writeError(tmp, err)
	}
	return tmp, nil
}

// cleanTemp removes what killed runs left of a stage. Shares do not clean: what
// looks left over may be another share at work.
func (e *Engine) cleanTemp(stage string) error {
	patterns := []string{"", "exchange"}
	if e.Store != nil {
		patterns = []string{"", "*"} // downloads lie in the folders of their tasks
	}
	for _, pattern := range patterns {
		left, err := filepath.Glob(filepath.Join(e.Dir, stage, pattern, ".*.tmp"))
		if err != nil {
			return err
		}
		for _, p := range left {
			if err := e.fs().RemoveAll(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// rename makes a finished temporary folder the one that readers find.
func (e *Engine) rename(tmp, dir string) error {
	fs := e.fs()
	if err := fs.SyncDir(tmp); err != nil {
		return err
	}
	if exists(dir) {
		if err := fs.RemoveAll(dir); err != nil {
			return err
		}
	}
	if err := fs.Rename(tmp, dir); err != nil {
		return writeError(dir, err)
	}
	return fs.SyncDir(filepath.Dir(dir))
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

// IsPartDone tells whether err is the end of a share, and of which.
func IsPartDone(err error) (*PartDone, bool) {
	var d *PartDone
	ok := errors.As(err, &d)
	return d, ok
}
