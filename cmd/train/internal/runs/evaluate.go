package runs

import (
	"context"
	"errors"
	"fmt"
	"os"

	"huihai/data"
	"huihai/eval"
	"huihai/model"
	"huihai/telemetry"
	"huihai/trainer"
	"huihai/trainer/rundir"
)

// evaluation measures the held-out split with the weights as they are, in the
// memory of the training step.
type evaluation struct {
	r     *run
	step  *model.Step
	begin data.State
	opts  eval.PerplexityOptions
}

// openEvaluation compiles the forward pass; nil without a held-out split.
func (r *run) openEvaluation() (*evaluation, error) {
	rows := r.set.validation
	if rows == nil {
		return nil, nil
	}
	step, err := trainer.CompileEvaluation(r.dev, r.trainer.Model(), r.Config.Train)
	if err != nil {
		return nil, err
	}
	if err := step.BindShared(r.trainer.Weights(), r.trainer.Step()); err != nil {
		return nil, err
	}
	r.onClose(step.Close)
	return &evaluation{r: r, step: step, begin: rows.State(), opts: eval.PerplexityOptions{
		MaxRows: r.Config.Train.EvalMaxRows, TokenBytes: r.set.pieces.TokenBytes(),
		SourceOf: func(b *data.Batch, row int) string { return b.Lineage[row].Source },
	}}, nil
}

// run implements a trainer.Hook.
func (e *evaluation) run(ctx context.Context, step int) ([]telemetry.Scalar, error) {
	rows := e.r.set.validation
	if err := rows.Restore(e.begin); err != nil {
		return nil, err
	}
	h, err := eval.Perplexity(ctx, e.step, rows, e.opts)
	var bad *eval.NonFiniteError
	if errors.As(err, &bad) {
		e.r.console.Note(fmt.Sprintf("THE EVALUATION AFTER STEP %d IS NOT FINITE: %v", step, err))
	} else if err != nil {
		return nil, err
	}
	e.r.console.heldTokens = h.Tokens
	values := []telemetry.Scalar{{Tag: telemetry.TagEvalLoss, Value: h.CrossEntropy}}
	if h.Bytes > 0 {
		values = append(values, telemetry.Scalar{Tag: telemetry.TagEvalBPB, Value: h.BitsPerByte})
	}
	if len(h.Sources) < 2 {
		return values, nil
	}
	for _, s := range sortedNames(h.Sources) {
		values = append(values, telemetry.Scalar{Tag: telemetry.TagEvalLoss + "/" + s, Value: h.Sources[s].CrossEntropy})
		if h.Sources[s].Bytes > 0 {
			values = append(values, telemetry.Scalar{Tag: telemetry.TagEvalBPB + "/" + s, Value: h.Sources[s].BitsPerByte})
		}
	}
	return values, nil
}

// past is the log of the part of the run that lies behind, of the folder it runs
// in or of the one that it goes on from.
func (r *run) past() []telemetry.Record {
	if r.start.resume == nil {
		return nil
	}
	done := r.start.resume.Trainer.GlobalStep
	var dirs []string
	if r.dir != nil {
		dirs = append(dirs, r.dir.Join(rundir.LogFile))
	}
	for _, name := range append(dirs, r.start.resume.Path+"/../"+rundir.LogFile) {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		all, err := telemetry.ReadJSONL(f)
		f.Close()
		if err != nil {
			r.note(fmt.Sprintf("%s cannot be read (%v): curves and scores begin anew", name, err))
			return nil
		}
		for i, rec := range all {
			if rec.Step > done {
				return all[:i]
			}
		}
		return all
	}
	return nil
}

// pastEvals are the held-out losses on record, by step.
func (r *run) pastEvals() map[int]float64 {
	out := map[int]float64{}
	for _, rec := range r.past() {
		if loss, ok := rec.Values[telemetry.TagEvalLoss]; ok {
			out[rec.Step] = loss
		}
	}
	return out
}
