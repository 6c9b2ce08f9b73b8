package beam

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"golang.org/x/sync/semaphore"

	"huihai/data/build"
	"huihai/data/flow"
)

func init() {
	register.DoFn2x1[context.Context, int64, error](&taskFn{})
	register.DoFn3x1[context.Context, int64, func(int64, []byte), error](&mapFn{})
	register.DoFn3x1[context.Context, int64, func(*[]byte) bool, error](&exchangeFn{})
	register.Emitter2[int64, []byte]()
	register.Iter1[[]byte]()
}

// slots are the tasks that a worker process runs at a time. A runner starts as many
// bundles as it likes, one for each task in the end, and their memory would add up.
var (
	slotCount = int64(runtime.GOMAXPROCS(0))
	slots     = semaphore.NewWeighted(slotCount)
)

// withSlots runs fn when n tasks may start.
func withSlots(ctx context.Context, n int, fn func() error) error {
	weight := min(int64(n), slotCount)
	if err := slots.Acquire(ctx, weight); err != nil {
		return err
	}
	defer slots.Release(weight)
	return fn()
}

// shareWork is what a worker knows of the build. Its exported fields travel as
// JSON inside the pipeline.
type shareWork struct {
	Config []byte // build.Config as JSON
	Stage  string
	Count  int // shares of the stage
}

// spillBytes bounds the records that one task holds before it hands them on.
const spillBytes = 32 << 20

func (w *shareWork) config() (build.Config, error) {
	var cfg build.Config
	if err := json.Unmarshal(w.Config, &cfg); err != nil {
		return cfg, fmt.Errorf("the configuration in the pipeline: %w; driver and workers must be of one version", err)
	}
	cfg.Workers = max(1, cfg.Workers) // the runner decides how many shares run at a time
	return cfg, nil
}

// run does a share.
func (w *shareWork) run(ctx context.Context, share int64, opts ...build.Option) error {
	cfg, err := w.config()
	if err != nil {
		return err
	}
	return withSlots(ctx, cfg.Workers, func() error {
		_, err := build.RunShare(ctx, cfg, flow.Part{Stage: w.Stage, Index: int(share), Count: w.Count}, nil, opts...)
		return err
	})
}

// The marks around an error of ours: on its way to the driver every layer of the
// SDK and of the runner wraps it in words of its own.
const errorMark, errorEnd = "[huihai: ", " :huihai]"

func marked(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%w%s", errorMark, err, errorEnd)
}

// taskFn does shares of a stage that emits no records.
type taskFn struct{ shareWork }

// ProcessElement does one share.
func (f *taskFn) ProcessElement(ctx context.Context, share int64) error {
	return marked(f.run(ctx, share))
}

// mapFn does shares of a stage that emits records.
type mapFn struct {
	shareWork
	Partitions int
	First      int64 // the share that also emits an empty block for every partition, so that each is written
}

type block struct {
	partition int
	records   []byte
}

// ProcessElement does one share. Tasks run on goroutines of their own, and the
// SDK takes elements only from the one that it called: blocks cross over.
func (f *mapFn) ProcessElement(ctx context.Context, share int64, emit func(int64, []byte)) error {
	if share == f.First {
		for p := range f.Partitions {
			emit(int64(p), []byte{})
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	blocks, done := make(chan block), make(chan error, 1)
	go func() {
		defer close(blocks)
		done <- f.run(ctx, share, build.WithSpill(spillBytes), build.WithSink(func(partition int, records []byte) error {
			select {
			case blocks <- block{partition, records}:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}))
	}()
	defer func() { // also when emit panics, as the SDK does if a later step fails
		cancel()
		for range blocks {
		}
	}()
	for b := range blocks {
		emit(int64(b.partition), b.records)
	}
	return marked(<-done)
}

// exchangeFn stores what arrived for a partition.
type exchangeFn struct{ shareWork }

// ProcessElement stores one partition.
func (f *exchangeFn) ProcessElement(ctx context.Context, partition int64, blocks func(*[]byte) bool) error {
	cfg, err := f.config()
	if err != nil {
		return marked(err)
	}
	return marked(withSlots(ctx, 1, func() error {
		return build.WriteExchange(cfg, f.Stage, int(partition), func() ([]byte, bool) {
			var b []byte
			ok := blocks(&b)
			return b, ok
		})
	}))
}
