package model

import (
	"fmt"

	"huihai/autograd"
	"huihai/kernels"
)

// Batch is one micro-batch of Rows x SeqLen tokens, row-major. Labels[t] is the
// token that follows, or kernels.IgnoreLabel. Segments number the documents of
// a row (nil: one document per row), Positions count from the start of a
// document (nil: derived from Segments).
type Batch struct {
	InputIDs, Labels, Segments, Positions []int32
}

// StepOptions shape a [Step].
type StepOptions struct {
	Batch, SeqLen int
	ZLossWeight   float64
	// Forward leaves out the backward pass.
	Forward bool
	LoRA    *LoRA
	// Frozen tells the tensors that get no gradient; see GraphOptions.
	Frozen func(tensor string) bool
	// DenseEmbeddingGrad is autograd.Options.DenseEmbeddings: the gradient of the
	// embedding is never kept by row, for optimizers that take whole ones only.
	DenseEmbeddingGrad bool
	// RecomputeBlocks and MicroBatches are passed to autograd.Options.
	RecomputeBlocks, MicroBatches int
}

// Stats are the sums of an optimizer step so far, taken in token order, so that
// they do not depend on how the step was cut.
type Stats struct {
	SumNLL        float64 // nats
	SumMaxLogitSq float64
	Supervised    int // tokens with a label
}

// CrossEntropy is the mean negative log-likelihood in nats per token.
func (s Stats) CrossEntropy() float64 { return s.SumNLL / float64(max(s.Supervised, 1)) }

// MeanMaxLogitSq is the mean of the squared largest logit.
func (s Stats) MeanMaxLogitSq() float64 { return s.SumMaxLogitSq / float64(max(s.Supervised, 1)) }

// Loss is the training loss: CrossEntropy + zLossWeight*MeanMaxLogitSq.
func (s Stats) Loss(zLossWeight float64) float64 {
	return s.CrossEntropy() + zLossWeight*s.MeanMaxLogitSq()
}

// Step runs the loss of a model, and its gradients, on batches of one shape.
type Step struct {
	cfg     Config
	o       StepOptions
	dev     kernels.Device
	program *autograd.Program

	stats     Stats
	nll, maxz []float32
	labelled  []int // labels of each row of the last micro-batch
	positions []int32
	zeros     []int32
}

// CompileStep builds and compiles the graph. Nothing is allocated on the
// device before Bind; Plan tells what will be.
func CompileStep(c Config, dev kernels.Device, o StepOptions) (*Step, error) {
	g, err := BuildGraph(c, GraphOptions{
		Batch: o.Batch, SeqLen: o.SeqLen, ZLossWeight: o.ZLossWeight,
		Gradients: !o.Forward, LoRA: o.LoRA, Frozen: o.Frozen,
	})
	if err != nil {
		return nil, err
	}
	p, err := autograd.Compile(g, dev, autograd.Options{
		RecomputeBlocks: o.RecomputeBlocks, MicroBatches: o.MicroBatches, DenseEmbeddings: o.DenseEmbeddingGrad,
	})
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	n := o.Batch * o.SeqLen
	return &Step{
		cfg: c, o: o, dev: dev, program: p,
		nll: make([]float32, n), maxz: make([]float32, n), labelled: make([]int, o.Batch),
		positions: make([]int32, n), zeros: make([]int32, n),
	}, nil
}

// Plan returns the memory the step will allocate; weights are not in it.
func (s *Step) Plan() autograd.Plan { return s.program.Plan() }

// Bind allocates the arena and ties the step to the weights.
func (s *Step) Bind(w *Weights) error { return s.program.Bind(w.Bufs()) }

// Reserve makes the arena that Bind will allocate at least bytes large, for the plan of
// a step that is to share it. A run then allocates the larger of the two plans.
func (s *Step) Reserve(bytes int64) { s.program.Reserve(bytes) }

// BindShared ties the step to the weights like Bind, but works in the arena of owner,
// which is bound and outlives it: an evaluation between the steps of a training run then
// takes no memory. Between the Begin and the last use of the gradients of a step of
// owner this one must not run, as it overwrites them. What owner needs in the arena it
// writes again at its next Begin, so its bits do not change. It is an error if the
// arena is too small: see Reserve.
func (s *Step) BindShared(w *Weights, owner *Step) error {
	return s.program.BindShared(w.Bufs(), owner.program)
}

// Close frees the arena, unless that is another step's.
func (s *Step) Close() error { return s.program.Close() }

// Begin starts an optimizer step in which supervised tokens carry a label, over
// all its micro-batches. It must be known beforehand: the loss is a mean over
// them.
func (s *Step) Begin(supervised int) error {
	s.stats = Stats{Supervised: supervised}
	s.setSupervised(supervised)
	return s.program.Begin()
}

// setSupervised makes the loss a mean over so many tokens.
func (s *Step) setSupervised(n int) {
	s.program.SetScalar(inInvCount, float32(1/float64(max(n, 1))))
}

