package model

import "fmt"

// Init names how a fresh tensor is filled.
type Init uint8

// The initialisations of the released code.
const (
	InitNormal  Init = iota // N(0, initializer_range)
	InitUniform             // U(-1/sqrt(hidden), 1/sqrt(hidden)): NormHead
	InitOnes                // gains of norms
	InitZeros               // lora_B
)

// Tensor describes one tensor of a model: its name and shape on disk.
type Tensor struct {
	Name  string
	Shape []int
	Init  Init
	// ZeroRow is a row kept at zero that gets no gradient (the padding row
	// of the embedding), or -1.
	ZeroRow int
	// Trainable tells whether the optimizer updates the tensor.
	Trainable bool
}

// Len returns the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Names of the tensors outside the blocks.
const (
	EmbedTokens = "model.embed_tokens.weight"
	FinalNorm   = "model.norm.weight"
	LMHead      = "lm_head.weight"
)

// layerName returns the name of a tensor of layer i.
func layerName(i int, module string) string {
	return fmt.Sprintf("model.layers.%d.%s.weight", i, module)
}

// Modules of a layer, as on disk.
const (
	inputNorm = "input_layernorm"
	wPack     = "self_attn.W_pack"
	oProj     = "self_attn.o_proj"
	postNorm  = "post_attention_layernorm"
	gateProj  = "mlp.gate_proj"
	upProj    = "mlp.up_proj"
	downProj  = "mlp.down_proj"
)

// Tensors lists the tensors of the model in the order of the released files.
// All are trainable.
func (c Config) Tensors() []Tensor {
	h, f := c.HiddenSize, c.IntermediateSize
	ts := []Tensor{{EmbedTokens, []int{c.VocabSize, h}, InitNormal, c.PadTokenID, true}}
	for i := range c.NumHiddenLayers {
		for _, m := range []struct {
			module string
			shape  []int
			init   Init
		}{
			{inputNorm, []int{h}, InitOnes},
			{wPack, []int{3 * h, h}, InitNormal},
			{oProj, []int{h, h}, InitNormal},
			{postNorm, []int{h}, InitOnes},
			{gateProj, []int{f, h}, InitNormal},
			{upProj, []int{f, h}, InitNormal},
			{downProj, []int{h, f}, InitNormal},
		} {
			ts = append(ts, Tensor{layerName(i, m.module), m.shape, m.init, -1, true})
		}
	}
	return append(ts,
		Tensor{FinalNorm, []int{h}, InitOnes, -1, true},
		Tensor{LMHead, []int{c.VocabSize, h}, InitUniform, -1, true})
}

// Parameters returns the number of elements of all tensors.
func (c Config) Parameters() int64 {
	n := int64(0)
	for _, t := range c.Tensors() {
		n += int64(t.Len())
	}
	return n
}

// FLOPsPerToken returns the floating-point operations of one training token
// (forward and backward, three times the forward) in a row of seqLen tokens:
// 2 per weight of every matrix product, and causal attention's
// 2*seqLen*hidden per layer (half of the full square, scores and values).
func (c Config) FLOPsPerToken(seqLen int) float64 {
	weights := 0.0
	for _, t := range c.Tensors() {
		if len(t.Shape) == 2 && t.Name != EmbedTokens {
			weights += float64(t.Len())
		}
	}
	attention := 2 * float64(seqLen) * float64(c.HiddenSize) * float64(c.NumHiddenLayers)
	return 3 * (2*weights + attention)
}

// LayerTensors are the names of the tensors of one layer.
type LayerTensors struct {
	InputNorm, WPack, OProj, PostNorm, GateProj, UpProj, DownProj string
}

// LayerNames returns the names of the tensors of layer i.
func LayerNames(i int) LayerTensors {
	return LayerTensors{
		InputNorm: layerName(i, inputNorm), WPack: layerName(i, wPack), OProj: layerName(i, oProj),
		PostNorm: layerName(i, postNorm), GateProj: layerName(i, gateProj),
		UpProj: layerName(i, upProj), DownProj: layerName(i, downProj),
	}
}
