package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Position names a position encoding.
type Position string

// The position encodings of the released family.
const (
	RoPE  Position = "rope"  // 7B: rotate-half, base 10000
	ALiBi Position = "alibi" // 13B: slope*(j-i)
)

// Config is the shape of a model. The yaml and mapstructure names are those of
// the released config.json; Position is not in that file, where the presence of
// max_position_embeddings tells the two apart.
type Config struct {
	// HiddenSize is the width of the residual stream.
	HiddenSize int `yaml:"hidden_size" mapstructure:"hidden_size"`
	// IntermediateSize is the width of the feed-forward layer.
	IntermediateSize int `yaml:"intermediate_size" mapstructure:"intermediate_size"`
	// NumAttentionHeads divides HiddenSize into heads of a multiple of 8.
	NumAttentionHeads int `yaml:"num_attention_heads" mapstructure:"num_attention_heads"`
	// NumHiddenLayers is the number of blocks.
	NumHiddenLayers int `yaml:"num_hidden_layers" mapstructure:"num_hidden_layers"`
	// VocabSize is the number of rows of the embedding and of the head; at
	// least the tokenizer's.
	VocabSize int `yaml:"vocab_size" mapstructure:"vocab_size"`
	// Position is rope (as in the 7B) or alibi (as in the 13B).
	Position Position `yaml:"position" mapstructure:"position"`
	// RopeTheta is the base of the rotary angles.
	RopeTheta float64 `yaml:"rope_theta" mapstructure:"rope_theta"`
	// ModelMaxLength is the longest sequence, in tokens.
	ModelMaxLength int `yaml:"model_max_length" mapstructure:"model_max_length"`
	// RMSNormEps is added to the mean square before its root is taken.
	RMSNormEps float64 `yaml:"rms_norm_eps" mapstructure:"rms_norm_eps"`
	// InitializerRange is the standard deviation of fresh matrices.
	InitializerRange float64 `yaml:"initializer_range" mapstructure:"initializer_range"`
	// PadTokenID is a row of the embedding that stays zero; -1 means none.
	PadTokenID int `yaml:"pad_token_id" mapstructure:"pad_token_id"`
	// BosTokenID is the id of the piece that may begin a text.
	BosTokenID int `yaml:"bos_token_id" mapstructure:"bos_token_id"`
	// EosTokenID is the id that ends a document.
	EosTokenID int `yaml:"eos_token_id" mapstructure:"eos_token_id"`
}

// Default returns the constants shared by the released models, with no sizes.
func Default() Config {
	return Config{
		Position: RoPE, RopeTheta: 10000, ModelMaxLength: 4096,
		RMSNormEps: 1e-6, InitializerRange: 0.02,
		PadTokenID: 0, BosTokenID: 1, EosTokenID: 2,
	}
}

// HeadDim returns the size of one attention head.
func (c Config) HeadDim() int { return c.HiddenSize / c.NumAttentionHeads }

// AttentionScale is the factor of the scores, 1/sqrt(HeadDim).
func (c Config) AttentionScale() float32 { return float32(1 / math.Sqrt(float64(c.HeadDim()))) }

// Validate reports every impossible value at once, each naming its key.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	positive := func(key string, v int) bool {
		if v <= 0 {
			bad("%s is %d; it must be positive", key, v)
		}
		return v > 0
	}
	hidden := positive("hidden_size", c.HiddenSize)
	heads := positive("num_attention_heads", c.NumAttentionHeads)
	positive("intermediate_size", c.IntermediateSize)
	positive("num_hidden_layers", c.NumHiddenLayers)
	positive("model_max_length", c.ModelMaxLength)
	if positive("vocab_size", c.VocabSize) {
		for _, id := range []struct {
			key string
			v   int
		}{{"bos_token_id", c.BosTokenID}, {"eos_token_id", c.EosTokenID}} {
			if id.v < 0 || id.v >= c.VocabSize {
				bad("%s is %d; it must be in [0, vocab_size %d)", id.key, id.v, c.VocabSize)
			}
		}
		if c.PadTokenID < -1 || c.PadTokenID >= c.VocabSize {
			bad("pad_token_id is %d; it must be in [0, vocab_size %d), or -1 for none", c.PadTokenID, c.VocabSize)
		}
	}
	if hidden && heads {
		if c.HiddenSize%c.NumAttentionHeads != 0 {
			bad("hidden_size %d is not a multiple of num_attention_heads %d", c.HiddenSize, c.NumAttentionHeads)
		} else if c.HeadDim()%8 != 0 {
			bad("hidden_size/num_attention_heads is %d; the head size must be a multiple of 8", c.HeadDim())
		}
	}
	if c.Position != RoPE && c.Position != ALiBi {
		bad("position is %q; it must be %q (7B) or %q (13B)", c.Position, RoPE, ALiBi)
	}
	if c.Position == RoPE && !(c.RopeTheta > 1) {
		bad("rope_theta is %v; it must be above 1", c.RopeTheta)
	}
	if !(c.RMSNormEps > 0 && c.RMSNormEps < 1) {
		bad("rms_norm_eps is %v; it must be in (0, 1)", c.RMSNormEps)
	}
	if !(c.InitializerRange > 0 && c.InitializerRange < 1) {
		bad("initializer_range is %v; it must be in (0, 1)", c.InitializerRange)
	}
	return errors.Join(errs...)
}