// Micro runs one micro-batch, adding to the gradients and to the statistics.
func (s *Step) Micro(b Batch) error {
	if err := s.load(b); err != nil {
		return err
	}
	if err := s.program.Micro(); err != nil {
		return err
	}
	if err := s.read(outNLL, s.nll); err != nil {
		return err
	}
	if err := s.read(outMaxLogit, s.maxz); err != nil {
		return err
	}
	for i, z := range s.maxz {
		s.stats.SumNLL += float64(s.nll[i])
		s.stats.SumMaxLogitSq += float64(z) * float64(z)
	}
	for r := range s.labelled {
		s.labelled[r] = Supervised(b.Labels[r*s.o.SeqLen : (r+1)*s.o.SeqLen])
	}
	return nil
}

func (s *Step) read(output string, dst []float32) error {
	buf, _ := s.program.Output(output)
	return kernels.Read(s.dev, dst, buf)
}

// End finishes the step and returns its statistics.
func (s *Step) End() (Stats, error) {
	err := s.program.End()
	return s.stats, err
}

// NLL returns the negative log-likelihood of each token of the last
// micro-batch, 0 where it had no label. The slice is reused. Micro reads the losses in
// any case, so that to sum them by row, document or source between the micro-batches of a
// training step costs no pass over anything.
func (s *Step) NLL() []float32 { return s.nll }

// RowNLL returns the sum of the negative log-likelihoods of a row of the last micro-batch,
// in nats, taken in token order, and the number of its labels. It panics for a row that
// the step does not have.
func (s *Step) RowNLL(row int) (sum float64, supervised int) {
	for _, x := range s.nll[row*s.o.SeqLen : (row+1)*s.o.SeqLen] {
		sum += float64(x)
	}
	return sum, s.labelled[row]
}

// Grad returns the gradient of a trainable tensor, valid from End to Begin. One
// that is kept by row is had from GradRows instead.
func (s *Step) Grad(name string) (kernels.Buf, bool) { return s.program.Grad(name) }

// GradRows returns a gradient that is kept by row, valid from End to Begin.
func (s *Step) GradRows(name string) (kernels.SparseRows, bool) { return s.program.GradRows(name) }

// SparseGrad tells whether a tensor's gradient is kept by row, which is so for
// the embedding when a step has fewer tokens than the vocabulary entries, unless
// StepOptions.DenseEmbeddingGrad asks for a whole one.
func (s *Step) SparseGrad(name string) bool { return s.program.SparseGrad(name) }

// ReadGrad copies the whole gradient of a tensor to dst, valid from End to Begin.
func (s *Step) ReadGrad(name string, dst []float32) error { return s.program.ReadGrad(name, dst) }

// load checks and writes the inputs.
func (s *Step) load(b Batch) error {
	n := s.o.Batch * s.o.SeqLen
	if b.Segments == nil {
		b.Segments = s.zeros
	}
	if len(b.Segments) == n && b.Positions == nil {
		s.derivePositions(b.Segments)
		b.Positions = s.positions
	}
	inputs := [...]struct {
		name string
		v    []int32
	}{{inTokens, b.InputIDs}, {inLabels, b.Labels}, {inSegments, b.Segments}, {inPositions, b.Positions}}
	for _, in := range inputs {
		if len(in.v) != n {
			return fmt.Errorf("model: %s holds %d values; a micro-batch of %d rows of %d tokens needs %d",
				in.name, len(in.v), s.o.Batch, s.o.SeqLen, n)
		}
	}
	if err := s.check(b); err != nil {
		return err
	}
	for _, in := range inputs {
		if in.name == inPositions && s.cfg.Position != RoPE {
			continue // ALiBi takes distances, not positions
		}
		if err := s.program.SetInts(in.name, in.v); err != nil {
			return err
		}
	}
	return nil
}

// check refuses ids that no table has.
func (s *Step) check(b Batch) error {
	for i, id := range b.InputIDs {
		if id < 0 || int(id) >= s.cfg.VocabSize {
			return fmt.Errorf("model: input_ids[%d] is %d; the vocabulary has %d entries: was the text encoded with this model's tokenizer?", i, id, s.cfg.VocabSize)
		}
	}
	for i, l := range b.Labels {
		if l != kernels.IgnoreLabel && (l < 0 || int(l) >= s.cfg.VocabSize) {
			return fmt.Errorf("model: labels[%d] is %d; it must be %d or in [0, %d)", i, l, kernels.IgnoreLabel, s.cfg.VocabSize)
		}
	}
	for i, p := range b.Positions {
		if p < 0 || int(p) >= s.o.SeqLen {
			return fmt.Errorf("model: positions[%d] is %d; it must be in [0, %d)", i, p, s.o.SeqLen)
		}
	}
	return nil
}

// derivePositions counts from the start of each document of each row.
func (s *Step) derivePositions(segments []int32) {
	for i := range segments {
		if i%s.o.SeqLen == 0 || segments[i] != segments[i-1] {
			s.positions[i] = 0
		} else {
			s.positions[i] = s.positions[i-1] + 1
		}
	}
}

// Supervised counts the labels that are not ignored.
func Supervised(labels []int32) int {
	n := 0
	for _, l := range labels {
		if l != kernels.IgnoreLabel {
			n++
		}
	}
	return n
}
