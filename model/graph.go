package model

import (
	"fmt"

	"huihai/autograd"
	"huihai/kernels"
)

// Names of the graph's inputs and outputs.
const (
	inTokens    = "input_ids"
	inLabels    = "labels"
	inSegments  = "segments"
	inPositions = "positions"
	inInvCount  = "inv_supervised_tokens"
	outNLL      = "nll"
	outMaxLogit = "max_logit"
	outLogits   = "logits"
)

// NormHeadEps is the floor of a vocabulary row's norm, torch.normalize's default.
const NormHeadEps = 1e-12

// GraphOptions say what to build besides the forward pass.
type GraphOptions struct {
	Batch, SeqLen int
	// ZLossWeight is the weight of the max-z loss.
	ZLossWeight float64
	// Gradients adds the backward pass.
	Gradients bool
	// Logits makes the logits [Batch*SeqLen, V] an output, and leaves out
	// the loss.
	Logits bool
	LoRA   *LoRA
	// Frozen tells the tensors that get no gradient; nil freezes none. What only their
	// gradients need is not computed; the other gradients keep their bits.
	Frozen func(tensor string) bool
}

// BuildGraph records the model as a graph. Shape letters: T Batch*SeqLen
// tokens, C hidden size, F feed-forward size, V vocabulary.
func BuildGraph(c Config, o GraphOptions) (*autograd.Graph, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if err := o.LoRA.validate(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if o.Batch <= 0 || o.SeqLen <= 0 {
		return nil, fmt.Errorf("model: a graph needs a positive batch and sequence length, got %d and %d", o.Batch, o.SeqLen)
	}
	tensors := freeze(c.WithLoRA(o.LoRA), o.Frozen)
	if o.Gradients {
		if err := checkTrainable(tensors); err != nil {
			return nil, fmt.Errorf("model: %w", err)
		}
	}
	return autograd.Build(func(g *autograd.Graph) {
		b := &builder{Graph: g, c: c, o: o, tensors: map[string]*autograd.Node{}}
		for _, t := range tensors {
			b.tensors[t.Name] = g.Param(t.Name, t.Trainable, t.Shape...)
		}
		b.build()
	})
}

// builder holds what the blocks share.
type builder struct {
	*autograd.Graph
	c        Config
	o        GraphOptions
	tensors  map[string]*autograd.Node
	segments *autograd.Node
	// positions and table are set for RoPE, slopes for ALiBi.
	positions, table, slopes *autograd.Node
}

func (b *builder) build() {
	t := b.o.Batch * b.o.SeqLen
	tokens := b.Ints(inTokens, t)
	b.segments = b.Ints(inSegments, t)
	switch d := b.c.HeadDim(); b.c.Position {
	case RoPE:
		b.positions = b.Ints(inPositions, t)
		b.table = b.Const("rope_table", kernels.RotaryTable(b.o.SeqLen, d, b.c.RopeTheta), b.o.SeqLen, d)
	case ALiBi:
		b.slopes = b.Const("alibi_slopes", kernels.ALiBiSlopes(b.c.NumAttentionHeads), b.c.NumAttentionHeads)
	}
	x_TC := b.Embedding(b.tensors[EmbedTokens], tokens, b.c.PadTokenID)
	for i := range b.c.NumHiddenLayers {
		b.InBlock(i, func() { x_TC = b.layer(i, x_TC) })
	}
	x_TC = b.RMSNorm(x_TC, b.tensors[FinalNorm], b.c.RMSNormEps)
	b.head(x_TC)
}

// layer is one pre-norm block.
func (b *builder) layer(i int, x_TC *autograd.Node) *autograd.Node {
	n_TC := b.norm(i, inputNorm, x_TC)
	x_TC = b.Add(x_TC, b.linear(i, oProj, b.attention(i, n_TC)))
	n_TC = b.norm(i, postNorm, x_TC)
	h_TF := b.SwiGLU(b.linear(i, gateProj, n_TC), b.linear(i, upProj, n_TC))
	return b.Add(x_TC, b.linear(i, downProj, h_TF))
}

func (b *builder) attention(i int, n_TC *autograd.Node) *autograd.Node {
	heads, d := b.c.NumAttentionHeads, b.c.HeadDim()
	qkv := b.linear(i, wPack, n_TC) // [T, 3C]: Q, K, V side by side, head-major
	if b.table != nil {
		qkv = b.Rotary(qkv, b.positions, b.table, 2*heads, d)
	}
	return b.Attention(qkv, b.segments, b.slopes, autograd.AttentionShape{
		Batch: b.o.Batch, SeqLen: b.o.SeqLen, Heads: heads, KVHeads: heads, HeadDim: d,
	})
}

func (b *builder) head(x_TC *autograd.Node) {
	w_VC := b.RowNormalize(b.tensors[LMHead], NormHeadEps)
	if b.o.Logits {
		b.Output(outLogits, b.Linear(x_TC, w_VC))
		return
	}
	out := b.HeadLoss(x_TC, w_VC, b.Ints(inLabels, b.o.Batch*b.o.SeqLen), b.Scalar(inInvCount), b.o.ZLossWeight)
	b.Output(outNLL, out.NLL)
	b.Output(outMaxLogit, out.MaxLogit)
	if b.o.Gradients {
		b.Backward(out.Loss)
	}
}

func (b *builder) norm(i int, module string, x_TC *autograd.Node) *autograd.Node {
	return b.RMSNorm(x_TC, b.tensors[layerName(i, module)], b.c.RMSNormEps)
}

func (b *builder) linear(i int, module string, x *autograd.Node) *autograd.Node {
	w := b.tensors[layerName(i, module)]
	if !b.o.LoRA.targets(module) {
		return b.Linear(x, w)
	}
	a, bb := adapterNames(i, module)
	return b.LoRALinear(x, w, b.tensors[a], b.tensors[bb], b.o.LoRA.Scale())
}
