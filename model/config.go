package model

import (
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
	// BosTokenID is the id of the piece that may begin a text; -1 means none.
	BosTokenID int `yaml:"bos_token_id" mapstructure:"bos_token_id"`
	// EosTokenID is the id that ends a document; -1 means none.
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

// The largest sizes taken. They are far above any model of this kind and low
// enough that every count of elements and bytes made from them, also of a
// training run, fits an int64: what is beyond them is a mistake, and is refused
// before anything is made of it.
const (
	maxHidden       = 1 << 20
	maxIntermediate = 1 << 22
	maxLayers       = 10_000
	maxVocab        = 1 << 27
	maxLength       = 1 << 24
	maxParameters   = 1 << 50
)

// Validate reports every impossible value at once, each naming its key.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	fits := func(key string, v, most int) bool {
		switch {
		case v <= 0:
			bad("%s is %d; it must be positive", key, v)
		case v > most:
			bad("%s is %d; more than %d are refused", key, v, most)
		}
		return v > 0 && v <= most
	}
	hidden := fits("hidden_size", c.HiddenSize, maxHidden)
	heads := fits("num_attention_heads", c.NumAttentionHeads, maxHidden)
	all := fits("intermediate_size", c.IntermediateSize, maxIntermediate)
	all = fits("num_hidden_layers", c.NumHiddenLayers, maxLayers) && all
	all = fits("model_max_length", c.ModelMaxLength, maxLength) && all
	if fits("vocab_size", c.VocabSize, maxVocab) {
		for _, id := range []struct {
			key string
			v   int
		}{{"bos_token_id", c.BosTokenID}, {"eos_token_id", c.EosTokenID}, {"pad_token_id", c.PadTokenID}} {
			if id.v < -1 || id.v >= c.VocabSize {
				bad("%s is %d; it must be in [0, vocab_size %d), or -1 for none", id.key, id.v, c.VocabSize)
			}
		}
		if hidden && heads && all && c.Parameters() > maxParameters {
			bad("the sizes together make a model of %.3g parameters; more than %.3g are refused", float64(c.Parameters()), float64(maxParameters))
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
	if c.Position == RoPE && !(c.RopeTheta > 1 && c.RopeTheta <= math.MaxFloat32) {
		bad("rope_theta is %v; it must be above 1 and finite", c.RopeTheta)
	}
	if !(c.RMSNormEps > 0 && c.RMSNormEps < 1) {
		bad("rms_norm_eps is %v; it must be in (0, 1)", c.RMSNormEps)
	}
	if !(c.InitializerRange > 0 && c.InitializerRange < 1) {
		bad("initializer_range is %v; it must be in (0, 1)", c.InitializerRange)
	}
	return errors.Join(errs...)
}
