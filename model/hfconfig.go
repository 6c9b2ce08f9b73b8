package model

import (
	"encoding/json"
	"fmt"
)

// hfConfig is config.json with the keys of the released files, in their order,
// and two of this framework's own, written only where a reader could take the
// model for another.
type hfConfig struct {
	Architectures         []string          `json:"architectures"`
	AutoMap               map[string]string `json:"auto_map"`
	TokenizerClass        string            `json:"tokenizer_class"`
	BosTokenID            *int              `json:"bos_token_id"`
	EosTokenID            *int              `json:"eos_token_id"`
	HiddenAct             string            `json:"hidden_act"`
	HiddenSize            int               `json:"hidden_size"`
	InitializerRange      float64           `json:"initializer_range"`
	IntermediateSize      int               `json:"intermediate_size"`
	MaxPositionEmbeddings *int              `json:"max_position_embeddings,omitempty"`
	ModelMaxLength        int               `json:"model_max_length"`
	ModelType             string            `json:"model_type"`
	NumAttentionHeads     int               `json:"num_attention_heads"`
	NumHiddenLayers       int               `json:"num_hidden_layers"`
	PadTokenID            *int              `json:"pad_token_id"`
	RMSNormEps            float64           `json:"rms_norm_eps"`
	RopeTheta             *float64          `json:"rope_theta,omitempty"`
	FromModelConfig       bool              `json:"_from_model_config"`
	TieWordEmbeddings     bool              `json:"tie_word_embeddings"`
	TorchDtype            string            `json:"torch_dtype"`
	TransformersVersion   string            `json:"transformers_version"`
	UseCache              bool              `json:"use_cache"`
	VocabSize             int               `json:"vocab_size"`
	PositionEmbedding     Position          `json:"position_embedding_type,omitempty"`
	NormHead              bool              `json:"norm_head,omitempty"`
}

// The shapes of the released models, by which Baichuan 1 and 2 and the position
// encodings are told apart: (hidden_size, num_hidden_layers,
// num_attention_heads). Baichuan 1 has the same two shapes.
var (
	shape7B  = [3]int{4096, 32, 32}
	shape13B = [3]int{5120, 40, 40}
)

// baichuan1Vocab is the vocabulary of Baichuan 1, whose classes are named alike
// and whose head is not normalised.
const baichuan1Vocab = 64000

// releasedPosition returns the encoding of the released model of this shape,
// "" for other shapes.
func (c Config) releasedPosition() Position {
	switch [3]int{c.HiddenSize, c.NumHiddenLayers, c.NumAttentionHeads} {
	case shape7B:
		return RoPE
	case shape13B:
		return ALiBi
	}
	return ""
}

// HFConfig returns config.json as the released folders have it. torchDtype is
// the storage type of the tensors beside it ("float32", "bfloat16"). Ids of -1
// are written as null. A model of the released 7B or 13B shape with the other
// one's position encoding, and one with the vocabulary size of Baichuan 1, say
// so in a key of their own (position_embedding_type, norm_head), as
// [ReadHFConfig] would refuse them otherwise.
func (c Config) HFConfig(torchDtype string) ([]byte, error) {
	h := hfConfig{
		Architectures: []string{"BaichuanForCausalLM"},
		AutoMap: map[string]string{
			"AutoConfig":           "configuration_baichuan.BaichuanConfig",
			"AutoModelForCausalLM": "modeling_baichuan.BaichuanForCausalLM",
		},
		TokenizerClass: "BaichuanTokenizer", HiddenAct: "silu", ModelType: "baichuan",
		BosTokenID: idOrNull(c.BosTokenID), EosTokenID: idOrNull(c.EosTokenID), PadTokenID: idOrNull(c.PadTokenID),
		HiddenSize: c.HiddenSize, IntermediateSize: c.IntermediateSize,
		InitializerRange: c.InitializerRange, ModelMaxLength: c.ModelMaxLength,
		NumAttentionHeads: c.NumAttentionHeads, NumHiddenLayers: c.NumHiddenLayers,
		RMSNormEps: c.RMSNormEps, FromModelConfig: true, TorchDtype: torchDtype,
		TransformersVersion: "4.29.2", UseCache: true, VocabSize: c.VocabSize,
		NormHead: c.VocabSize == baichuan1Vocab,
	}
	if p := c.releasedPosition(); p != "" && p != c.Position {
		h.PositionEmbedding = c.Position
	}
	if c.Position == RoPE {
		h.MaxPositionEmbeddings = &c.ModelMaxLength
		if c.RopeTheta != defaultRopeTheta {
			h.RopeTheta = &c.RopeTheta
		}
	}
	b, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("model: encode config.json: %w", err)
	}
	return append(b, '\n'), nil
}

// idOrNull returns nil for -1, which config.json spells null.
func idOrNull(id int) *int {
	if id < 0 {
		return nil
	}
	return &id
}
