package data

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

// decide counts the documents that stay and parts them into splits.
func (b *builder) decide(ctx context.Context) error {
	var spec flow.Spec
	for _, r := range b.found {
		spec.Inputs = append(spec.Inputs, r.EmittedInput())
	}
	for _, r := range b.scored {
		spec.Inputs = append(spec.Inputs, r.Input(fileScores))
	}
	st := flow.Stage{Name: StageDecide, Code: "1", Total: b.documents(), Config: b.cfg.ValidationFraction}
	found := b.found
	res, err := b.engine.Single(ctx, st, spec, func(ctx context.Context, t *flow.Task) error {
		d, err := b.decisions(ctx, t, found)
		t.SetInfo(d)
		return err
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

// decisions walks all judgements. Sums are taken in the order of documents.
func (b *builder) decisions(ctx context.Context, t *flow.Task, found []*flow.Result) (decisions, error) {
	d := decisions{Status: map[string]int64{}}
	sum := 0.0
	least, most := uint64(math.MaxUint64), uint64(0)
	for i := range b.scored {
		in, err := t.OpenRecords(found, i)
		if err != nil {
			return d, err
		}
		err = b.eachJudged(ctx, i, in, func(j *joined) (bool, error) {
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
			return d, err
		}
	}
	d.MeanQuality = sum / float64(max(d.Kept, 1))
	// The bound is moved where it would leave one of the splits empty though
	// there are documents for both.
	if f := b.cfg.ValidationFraction; f > 0 && d.Kept > 1 {
		d.Validation = min(max(uint64(f*(1<<32))<<32, least+1), most)
	}
	return d, nil
}

// nothingKept says for which reasons all documents were dropped.
func (b *builder) nothingKept() error {
	msg := fmt.Sprintf("all %d documents were dropped:", b.documents())
	for _, reason := range sortedKeys(b.decided.Status) {
		msg += fmt.Sprintf(" %s (%d)", reason, b.decided.Status[reason])
	}
	return errors.New(msg + "; choose another profile or change the rules' bounds")
}
