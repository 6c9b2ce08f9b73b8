package ngram

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Ways to cut a text into the units of the model.
const (
	// UnitsMixed takes Han and Kana character by character, words elsewhere, and
	// every punctuation mark and symbol as a unit of its own.
	UnitsMixed = "mixed"
	// UnitsWhitespace takes what stands between blanks, as KenLM does.
	UnitsWhitespace = "whitespace"
	// UnitsPieces takes the pieces of a tokenizer.
	UnitsPieces = "pieces"
)

// Orders of a model.
const (
	MinOrder = 2
	MaxOrder = 6
)

// minMemory keeps the sorters' runs from becoming absurdly many.
const minMemory = 4 << 10

// Config says how a model is estimated.
type Config struct {
	// Order is the length of the longest n-grams.
	Order int `yaml:"order" mapstructure:"order"`
	// Units is "mixed", "whitespace" or "pieces".
	Units string `yaml:"units" mapstructure:"units"`
	// Fold makes letters lower case and every digit 0 before counting and
	// scoring; pieces are left alone.
	Fold bool `yaml:"fold" mapstructure:"fold"`
	// Prune holds a threshold per order: n-grams seen that often or less are
	// left out. The first is 0, none is below the one before it, and the last
	// holds for the orders that follow. Empty prunes nothing.
	Prune []int64 `yaml:"prune" mapstructure:"prune"`
	// VocabLimit keeps this many of the most frequent words (0: all); the others
	// are <unk>.
	VocabLimit int `yaml:"vocab_limit" mapstructure:"vocab_limit"`
	// MinWordCount makes words seen less often <unk>.
	MinWordCount int64 `yaml:"min_word_count" mapstructure:"min_word_count"`
	// DiscountFallback uses the discounts 0.5, 1 and 1.5 for an order whose
	// counts of counts do not give any, as in tiny or artificial texts. Without
	// it such texts are refused.
	DiscountFallback bool `yaml:"discount_fallback" mapstructure:"discount_fallback"`
	// HeldOut is the share of documents that are not counted but used for the
	// quantiles of perplexity.
	HeldOut float64 `yaml:"held_out" mapstructure:"held_out"`
	// Quantize stores 8 bits instead of float32 for each probability and
	// backoff above the words' own.
	Quantize bool `yaml:"quantize" mapstructure:"quantize"`
	// MemoryBytes bounds what sorting takes; the words are kept beside it.
	MemoryBytes int64 `yaml:"memory_bytes" mapstructure:"memory_bytes"`
	// TempDir is where temporary files go (empty: the system's place).
	TempDir string `yaml:"temp_dir" mapstructure:"temp_dir"`
}

// Default returns the configuration used when nothing is said.
func Default() Config {
	return Config{
		Order: 5, Units: UnitsMixed, Fold: true, MinWordCount: 1,
		DiscountFallback: true, HeldOut: 0.02, MemoryBytes: 1 << 30,
	}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if c.Order < MinOrder || c.Order > MaxOrder {
		bad("order is %d; it must be from %d to %d", c.Order, MinOrder, MaxOrder)
	}
	if units := []string{UnitsMixed, UnitsWhitespace, UnitsPieces}; !slices.Contains(units, c.Units) {
		bad("units is %q; it must be one of %s", c.Units, strings.Join(units, ", "))
	}
	if len(c.Prune) > c.Order {
		bad("prune has %d thresholds; a model of order %d takes at most %d", len(c.Prune), c.Order, c.Order)
	}
	for i, p := range c.Prune {
		switch {
		case i == 0 && p != 0:
			bad("prune starts with %d; the first threshold must be 0 (min_word_count and vocab_limit leave out words)", p)
		case p < 0:
			bad("prune has %d; a threshold cannot be negative", p)
		case i > 0 && p < c.Prune[i-1]:
			bad("prune has %d after %d; thresholds cannot fall with the order", p, c.Prune[i-1])
		}
	}
	if c.VocabLimit < 0 {
		bad("vocab_limit is %d; it must be 0 (no limit) or more", c.VocabLimit)
	}
	if c.MinWordCount < 1 {
		bad("min_word_count is %d; it must be 1 or more", c.MinWordCount)
	}
	if !(c.HeldOut >= 0 && c.HeldOut <= 0.5) {
		bad("held_out is %g; it must be from 0 to 0.5", c.HeldOut)
	}
	if c.MemoryBytes < minMemory {
		bad("memory_bytes is %d; it must be %d or more", c.MemoryBytes, minMemory)
	}
	return errors.Join(errs...)
}

// threshold returns the pruning threshold of n-grams of order n.
func (c Config) threshold(n int) int64 {
	if len(c.Prune) == 0 {
		return 0
	}
	return c.Prune[min(n, len(c.Prune))-1]
}
