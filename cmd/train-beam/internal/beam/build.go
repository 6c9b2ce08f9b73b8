package beam

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	"huihai/data/build"
	"huihai/data/flow"
)

// Options say where the pipelines of a build run and how its stages are cut.
type Options struct {
	// Runner is the name of a runner that the program has imported, such as
	// "prism", "universal" or "flink".
	Runner string
	// Shares is the most elements that a stage is cut into; 0 means one for each
	// task. Fewer cost less when tasks are short, more spread better.
	Shares int
}

// Build makes the data set that build.Run makes, with the tasks of all stages run
// by Beam. The paths of cfg must mean the same files on all workers; relative ones
// are resolved here. cfg.Workers is how many tasks of one share a worker runs at a
// time, 0 meaning one; a worker process never runs more tasks than it has processors.
// cfg.Memory bounds the memory of one share.
//
// The SDK must be initialised (beam.Init). A build that fails or is cancelled
// goes on where it was when run again.
func Build(ctx context.Context, cfg build.Config, o Options, progress func(build.Event), opts ...build.Option) (*build.Report, error) {
	if cfg.MaxBytes > 0 {
		return nil, fmt.Errorf("beam: max_bytes is %d: where reading ends depends on the shards before, so workers cannot keep it; cut the inputs instead, or run train data build", cfg.MaxBytes)
	}
	if o.Shares < 0 {
		return nil, fmt.Errorf("beam: %d shares; give a positive number, or 0 for one per task", o.Shares)
	}
	cfg, err := cfg.Portable()
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, job flow.Job) error { return runJob(ctx, cfg, o, job) }
	return build.Run(ctx, cfg, progress, append(slices.Clone(opts), build.WithElsewhere(run))...)
}

// runJob runs the tasks of one stage as one pipeline.
func runJob(ctx context.Context, cfg build.Config, o Options, job flow.Job) error {
	config, err := json.Marshal(cfg)
	if err != nil {
		return fmt.Errorf("beam: the configuration as JSON: %w", err)
	}
	count := job.Count
	if o.Shares > 0 {
		count = min(count, o.Shares)
	}
	shares := sharesOf(job.Tasks, count)
	work := shareWork{Config: config, Stage: job.Stage, Count: count}

	p, s := sdk.NewPipelineWithRoot()
	in := sdk.Reshuffle(s, sdk.CreateList(s, shares))
	if job.Partitions == 0 {
		sdk.ParDo0(s, &taskFn{shareWork: work}, in)
	} else {
		blocks := sdk.ParDo(s, &mapFn{shareWork: work, Partitions: job.Partitions, First: shares[0]}, in)
		sdk.ParDo0(s, &exchangeFn{shareWork: work}, sdk.GroupByKey(s, blocks))
	}

	name := jobName(job.Stage)
	*jobopts.JobName = name // the SDK has no other way to name a job
	cancelled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cancelled)
		cancelJob(*jobopts.Endpoint, name)
	})
	_, err = sdk.Run(ctx, o.Runner, p)
	if !stop() {
		<-cancelled
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("beam: the job failed on runner %s: %w; finished tasks are kept, and the same command goes on from them", o.Runner, unwrapJob(err))
	}
	return nil
}

// sharesOf returns the shares that hold at least one of the tasks, ascending.
func sharesOf(tasks []int, count int) []int64 {
	var out []int64
	for _, t := range tasks {
		out = append(out, int64(t%count))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// jobName is unique, so that the job can be found again, and has only what all
// runners allow.
func jobName(stage string) string {
	return strings.ToLower("huihai-" + strings.ReplaceAll(stage, "_", "-") + "-" + rand.Text()[:8])
}

// unwrapJob keeps the last line of what the SDK says about a failed job: the
// error of our own function, without the call stacks of the layers above.
func unwrapJob(err error) error {
	text := strings.TrimSpace(err.Error())
	if at := strings.LastIndex(text, errorMark); at >= 0 {
		line, _, _ := strings.Cut(text[at+len(errorMark):], errorEnd)
		return errors.New(line)
	}
	return err
}
