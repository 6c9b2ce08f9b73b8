package build

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"huihai/data/decontam"
	"huihai/data/flow"
)

const fileEvals = "evals.index" // evals: the index of evaluation items

type evalsConfig struct {
	Decontam decontam.Config // its sets are Sets
	Sets     []evalSet
}

var evalsStage = flow.Stage[evalsConfig, flow.None]{Name: StageEvals, Run: evalsTask}

// indexEvals indexes the evaluation sets.
func (b *builder) indexEvals(ctx context.Context) (err error) {
	cfg := evalsConfig{b.cfg.Decontam, b.given.Evals}
	cfg.Decontam.Sets = nil
	b.evals, err = runOne(ctx, b, evalsStage, flow.Work[evalsConfig, flow.None]{Config: cfg, Tasks: make([]flow.Spec[flow.None], 1)})
	return err
}

func (b *builder) evalsSummary() string {
	return fmt.Sprintf("%d evaluation sets indexed", len(b.given.Evals))
}

func evalsTask(_ context.Context, t *flow.Task, c evalsConfig, _ flow.None) error {
	cfg := c.Decontam
	for _, s := range c.Sets {
		for _, f := range s.Files {
			set := s.Set
			set.Path = literal.Replace(f.File.Path)
			cfg.Sets = append(cfg.Sets, set)
		}
	}
	x, err := decontam.Build(cfg)
	if err != nil {
		return err
	}
	dir, err := t.TempDir()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, fileEvals)
	if err := x.Save(path); err != nil {
		return err
	}
	t.SetInfo(x.Stats())
	return t.Adopt(fileEvals, path)
}

// literal makes of a path a pattern that it alone matches.
var literal = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)
