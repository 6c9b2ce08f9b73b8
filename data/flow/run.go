package flow

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// job is a stage about to run.
type job struct {
	stage      string
	partitions int // of what its tasks emit
	total      int64
	memory     int64 // of one task, besides records
	specs      []spec
	run        func(ctx context.Context, t *Task) error
	shared     *shared
	manifests  []Manifest
	results    []*Result // of tasks that are done
	stored     []bool    // which the engine's store has; nil without one
	spill      int64     // bytes of records a task holds
	fan        int       // runs of records a task reads at a time
	done       atomic.Int64
}

// merges reports whether the tasks read records of earlier stages.
func (j *job) merges() bool { return len(j.specs) > 0 && len(j.specs[0].from) > 0 }

func (e *Engine) runJob(ctx context.Context, j *job) ([]*Result, error) {
	err := e.findDone(ctx, j)
	if err != nil {
		return nil, err
	}
	switch {
	case e.Part != nil && e.Part.Stage == j.stage:
		return nil, e.runPart(ctx, j)
	case e.Part != nil:
		err = j.notReady()
	case e.Elsewhere != nil:
		err = e.runElsewhere(ctx, j)
	default:
		if err = e.cleanTemp(j.stage); err == nil {
			err = e.runTasks(ctx, j, j.unfinished())
		}
	}
	if err != nil {
		return nil, err
	}
	return j.results, nil
}

// findDone finds the tasks that are done.
func (e *Engine) findDone(ctx context.Context, j *job) error {
	for i, m := range j.manifests {
		j.results[i] = loadResult(e.taskDir(j.stage, i), m.Key)
	}
	if err := e.dropDamaged(ctx, j); err != nil {
		return err
	}
	if j.partitions > 0 && e.Sink == nil {
		j.dropUnreadable(filepath.Join(e.Dir, j.stage))
	}
	if e.Store != nil {
		if err := e.loadStored(ctx, j); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.totals == nil {
		e.totals = map[string]int64{}
	}
	e.totals[j.stage] = j.total
	return nil
}

// dropDamaged reads what earlier runs left, and forgets results whose files are not
// what was written: they are made again. A share reads only those of its own tasks,
// or the shares together would read everything as often as there are shares.
func (e *Engine) dropDamaged(ctx context.Context, j *job) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, e.Workers))
	for i, r := range j.results {
		if r == nil || e.Part != nil && (e.Part.Stage != j.stage || i%e.Part.Count != e.Part.Index) {
			continue
		}
		g.Go(func() error {
			damaged, err := r.verify(ctx)
			if err == nil && damaged != "" {
				e.note("%s is damaged: its bytes are not those that were written; stage %s makes it again", r.Path(damaged), j.stage)
				err = e.fs().RemoveAll(r.Dir)
				j.results[i] = nil
			}
			return err
		})
	}
	return g.Wait()
}

