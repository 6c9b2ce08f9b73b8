package build

import (
	"context"
	"errors"
	"fmt"
	"math"

	"huihai/data/flow"
	"huihai/data/score"
)

// decisions are what is known once it is clear which documents stay.
type decisions struct {
	Kept        int64   `json:"kept"`
	MeanQuality float64 `json:"mean_quality"` // of kept documents
	// Validation is the bound below which a kept document's split hash holds
	// it out.
	Validation uint64           `json:"validation_below"`
	Status     map[string]int64 `json:"status"`
}

type decideConfig struct {
	ValidationFraction float64
	Walk               walkConfig
	Offsets            []int64
}

// Input i of the only task holds the judgements of shard i.
var decideStage = flow.Stage[decideConfig, flow.None]{Name: StageDecide, Run: decideTask}

// decide counts the documents that stay and parts them into splits.
func (b *builder) decide(ctx context.Context) error {
	spec := flow.Spec[flow.None]{From: b.found, All: true}
	for _, r := range b.scored {
		spec.Inputs = append(spec.Inputs, r.Input(fileScores))
	}
	res, err := runOne(ctx, b, decideStage, flow.Work[decideConfig, flow.None]{
		Config: decideConfig{b.cfg.ValidationFraction, b.walk(), b.offsets}, Tasks: []flow.Spec[flow.None]{spec}, Total: b.documents(),
	})
	if err != nil {
		return err
	}
	if err := res.DecodeInfo(&b.decided); err != nil {
		return err
	}
	if b.decided.Kept == 0 {
		return b.nothingKept()
	}
	return nil
}

func (b *builder) decideSummary() string { return fmt.Sprintf("%d documents stay", b.decided.Kept) }

// walk is what stages must know to say which documents are kept.
func (b *builder) walk() walkConfig {
	return walkConfig{ValidationBelow: b.decided.Validation, DropSemantic: b.cfg.Semantic.Drop}
}

// decideTask walks all judgements. Sums are taken in the order of documents.
func decideTask(ctx context.Context, t *flow.Task, c decideConfig, _ flow.None) error {
	d := decisions{Status: map[string]int64{}}
	sum := 0.0
	least, most := uint64(math.MaxUint64), uint64(0)
	for i := range t.Inputs {
		in, err := t.OpenPartition(i)
		if err != nil {
			return err
		}
		err = walkShardOf(ctx, t.Inputs[i:], in, c.Walk, walkShard{First: c.Offsets[i]}, func(j *joined) (bool, error) {
			t.Progress(1)
			d.Status[j.status]++
			if j.status == score.Kept {
				d.Kept++
				sum += float64(j.judged.Quality)
				least, most = min(least, j.judged.SplitHash), max(most, j.judged.SplitHash)
			}
			return true, nil
		})
		in.Close()
		if err != nil {
			return err
		}
	}
	d.MeanQuality = sum / float64(max(d.Kept, 1))
	// The bound is moved where it would leave one of the splits empty though
	// there are documents for both.
	if f := c.ValidationFraction; f > 0 && d.Kept > 1 {
		d.Validation = min(max(uint64(f*(1<<32))<<32, least+1), most)
	}
	t.SetInfo(d)
	return nil
}

// nothingKept says for which reasons all documents were dropped.
func (b *builder) nothingKept() error {
	msg := fmt.Sprintf("all %d documents were dropped:", b.documents())
	for _, reason := range sortedKeys(b.decided.Status) {
		msg += fmt.Sprintf(" %s (%d)", reason, b.decided.Status[reason])
	}
	return errors.New(msg + "; choose another profile or change the rules' bounds")
}
