package data

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"huihai/data/flow"
	"huihai/data/source"
	"huihai/data/substring"
	"huihai/internal/objstore"
	"huihai/internal/vfs"
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

// builder is the state of one build: what each stage found, for the next.
type builder struct {
	cfg      BuildConfig
	engine   *flow.Engine
	progress func(Event)
	buildKey string
	seconds  map[string]float64

	stdin   io.Reader
	listing *source.Listing
	shards  [][]source.File
	hashes  map[string]string // of input files, by path
	models  []flow.Input      // files that scores depend on
	evals   *flow.Result      // index of evaluation items

	gathered []*flow.Result
	read     gatherInfo
	offsets  []int64 // first document number of each shard, and the end

	dedupParts int
	scored     []*flow.Result
	scoring    scoreInfo
	compared   []*flow.Result
	paired     *flow.Result

	clusterParts int
	shingled     []*flow.Result
	clustered    []*flow.Result
	clusters     clusterInfo
	decided      decisions
	spans        spansInfo
	dense        semanticInfo
	matches      substring.MatchCounts
	// found are the results whose records say, by shard, what was found out
	// about documents so far.
	found []*flow.Result

	tokenizerFile  flow.Input
	encoder        Encoder
	trained        bool
	tokenizerBytes []byte

	packBytes int64 // of text whose rows are one partition, about
	packParts int   // partitions of rows for training,
	heldParts int   // and behind them those for validation
	written   []*flow.Result
	packed    []*flow.Result
}

func newBuilder(cfg BuildConfig, progress func(Event), opts []Option) *builder {
	workers := cfg.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	b := &builder{cfg: cfg, progress: progress, seconds: map[string]float64{}, packBytes: defaultPackBytes}
	b.engine = &flow.Engine{Dir: filepath.Join(cfg.Output, workDir), Workers: workers, MemoryBudget: cfg.memoryBytes()}
	b.engine.OnProgress = func(stage string, done, total int64) {
		if progress != nil {
			progress(Event{Stage: stage, Done: done, Total: total})
		}
	}
	for _, o := range opts {
		o(b)
	}
	return b
}

func (b *builder) fs() vfs.FS {
	if b.engine.FS == nil {
		return vfs.OS{}
	}
	return b.engine.FS
}

// step runs one stage, times it and tells of its end.
func (b *builder) step(ctx context.Context, stage string, fn func(context.Context) error, summary func() string) error {
	start := time.Now()
	if b.progress != nil {
		b.progress(Event{Stage: stage})
	}
	if err := fn(ctx); err != nil {
		return fmt.Errorf("stage %s: %w", stage, err)
	}
	b.seconds[stage] = time.Since(start).Seconds()
	if b.progress != nil {
		b.progress(Event{Stage: stage, Finished: true, Seconds: b.seconds[stage], Summary: summary()})
	}
	return nil
}