// dropUnreadable forgets map results whose emitted records are neither in spill
// files nor in an exchange.
func (j *job) dropUnreadable(stageDir string) {
	exchanged := true
	for p := range j.partitions {
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
		return &NotReady{Stage: j.stage, Missing: m, Count: len(j.specs)}
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
	if j.partitions > 0 {
		tasks = tasks[:0]
		for i := range j.specs {
			tasks = append(tasks, i)
		}
		// Left from other results, exchanges would pass for those of this job
		// if it is killed before it has written its own.
		if err := e.fs().RemoveAll(filepath.Join(e.Dir, j.stage, "exchange")); err != nil {
			return err
		}
	}
	if err := e.Elsewhere(ctx, Job{Stage: j.stage, Count: len(j.specs), Tasks: tasks, Partitions: j.partitions}); err != nil {
		return err
	}
	for i, m := range j.manifests {
		j.results[i] = loadResult(e.taskDir(j.stage, i), m.Key)
	}
	return j.notReady()
}

// runTasks runs tasks on the pool.
func (e *Engine) runTasks(ctx context.Context, j *job, tasks []int) error {
	workers, err := e.admit(j)
	if err != nil || len(tasks) == 0 {
		return err
	}
	e.progress(j.stage, j.done.Load())
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
// and emits, besides [Work.Memory].
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
	need := j.memory
	if j.merges() {
		need += leastFan * runBytes
	}
	if j.partitions > 0 {
		need += leastSpill
	}
	if need > e.MemoryBudget {
		return 0, fmt.Errorf("flow: one task of stage %s needs %d MiB, but the memory budget is %d MiB; give at least %d MiB", j.stage, need>>20+1, e.MemoryBudget>>20, need>>20+1)
	}
	workers = int(min(int64(workers), e.MemoryBudget/max(need, 1)))
	left := e.MemoryBudget/int64(workers) - j.memory
	if j.merges() {
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
	m, spec := j.manifests[index], j.specs[index]
	if err := e.Fetch(ctx, spec.inputs...); err != nil {
		return nil, fmt.Errorf("flow: stage %s, task %d: inputs: %w", j.stage, index, err)
	}
	if err := e.checkInputs(ctx, spec.inputs); err != nil {
		return nil, err
	}
	if err := e.fetchRecords(ctx, spec.from, spec.partition, spec.all); err != nil {
		return nil, err
	}
	dir := e.taskDir(j.stage, index)
	tmp, err := e.tempFolder(filepath.Dir(dir), index)
	if err != nil {
		return nil, err
	}
	t := &Task{
		Stage: j.stage, Index: index, Count: len(j.specs), Inputs: spec.inputs,
		engine: e, from: spec.from, shared: j.shared, fan: j.fan, done: &j.done, dir: tmp,
	}
	if j.partitions > 0 {
		t.blocks = newBlockWriter(t, j.partitions, j.spill, e.Sink)
	}
	left := false // running still, with its folder
	defer func() {
		if err != nil && !left {
			t.abandon()
			_ = e.fs().RemoveAll(tmp)
		}
	}()
	if left, err = e.body(ctx, j, t, spec); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, in := range spec.inputs {
		if in.Changed == nil {
			continue
		}
		if err := in.Changed(ctx); err != nil {
			return nil, err
		}
	}
	if m, err = t.finish(m); err != nil {
		return nil, err
	}
	// Two attempts at a task may run at a time, and what the faster one left must
	// not vanish again, be it for a moment: readers may be at it. Only spill
	// files that went missing beside a whole result make it worth replacing.
	if j.partitions == 0 || e.Sink != nil {
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

// checkInputs compares what an earlier run left with its manifest, in a share: a
// whole build has compared everything before. A damaged result is removed, so that
// the shares of its stage make it again.
func (e *Engine) checkInputs(ctx context.Context, inputs []Input) error {
	if e.Part == nil {
		return nil
	}
	for _, in := range inputs {
		if in.from == nil || !in.from.Reused {
			continue
		}
		sum, err := HashFile(ctx, in.Path)
		if err != nil {
			return err
		}
		if sum != in.Hash {
			r := in.from
			return errors.Join(fmt.Errorf("flow: %s is damaged: its bytes are not those that were written; it was removed: run the shares of stage %s again, then this one", in.Path, r.Stage), e.fs().RemoveAll(r.Dir))
		}
	}
	return nil
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

// grace is how long a task that was told to stop may go on before it is left
// behind: a decoder in the middle of something may not look up for minutes.
const grace = 1500 * time.Millisecond

// body runs the stage's code for a task. When ctx ends and the code does not, it is
// left running: the process is about to end, and what it writes lies in a folder
// that nobody takes for a result.
func (e *Engine) body(ctx context.Context, j *job, t *Task, s spec) (left bool, err error) {
	ended := make(chan error, 1)
	go func() { ended <- guard(ctx, j, t, s) }()
	select {
	case err := <-ended:
		return false, err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return false, err
	case <-time.After(grace):
		return true, ctx.Err()
	}
}

// guard opens the records of a task and runs the stage's code, turning a panic of
// that into an error that names the task.
func guard(ctx context.Context, j *job, t *Task, s spec) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("flow: stage %s, task %d of %d: defect in the stage's code: %v\n%s", t.Stage, t.Index, t.Count, p, debug.Stack())
		}
	}()
	if len(s.from) > 0 && !s.all {
		m, err := t.openRecords(s.from, s.partition)
		if err != nil {
			return err
		}
		defer m.Close()
		t.merge = m
	}
	return j.run(ctx, t)
}

// IsPartDone tells whether err is the end of a share, and of which.
func IsPartDone(err error) (*PartDone, bool) {
	var d *PartDone
	ok := errors.As(err, &d)
	return d, ok
}
