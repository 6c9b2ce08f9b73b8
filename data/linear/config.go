package linear

import (
	"errors"
	"fmt"
)

// Tokens names a way to cut text into tokens.
type Tokens string

// The two ways; see the package comment.
const (
	Spaces Tokens = "spaces"
	Units  Tokens = "units"
)

// Losses that can be trained.
const (
	Softmax  = "softmax" // one label a document: probabilities sum to 1
	OneVsAll = "ova"     // any number of labels: each has a probability of its own
)

// Config says how to train. Names and meanings are fastText's.
type Config struct {
	// Tokens is "units" or "spaces".
	Tokens Tokens `yaml:"tokens" mapstructure:"tokens" json:"tokens"`
	// Loss is "softmax" or "ova".
	Loss string `yaml:"loss" mapstructure:"loss" json:"loss"`
	// Dim is the length of the vectors.
	Dim int `yaml:"dim" mapstructure:"dim" json:"dim"`
	// Epoch is how often each document is used.
	Epoch int `yaml:"epoch" mapstructure:"epoch" json:"epoch"`
	// LR is the learning rate at the start; it falls to 0.
	LR float64 `yaml:"lr" mapstructure:"lr" json:"lr"`
	// WordNgrams is the longest run of tokens that is a feature.
	WordNgrams int `yaml:"word_ngrams" mapstructure:"word_ngrams" json:"word_ngrams"`
	// MinN and MaxN bound the runs of characters that are features; 0 for MaxN
	// means none.
	MinN int `yaml:"minn" mapstructure:"minn" json:"minn"`
	MaxN int `yaml:"maxn" mapstructure:"maxn" json:"maxn"`
	// MinCount drops rarer words from the dictionary. Their n-grams stay.
	MinCount int `yaml:"min_count" mapstructure:"min_count" json:"min_count"`
	// Bucket is the number of rows that n-grams share. The file has
	// 4 * Dim * (words + Bucket) bytes.
	Bucket int `yaml:"bucket" mapstructure:"bucket" json:"bucket"`
	// KnownOnly sets the vectors of n-grams that no document had to zero at the
	// end; otherwise they keep those of the start, as in fastText.
	KnownOnly bool `yaml:"known_only" mapstructure:"known_only" json:"known_only,omitempty"`
	// Seed draws the order of the documents and the vectors at the start.
	Seed uint64 `yaml:"seed" mapstructure:"seed" json:"seed"`
}

// Default returns the setting for judging documents by a few labels. A hundred
// thousand documents and more need fewer epochs; where the loss hardly falls, as
// with a few hundred, more.
func Default() Config {
	return Config{Tokens: Units, Loss: Softmax, Dim: 16, Epoch: 10, LR: 0.5, WordNgrams: 2, MinCount: 1, Bucket: 1 << 20, Seed: 1}
}

// maxRun bounds n-grams: a longer one is a mistake, and work grows with it.
const maxRun = 64

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	check := func(key string, v, lo, hi int) {
		if v < lo || v > hi {
			errs = append(errs, fmt.Errorf("%s is %d; it must be from %d to %d", key, v, lo, hi))
		}
	}
	if c.Tokens != Spaces && c.Tokens != Units {
		errs = append(errs, fmt.Errorf("tokens is %q; it must be units or spaces", c.Tokens))
	}
	if c.Loss != Softmax && c.Loss != OneVsAll {
		errs = append(errs, fmt.Errorf("loss is %q; it must be softmax or ova", c.Loss))
	}
	check("dim", c.Dim, 1, 4096)
	check("epoch", c.Epoch, 1, 100_000)
	if !(c.LR > 0 && c.LR <= 100) {
		errs = append(errs, fmt.Errorf("lr is %g; it must be above 0 and at most 100", c.LR))
	}
	check("word_ngrams", c.WordNgrams, 1, maxRun)
	check("minn", c.MinN, 0, maxRun)
	check("maxn", c.MaxN, 0, maxRun)
	if c.MaxN > 0 && c.MinN > c.MaxN {
		errs = append(errs, fmt.Errorf("minn is %d and maxn is %d; minn must not be larger", c.MinN, c.MaxN))
	}
	check("min_count", c.MinCount, 1, 1<<30)
	least := 0
	if c.WordNgrams > 1 || c.MaxN > 0 {
		least = 1 // n-grams need rows
	}
	check("bucket", c.Bucket, least, 1<<30)
	return errors.Join(errs...)
}
