package build

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"huihai/data/flow"
)

// ShareReport tells what a share of a stage did.
type ShareReport struct {
	Stage  string `json:"stage"`
	Index  int    `json:"index"`
	Count  int    `json:"count"`
	Tasks  int    `json:"tasks"`  // of the stage
	Ran    int    `json:"ran"`    // by this share
	Reused int    `json:"reused"` // of this share, done before
}

// RunShare runs one share of one stage of [Run], for array jobs: the tasks
// whose number is part.Index modulo part.Count. All shares work on the same
// output folder, which must be shared between the machines, or with the same store
// ([WithStore]), with the same inputs and configuration; the stages go in the order of [ShareStages]. A stage before
// it that is not done is an error that names it ([flow.NotReady]). Run itself
// finishes what is left, and finds nothing to do but to publish when all shares
// were run. The bytes are those of Run.
func RunShare(ctx context.Context, cfg Config, part flow.Part, progress func(Event), opts ...Option) (*ShareReport, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	var stages []string
	for _, s := range cfg.ShareStages() {
		stages = append(stages, s.Stage)
	}
	switch {
	case !slices.Contains(stages, part.Stage):
		return nil, fmt.Errorf("data: stage %q is none of this build's; its stages are, in order: %s", part.Stage, strings.Join(stages, ", "))
	case part.Count < 1 || part.Index < 0 || part.Index >= part.Count:
		return nil, fmt.Errorf("data: share %d of %d: the index must be from 0 to count-1", part.Index, part.Count)
	case cfg.MaxBytes > 0:
		return nil, fmt.Errorf("data: max_bytes is %d: where reading ends depends on the shards before, so shares cannot keep it; cut the inputs instead, or run data build", cfg.MaxBytes)
	}
	if err := checkOutput(cfg.Output); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	b := newBuilder(cfg, progress, opts)
	b.engine.Part = &part
	_, err := b.build(ctx)
	if d, ok := flow.IsPartDone(err); ok {
		return &ShareReport{Stage: d.Stage, Index: d.Index, Count: d.Count, Tasks: d.Tasks, Ran: d.Ran, Reused: d.Reused}, nil
	}
	if err == nil {
		err = fmt.Errorf("data: stage %s was never reached: this is a defect", part.Stage)
	}
	return nil, err
}