// hfConfig is config.json with the keys of the released files, in their order.
type hfConfig struct {
	Architectures         []string          `json:"architectures"`
	AutoMap               map[string]string `json:"auto_map"`
	TokenizerClass        string            `json:"tokenizer_class"`
	BosTokenID            int               `json:"bos_token_id"`
	EosTokenID            int               `json:"eos_token_id"`
	HiddenAct             string            `json:"hidden_act"`
	HiddenSize            int               `json:"hidden_size"`
	InitializerRange      float64           `json:"initializer_range"`
	IntermediateSize      int               `json:"intermediate_size"`
	MaxPositionEmbeddings *int              `json:"max_position_embeddings,omitempty"`
	ModelMaxLength        int               `json:"model_max_length"`
	ModelType             string            `json:"model_type"`
	NumAttentionHeads     int               `json:"num_attention_heads"`
	NumHiddenLayers       int               `json:"num_hidden_layers"`
	PadTokenID            int               `json:"pad_token_id"`
	RMSNormEps            float64           `json:"rms_norm_eps"`
	RopeTheta             *float64          `json:"rope_theta,omitempty"`
	FromModelConfig       bool              `json:"_from_model_config"`
	TieWordEmbeddings     bool              `json:"tie_word_embeddings"`
	TorchDtype            string            `json:"torch_dtype"`
	TransformersVersion   string            `json:"transformers_version"`
	UseCache              bool              `json:"use_cache"`
	VocabSize             int               `json:"vocab_size"`
}

// HFConfig returns config.json as the released folders have it. torchDtype is
// the storage type of the tensors beside it ("float32", "bfloat16").
func (c Config) HFConfig(torchDtype string) ([]byte, error) {
	h := hfConfig{
		Architectures: []string{"BaichuanForCausalLM"},
		AutoMap: map[string]string{
			"AutoConfig":           "configuration_baichuan.BaichuanConfig",
			"AutoModelForCausalLM": "modeling_baichuan.BaichuanForCausalLM",
		},
		TokenizerClass: "BaichuanTokenizer", HiddenAct: "silu", ModelType: "baichuan",
		BosTokenID: c.BosTokenID, EosTokenID: c.EosTokenID, PadTokenID: c.PadTokenID,
		HiddenSize: c.HiddenSize, IntermediateSize: c.IntermediateSize,
		InitializerRange: c.InitializerRange, ModelMaxLength: c.ModelMaxLength,
		NumAttentionHeads: c.NumAttentionHeads, NumHiddenLayers: c.NumHiddenLayers,
		RMSNormEps: c.RMSNormEps, FromModelConfig: true, TorchDtype: torchDtype,
		TransformersVersion: "4.29.2", UseCache: true, VocabSize: c.VocabSize,
	}
	if c.Position == RoPE {
		h.MaxPositionEmbeddings = &c.ModelMaxLength
		if c.RopeTheta != 10000 {
			h.RopeTheta = &c.RopeTheta
		}
	}
	b, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("model: encode config.json: %w", err)
	}
	return append(b, '\n'), nil
}

// ParseHFConfig reads config.json. Keys that change the mathematics in a way
// this package does not implement are refused; unknown harmless keys are
// ignored, as other tools add their own.
func ParseHFConfig(data []byte) (Config, error) {
	h := hfConfig{
		BosTokenID: 1, EosTokenID: 2, HiddenAct: "silu",
		InitializerRange: 0.02, RMSNormEps: 1e-6, ModelMaxLength: 4096,
	}
	if err := json.Unmarshal(data, &h); err != nil {
		return Config{}, fmt.Errorf("model: config.json: %w", err)
	}
	if h.ModelType != "" && h.ModelType != "baichuan" {
		return Config{}, fmt.Errorf("model: config.json: model_type is %q; this program runs \"baichuan\" models", h.ModelType)
	}
	if h.HiddenAct != "silu" {
		return Config{}, fmt.Errorf("model: config.json: hidden_act is %q; Baichuan 2 uses \"silu\"", h.HiddenAct)
	}
	if h.TieWordEmbeddings {
		return Config{}, errors.New("model: config.json: tie_word_embeddings is true; Baichuan 2 has an untied head, untie it first")
	}
	c := Config{
		HiddenSize: h.HiddenSize, IntermediateSize: h.IntermediateSize,
		NumAttentionHeads: h.NumAttentionHeads, NumHiddenLayers: h.NumHiddenLayers,
		VocabSize: h.VocabSize, Position: ALiBi, RopeTheta: 10000,
		ModelMaxLength: h.ModelMaxLength, RMSNormEps: h.RMSNormEps,
		InitializerRange: h.InitializerRange,
		PadTokenID:       h.PadTokenID, BosTokenID: h.BosTokenID, EosTokenID: h.EosTokenID,
	}
	if h.MaxPositionEmbeddings != nil {
		c.Position = RoPE
		if h.RopeTheta != nil {
			c.RopeTheta = *h.RopeTheta
		}
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("model: config.json: %w", err)
	}
	return c, nil
}
