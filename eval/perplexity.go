package eval

import (
	"context"
	"errors"
	"fmt"
	"io"

	"huihai/data"
	"huihai/model"
)

// Rows is a finite stream of packed rows, such as a sequential data.Loader. It
// ends with io.EOF.
type Rows interface {
	Next(ctx context.Context, rows int) (*data.Batch, error)
}

// HeldOut is the result of an evaluation on held-out text.
type HeldOut struct {
	CrossEntropy float64 // nats per token
	Tokens       int     // tokens with a label
}

// Perplexity runs the forward graph over rows and returns the mean negative
// log-likelihood per supervised token. At most maxRows rows are read (0: all).
// step must be a forward-only step of one row; its weights are not changed.
func Perplexity(ctx context.Context, step *model.Step, rows Rows, maxRows int) (HeldOut, error) {
	sum, tokens := 0.0, 0
	for n := 0; maxRows == 0 || n < maxRows; n++ {
		if err := ctx.Err(); err != nil {
			return HeldOut{}, err
		}
		b, err := rows.Next(ctx, 1)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return HeldOut{}, err
		}
		if err := step.Begin(1); err != nil {
			return HeldOut{}, err
		}
		if err := step.Micro(model.Batch{InputIDs: b.InputIDs, Labels: b.Labels, Segments: b.Segments, Positions: b.Positions}); err != nil {
			return HeldOut{}, err
		}
		stats, err := step.End()
		if err != nil {
			return HeldOut{}, err
		}
		sum += stats.SumNLL
		tokens += model.Supervised(b.Labels)
	}
	if tokens == 0 {
		return HeldOut{}, fmt.Errorf("eval: the held-out split has no token with a label; raise data.validation_fraction or add text")
	}
	return HeldOut{CrossEntropy: sum / float64(tokens), Tokens: tokens}, nil
}
