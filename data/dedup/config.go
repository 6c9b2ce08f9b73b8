package dedup

import (
	"errors"
	"fmt"
)

// Config chooses what counts as a duplicate.
type Config struct {
	// Exact drops exact copies of the cleaned text.
	Exact bool `yaml:"exact" mapstructure:"exact"`
	// Near drops near copies found by MinHash.
	Near bool `yaml:"near" mapstructure:"near"`
	// WordNGram and CharNGram are the shingle lengths of texts in words and of
	// texts in Han and Kana.
	WordNGram int `yaml:"word_ngram" mapstructure:"word_ngram"`
	CharNGram int `yaml:"char_ngram" mapstructure:"char_ngram"`
	// FoldDigits makes all digits one, so that texts that differ in their numbers
	// alone are the same.
	FoldDigits bool `yaml:"fold_digits" mapstructure:"fold_digits"`
	// Bands and Rows cut the signature of Bands*Rows hashes.
	Bands int `yaml:"bands" mapstructure:"bands"`
	Rows  int `yaml:"rows" mapstructure:"rows"`
	// Verify drops candidate pairs whose true Jaccard similarity is below
	// Threshold. It costs a second look at the candidates' texts.
	Verify    bool    `yaml:"verify" mapstructure:"verify"`
	Threshold float64 `yaml:"threshold" mapstructure:"threshold"`
	// Containment also makes a copy of a text of which this share of shingles is in
	// a longer one, such as a part of it; the longer one stays. 0 does not look. Only
	// pairs that share a band are compared, so that less than half of a text is
	// seldom found.
	Containment float64 `yaml:"containment" mapstructure:"containment"`
	// Numbers keeps texts apart that consist of numbers in good part and agree in
	// fewer than this share of them, whatever their words; 0 does not look at
	// numbers. See [Signer.Numbers] and [SameNumbers].
	Numbers float64 `yaml:"numbers" mapstructure:"numbers"`
	// Chain says how far likeness carries: "transitive" (of all that chains of
	// near copies connect one stays) or "canonical" (who goes is itself like one
	// that stays; needs Verify).
	Chain Chain `yaml:"chain" mapstructure:"chain"`
	// Seed draws the hash functions.
	Seed uint64 `yaml:"seed" mapstructure:"seed"`
}

// Default returns the configuration used when nothing is said. Of pairs that are 0.7
// alike 96% become candidates, of those that are 0.8 alike 99.9%; what the many bands
// find too much, verification drops.
func Default() Config {
	return Config{
		Exact: true, Near: true, WordNGram: 5, CharNGram: 5, Bands: 18, Rows: 5,
		Verify: true, Threshold: 0.7, Numbers: 0.5, Chain: Canonical, Seed: 1,
	}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	check := func(key string, v, lo, hi int) {
		if v < lo || v > hi {
			errs = append(errs, fmt.Errorf("%s is %d; it must be from %d to %d", key, v, lo, hi))
		}
	}
	check("word_ngram", c.WordNGram, 1, 100)
	check("char_ngram", c.CharNGram, 1, 100)
	check("bands", c.Bands, 1, 255)
	check("rows", c.Rows, 1, 255)
	check("bands * rows", c.Bands*c.Rows, 1, 1024)
	if !(c.Threshold >= 0 && c.Threshold <= 1) {
		errs = append(errs, fmt.Errorf("threshold is %g; it must be from 0 to 1", c.Threshold))
	}
	if !(c.Containment == 0 || c.Containment >= 0.5 && c.Containment <= 1) {
		errs = append(errs, fmt.Errorf("containment is %g; it must be from 0.5 to 1, or 0 for not at all", c.Containment))
	} else if c.Containment > 0 && c.Near && !c.Verify {
		errs = append(errs, errors.New("containment is set, but verify is off; what a text contains is known only by verification: set verify to true"))
	}
	if !(c.Numbers >= 0 && c.Numbers <= 1) {
		errs = append(errs, fmt.Errorf("numbers is %g; it must be from 0 to 1", c.Numbers))
	}
	if err := c.Chain.Validate(); err != nil {
		errs = append(errs, err)
	} else if c.Chain == Canonical && c.Near && !c.Verify {
		errs = append(errs, errors.New("chain is canonical, but verify is off; likeness to the one that stays is known only by verification: set chain to transitive"))
	}
	return errors.Join(errs...)
}
