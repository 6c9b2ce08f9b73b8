package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// TrainConfig says how [Train] makes a model. The names are SentencePiece's
// where it has them; the defaults are those of Baichuan 2.
type TrainConfig struct {
	// VocabSize is the number of pieces, special ones included.
	VocabSize int `yaml:"vocab_size" mapstructure:"vocab_size"`
	// CharacterCoverage is the share of all characters of the text whose kinds
	// get a piece of their own, most frequent first.
	CharacterCoverage float64 `yaml:"character_coverage" mapstructure:"character_coverage"`
	// MaxAlphabetShare bounds the share of the free vocabulary that single
	// characters may take when there is a byte fallback to catch the others.
	// SentencePiece knows no bound (1) and fails when they do not fit.
	MaxAlphabetShare float64 `yaml:"max_alphabet_share" mapstructure:"max_alphabet_share"`
	// RequiredChars are in the vocabulary whatever their count.
	RequiredChars string `yaml:"required_chars" mapstructure:"required_chars"`
	// MaxSentencepieceLength is the greatest length of a piece in characters.
	MaxSentencepieceLength int `yaml:"max_sentencepiece_length" mapstructure:"max_sentencepiece_length"`

	SplitByUnicodeScript      bool `yaml:"split_by_unicode_script" mapstructure:"split_by_unicode_script"`
	SplitByNumber             bool `yaml:"split_by_number" mapstructure:"split_by_number"`
	SplitByWhitespace         bool `yaml:"split_by_whitespace" mapstructure:"split_by_whitespace"`
	SplitDigits               bool `yaml:"split_digits" mapstructure:"split_digits"`
	TreatWhitespaceAsSuffix   bool `yaml:"treat_whitespace_as_suffix" mapstructure:"treat_whitespace_as_suffix"`
	AllowWhitespaceOnlyPieces bool `yaml:"allow_whitespace_only_pieces" mapstructure:"allow_whitespace_only_pieces"`
	ByteFallback              bool `yaml:"byte_fallback" mapstructure:"byte_fallback"`

	// AddDummyPrefix and RemoveExtraWhitespaces belong to the normaliser, whose
	// rule is the identity.
	AddDummyPrefix         bool `yaml:"add_dummy_prefix" mapstructure:"add_dummy_prefix"`
	RemoveExtraWhitespaces bool `yaml:"remove_extra_whitespaces" mapstructure:"remove_extra_whitespaces"`

	// BaichuanSymbols puts the user-defined pieces of Baichuan 2 first, with
	// their ids, as far as the vocabulary has room; see [BaichuanSymbols].
	BaichuanSymbols    bool     `yaml:"baichuan_symbols" mapstructure:"baichuan_symbols"`
	ControlSymbols     []string `yaml:"control_symbols" mapstructure:"control_symbols"`
	UserDefinedSymbols []string `yaml:"user_defined_symbols" mapstructure:"user_defined_symbols"`

	// The ids of <unk>, <s>, </s> and <pad>; -1 leaves one out (not <unk>).
	UnkID int `yaml:"unk_id" mapstructure:"unk_id"`
	BosID int `yaml:"bos_id" mapstructure:"bos_id"`
	EosID int `yaml:"eos_id" mapstructure:"eos_id"`
	PadID int `yaml:"pad_id" mapstructure:"pad_id"`

	// HardVocabLimit makes it an error when the text cannot fill VocabSize.
	HardVocabLimit bool `yaml:"hard_vocab_limit" mapstructure:"hard_vocab_limit"`
	// MaxDistinctWords bounds the memory (about 700 bytes a word): when more
	// different words than this are held, the rarest are dropped.
	MaxDistinctWords int `yaml:"max_distinct_words" mapstructure:"max_distinct_words"`
	// NumThreads is the number of goroutines that count words, 0 for one per
	// processor. The model does not depend on it.
	NumThreads int `yaml:"num_threads" mapstructure:"num_threads"`
}

// DefaultTrainConfig returns the settings of Baichuan 2 with its vocabulary of
// 125,696 pieces.
func DefaultTrainConfig() TrainConfig {
	return TrainConfig{
		VocabSize: 125696, CharacterCoverage: 0.9998, MaxAlphabetShare: 0.75,
		MaxSentencepieceLength: 32,
		SplitByUnicodeScript:   true, SplitByNumber: true, SplitByWhitespace: true,
		SplitDigits: true, AllowWhitespaceOnlyPieces: true, ByteFallback: true,
		BaichuanSymbols: true,
		UnkID:           0, BosID: 1, EosID: 2, PadID: -1,
		HardVocabLimit: true, MaxDistinctWords: 5_000_000,
	}
}

// Validate reports every impossible value at once, each naming its key.
func (c TrainConfig) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if c.VocabSize <= 0 || c.VocabSize > maxPieces {
		bad("vocab_size is %d; it must be in [1, %d]", c.VocabSize, maxPieces)
	}
	if !(c.CharacterCoverage >= 0.98 && c.CharacterCoverage <= 1) {
		bad("character_coverage is %v; it must be in [0.98, 1]", c.CharacterCoverage)
	}
	if !(c.MaxAlphabetShare > 0 && c.MaxAlphabetShare <= 1) {
		bad("max_alphabet_share is %v; it must be in (0, 1]", c.MaxAlphabetShare)
	}
	if c.MaxSentencepieceLength < 1 || c.MaxSentencepieceLength > 512 {
		bad("max_sentencepiece_length is %d; it must be in [1, 512]", c.MaxSentencepieceLength)
	}
	if c.MaxDistinctWords < 1000 {
		bad("max_distinct_words is %d; it must be at least 1000", c.MaxDistinctWords)
	}
	if c.NumThreads < 0 {
		bad("num_threads is %d; it must not be negative (0 means one per processor)", c.NumThreads)
	}
	if !utf8.ValidString(c.RequiredChars) || strings.ContainsRune(c.RequiredChars, 0) {
		bad("required_chars must be valid UTF-8 without a NUL")
	}
	if len(errs) == 0 {
		if _, err := c.metaPieces(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// allUserDefined returns the Baichuan 2 symbols, if wanted, and then the
// configured ones that are not among them.
func (c TrainConfig) allUserDefined() []string {
	if !c.BaichuanSymbols {
		return c.UserDefinedSymbols
	}
	all := BaichuanSymbols(c.VocabSize)
	have := make(map[string]bool, len(all))
	for _, s := range all {
		have[s] = true
	}
	for _, s := range c.UserDefinedSymbols {
		if !have[s] {
			all = append(all, s)
		}
	}
	return all
}
