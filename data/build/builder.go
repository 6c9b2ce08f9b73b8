package build

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"huihai/data"
	"huihai/data/flow"
	"huihai/data/source"
	"huihai/data/substring"
	"huihai/internal/objstore"
	"huihai/internal/vfs"
	"huihai/tokenizer"
)

// Option changes how a build runs without changing what it makes.
type Option func(*builder)

// WithFS writes through another file system; tests make it fail.
func WithFS(fs vfs.FS) Option { return func(b *builder) { b.engine.FS = fs } }

// WithSpill bounds the records that a task holds before it spills them; tests use
// it to spill often.
func WithSpill(bytes int64) Option {
	return func(b *builder) { b.engine.SpillBytes = bytes }
}

// WithElsewhere has the tasks run by another engine, such as a cluster's. See
// [flow.Engine].
func WithElsewhere(fn func(context.Context, flow.Job) error) Option {
	return func(b *builder) { b.engine.Elsewhere = fn }
}

// WithStdin is what the input "-" reads.
func WithStdin(r io.Reader) Option { return func(b *builder) { b.stdin = r } }

// WithSink hands the records that tasks emit to fn in place of spill files.
func WithSink(fn flow.BlockSink) Option {
	return func(b *builder) { b.engine.Sink = fn }
}

// WithStore keeps the results of stages in a store too, so that shares run on
// machines that have no folder in common. See [flow.Engine].
func WithStore(s objstore.Store) Option {
	return func(b *builder) { b.engine.Store = s }
}

// defaultPackBytes of text make some 40 million tokens.
const defaultPackBytes = 128 << 20

// builder drives one build: it holds what the stages so far found, and makes of it
// the configuration of the next. The tasks of a stage do not see it.
type builder struct {
	cfg      Config
	engine   *flow.Engine
	progress func(Event)
	now      string // the stage at work
	seconds  map[string]float64

	stdin    io.Reader
	listing  *source.Listing
	shards   [][]source.File
	inputs   map[string]inputState // by path
	given    givenFiles
	buildKey string

	read    gatherInfo
	offsets []int64 // first document number of each shard, and the end
	scoring scoreInfo
	learnt  tokenizer.TrainReport

	clusters clusterInfo
	decided  decisions
	spans    spansInfo
	dense    semanticInfo
	matches  substring.MatchCounts

	evals      *flow.Result
	gathered   []*flow.Result
	scored     []*flow.Result
	compared   []*flow.Result
	paired     *flow.Result
	shingled   []*flow.Result
	embedded   []*flow.Result
	model      *flow.Result
	assigned   []*flow.Result
	neighbours []*flow.Result
	spanned    []*flow.Result
	anchored   []*flow.Result
	repeated   []*flow.Result
	segmented  []*flow.Result
	// found are the results whose records say, by shard, what was found out
	// about documents so far.
	found []*flow.Result

	tokenizerFile flow.Input
	vocab         tokenizerFacts

	packBytes int64 // of text whose rows are one partition, about
	parts     packParts
	written   []*flow.Result
	packed    []*flow.Result
	report    *Report
}

func newBuilder(cfg Config, progress func(Event), opts []Option) *builder {
	workers := cfg.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	b := &builder{cfg: cfg, progress: progress, seconds: map[string]float64{}, packBytes: defaultPackBytes}
	b.engine = &flow.Engine{
		Dir: filepath.Join(cfg.Output, data.DirWork), Workers: workers, MemoryBudget: cfg.memoryBytes(), Version: strconv.Itoa(int(Latest)),
		OnProgress: func(stage string, done, total int64) { b.tell(Event{Stage: stage, Done: done, Total: total}) },
		OnNote:     func(text string) { b.tell(Event{Stage: b.now, Note: text}) },
	}
	for _, o := range opts {
		o(b)
	}
	return b
}

func (b *builder) tell(e Event) {
	if b.progress != nil {
		b.progress(e)
	}
}

func (b *builder) fs() vfs.FS {
	if b.engine.FS == nil {
		return vfs.OS{}
	}
	return b.engine.FS
}

// step runs one stage, times it and tells of its end.
func (b *builder) step(ctx context.Context, s stage) error {
	start := time.Now()
	b.now = s.name
	b.tell(Event{Stage: s.name})
	if err := s.run(b, ctx); err != nil {
		return fmt.Errorf("stage %s: %w", s.name, err)
	}
	b.seconds[s.name] = time.Since(start).Seconds()
	b.tell(Event{Stage: s.name, Finished: true, Seconds: b.seconds[s.name], Summary: s.came(b)})
	return nil
}

// run runs the tasks of the stage at work.
func run[C, P any](ctx context.Context, b *builder, st flow.Stage[C, P], w flow.Work[C, P]) ([]*flow.Result, error) {
	b.mustBe(st.Name)
	return flow.Run(ctx, b.engine, st, w)
}

// runOne runs the only task of the stage at work.
func runOne[C, P any](ctx context.Context, b *builder, st flow.Stage[C, P], w flow.Work[C, P]) (*flow.Result, error) {
	b.mustBe(st.Name)
	return flow.RunOne(ctx, b.engine, st, w)
}

func (b *builder) mustBe(name string) {
	if name != b.now {
		panic("build: stage " + name + " runs tasks in the place of stage " + b.now)
	}
}

// eachInfo calls fn with the counters of every result.
func eachInfo[T any](results []*flow.Result, fn func(T)) error {
	for _, r := range results {
		var info T
		if err := r.DecodeInfo(&info); err != nil {
			return err
		}
		fn(info)
	}
	return nil
}

// add appends results of findings about documents.
func (b *builder) add(r ...*flow.Result) { b.found = append(slices.Clip(b.found), r...) }

// documents is how many there are.
func (b *builder) documents() int64 { return b.offsets[len(b.offsets)-1] }

// judgedWork returns the tasks, one for each shard, of a stage that walks judgements
// with what was found out about the documents, and with texts reads these too.
func (b *builder) judgedWork(found []*flow.Result, texts bool) []flow.Spec[walkShard] {
	specs := make([]flow.Spec[walkShard], len(b.gathered))
	for i := range specs {
		specs[i] = flow.Spec[walkShard]{Params: walkShard{First: b.offsets[i], Texts: texts}, From: found, Partition: i, Inputs: []flow.Input{b.scored[i].Input(fileScores)}}
		if texts {
			specs[i].Inputs = append(specs[i].Inputs, b.gathered[i].Input(fileDocuments))
		}
	}
	return specs
}
