package flow

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// Stage is a step of a pipeline: a name and the body of its tasks. The body gets
// the task, the configuration of the stage and what this task differs by from the
// others, and nothing else: what it could read besides would not be in the key of
// its result. So stages are variables of a package, whose Run is a plain function,
// and the files that a body opens are among the inputs of its task or, as [Input],
// in its configuration.
type Stage[C, P any] struct {
	Name string
	Run  func(ctx context.Context, t *Task, c C, p P) error
}

// None is for a stage without a configuration, or whose tasks differ in nothing
// but their number.
type None struct{}

// Work is what a stage is to do.
type Work[C, P any] struct {
	Config     C // enters the keys of all tasks
	Tasks      []Spec[P]
	Partitions int   // of what the tasks emit; 0 when they emit nothing
	Total      int64 // of the units that tasks report with Progress; 0 if unknown
	// Memory is what one task holds besides the records it emits and reads, in
	// bytes. With a memory budget, only as many tasks run at a time as fit.
	Memory int64
}

// Spec is one task to run. All of it but the places of files enters the task's key.
type Spec[P any] struct {
	Params P
	Inputs []Input
	// From are results, of one stage or several, whose emitted records the task
	// reads: those for Partition by [Task.Records], or with All those of any by
	// [Task.OpenPartition].
	From      []*Result
	Partition int
	All       bool
}

// Reduce returns the tasks that read n partitions of what results emitted, from
// number first on.
func Reduce(from []*Result, first, n int) []Spec[None] {
	specs := make([]Spec[None], n)
	for i := range specs {
		specs[i] = Spec[None]{From: from, Partition: first + i}
	}
	return specs
}

// Run runs the tasks of a stage that are not done yet and returns the results of
// all in the order of w.Tasks.
func Run[C, P any](ctx context.Context, e *Engine, st Stage[C, P], w Work[C, P]) ([]*Result, error) {
	config, err := Key(w.Config)
	if err != nil {
		return nil, fmt.Errorf("flow: configuration of stage %s: %w", st.Name, err)
	}
	j := &job{
		stage: st.Name, partitions: w.Partitions, total: w.Total, memory: w.Memory, shared: &shared{},
		specs: make([]spec, len(w.Tasks)), manifests: make([]Manifest, len(w.Tasks)), results: make([]*Result, len(w.Tasks)),
	}
	j.run = func(ctx context.Context, t *Task) error { return st.Run(ctx, t, w.Config, w.Tasks[t.Index].Params) }
	for i, s := range w.Tasks {
		params, err := Key(s.Params)
		if err != nil {
			return nil, fmt.Errorf("flow: parameters of stage %s, task %d: %w", st.Name, i, err)
		}
		j.specs[i] = spec{s.Inputs, s.From, s.Partition, s.All}
		m := Manifest{Stage: st.Name, Index: i, Count: len(w.Tasks), Code: e.Version, ConfigHash: config}
		if err := m.sign(j.specs[i], params, w.Partitions); err != nil {
			return nil, err
		}
		j.manifests[i] = m
	}
	defer j.shared.close()
	return e.runJob(ctx, j)
}

// RunOne runs a stage of one task.
func RunOne[C, P any](ctx context.Context, e *Engine, st Stage[C, P], w Work[C, P]) (*Result, error) {
	if len(w.Tasks) != 1 {
		panic("flow: RunOne is for one task")
	}
	res, err := Run(ctx, e, st, w)
	if err != nil {
		return nil, err
	}
	return res[0], nil
}

// spec is a Spec whose parameters are in the key already.
type spec struct {
	inputs    []Input
	from      []*Result
	partition int
	all       bool
}

// sources returns all that a task reads, for its key: records by what was emitted,
// files by their content.
func (s *spec) sources(stage string) ([]string, error) {
	var hashes []string
	for _, r := range s.from {
		switch {
		case s.all:
			hashes = append(hashes, r.emittedHash())
		case s.partition >= len(r.Emitted):
			return nil, fmt.Errorf("flow: stage %s takes partition %d, stage %s has %d", stage, s.partition, r.Stage, len(r.Emitted))
		default:
			m := r.Emitted[s.partition]
			hashes = append(hashes, fmt.Sprintf("%s %d %d %s", r.Stage, r.Index, m.Records, m.Digest))
		}
	}
	for _, in := range s.inputs {
		hashes = append(hashes, in.Hash)
	}
	return hashes, nil
}

// shared holds what the tasks of a stage have in common.
type shared struct {
	once   sync.Once
	value  any
	err    error
	closer io.Closer
}

func (s *shared) close() {
	if s.closer != nil {
		_ = s.closer.Close() // only read
	}
}

// Shared returns what the first task of the stage to ask makes by open: models,
// which all tasks read. open must depend on the stage's configuration and on inputs
// that all tasks have; a value with a method Close is closed when the stage ends.
// A stage has one such value.
func Shared[T any](t *Task, open func() (T, error)) (T, error) {
	s := t.shared
	s.once.Do(func() {
		v, err := open()
		s.value, s.err = v, err
		if c, ok := any(v).(io.Closer); ok && err == nil {
			s.closer = c
		}
	})
	if s.err != nil {
		var none T
		return none, s.err
	}
	return s.value.(T), nil
}
