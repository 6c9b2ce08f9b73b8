package eval

import (
	"context"
	"fmt"

	"huihai/kernels"
	"huihai/model"
)

// bucket is the granularity of compiled sequence lengths; shorter rows are
// padded on the right, which changes nothing to their left.
const bucket = 64

// Scorer computes log-likelihoods of sequences of any length. It compiles the
// forward graph for a length and keeps it while the lengths stay similar.
type Scorer struct {
	dev     kernels.Device
	cfg     model.Config
	weights *model.Weights
	step    *model.Step
	seqLen  int
	batch   model.Batch
}

// NewScorer returns a scorer over weights, which stay the caller's.
func NewScorer(dev kernels.Device, cfg model.Config, w *model.Weights) *Scorer {
	return &Scorer{dev: dev, cfg: cfg, weights: w}
}

// Close frees the scorer's device memory.
func (s *Scorer) Close() error {
	if s.step == nil {
		return nil
	}
	err := s.step.Close()
	s.step = nil
	return err
}

// LogProbs returns log p(ids[t+1] | ids[..t]) in nats for t = 0..len(ids)-2.
// segments, of the length of ids, numbers the documents of the sequence: no
// attention crosses from one to another and positions restart; the entry of a
// token that begins a document is what the model gives it after the document's
// predecessors are hidden, that is, the log-probability at the last token of
// the previous document. nil means one document. A document has one number, which does
// not return after another's. A cancelled ctx is an error.
func (s *Scorer) LogProbs(ctx context.Context, ids, segments []int32) ([]float64, error) {
	n := len(ids)
	if n == 0 {
		return nil, fmt.Errorf("eval: input_ids is empty; a log-probability needs at least one token")
	}
	if n > s.cfg.ModelMaxLength {
		return nil, fmt.Errorf("eval: %d tokens are more than the model's model_max_length %d; cut the text", n, s.cfg.ModelMaxLength)
	}
	if segments != nil && len(segments) != n {
		return nil, fmt.Errorf("eval: segments has %d entries for %d tokens; give one for each", len(segments), n)
	}
	if err := model.CheckSegments(segments); err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.prepare(n); err != nil {
		return nil, err
	}
	s.fill(ids, segments)
	if err := s.step.Begin(max(n-1, 1)); err != nil {
		return nil, err
	}
	if err := s.step.Micro(s.batch); err != nil {
		return nil, err
	}
	if _, err := s.step.End(); err != nil {
		return nil, err
	}
	out := make([]float64, n-1)
	for t := range out {
		out[t] = -float64(s.step.NLL()[t])
	}
	return out, nil
}

// prepare compiles for rows of at least n tokens.
func (s *Scorer) prepare(n int) error {
	want := (n + bucket - 1) / bucket * bucket
	if s.step != nil && s.seqLen >= want && s.seqLen <= 2*want {
		return nil
	}
	if err := s.Close(); err != nil {
		return err
	}
	step, err := model.CompileStep(s.cfg, s.dev, model.StepOptions{Batch: 1, SeqLen: want, Forward: true})
	if err != nil {
		return err
	}
	if err := step.Bind(s.weights); err != nil {
		return err
	}
	s.step, s.seqLen = step, want
	s.batch = model.Batch{InputIDs: make([]int32, want), Labels: make([]int32, want), Segments: make([]int32, want)}
	return nil
}

// fill writes one row and pads it with a document of its own.
func (s *Scorer) fill(ids, segments []int32) {
	last, top := int32(0), int32(0)
	for t := range s.batch.InputIDs {
		s.batch.Labels[t] = kernels.IgnoreLabel
		if t >= len(ids) {
			s.batch.InputIDs[t], s.batch.Segments[t] = 0, top+1
			continue
		}
		s.batch.InputIDs[t] = ids[t]
		if t+1 < len(ids) {
			s.batch.Labels[t] = ids[t+1]
		}
		if segments != nil {
			last = segments[t]
			top = max(top, last)
		}
		s.batch.Segments[t] = last
	}
}
