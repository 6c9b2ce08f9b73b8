package infer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"huihai/infer/sample"
	"huihai/kernels"
	"huihai/model"
)

// Request asks for a continuation.
type Request struct {
	Prompt       []int32
	MaxNewTokens int
	Sampling     sample.Options
	// EOS are tokens that end the continuation and are not part of it.
	EOS []int32
	// Emit is called with each new token as it is chosen; nil is allowed.
	Emit func(id int32)
}

// Generate continues a prompt and returns the new tokens. When ctx is cancelled
// it returns within a token, or within a piece of the prompt, what there is,
// with ctx's error.
func Generate(ctx context.Context, dev kernels.Device, cfg model.Config, w *model.Weights, r Request) ([]int32, error) {
	if len(r.Prompt) == 0 {
		return nil, errors.New("infer: the prompt is empty; give at least one token, such as that which ends a text")
	}
	if r.MaxNewTokens < 1 {
		return nil, fmt.Errorf("infer: max_new_tokens is %d; ask for at least one", r.MaxNewTokens)
	}
	if n := len(r.Prompt) + r.MaxNewTokens; n > cfg.ModelMaxLength {
		return nil, fmt.Errorf("infer: %d prompt tokens and %d new ones are more than the model's model_max_length %d; shorten one of them", len(r.Prompt), r.MaxNewTokens, cfg.ModelMaxLength)
	}
	sampler, err := sample.New(r.Sampling)
	if err != nil {
		return nil, err
	}
	m, err := NewModel(dev, cfg, w)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	s, err := m.NewSession(len(r.Prompt) + r.MaxNewTokens)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return decode(ctx, s, sampler, r)
}

func decode(ctx context.Context, s *Session, sampler *sample.Sampler, r Request) ([]int32, error) {
	history := append(make([]int32, 0, len(r.Prompt)+r.MaxNewTokens), r.Prompt...)
	next := r.Prompt
	for range r.MaxNewTokens {
		if err := ctx.Err(); err != nil {
			return history[len(r.Prompt):], err
		}
		logits, err := s.FeedContext(ctx, next)
		if err != nil {
			return history[len(r.Prompt):], err
		}
		id, err := sampler.Next(logits, history)
		if err != nil {
			return history[len(r.Prompt):], err
		}
		if slices.Contains(r.EOS, id) {
			break
		}
		history = append(history, id)
		next = history[len(history)-1:]
		if r.Emit != nil {
			r.Emit(id)
		}
	}
	return history[len(r.Prompt):], nil
}
