package safety

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Config chooses the terms and what is dropped.
type Config struct {
	// MinSafety drops documents below; 0 drops none.
	MinSafety float64 `yaml:"min_safety" mapstructure:"min_safety"`
	// Builtin names the lexicons of this package that are used: en, zh.
	Builtin []string `yaml:"builtin" mapstructure:"builtin"`
	// Lexicons are files of terms (see [ParseLexicon]); a term there replaces the
	// same one of the lexicons before.
	Lexicons []string `yaml:"lexicons" mapstructure:"lexicons"`
	// Weights multiplies the weights of a category; 0 switches it off.
	Weights map[string]float64 `yaml:"weights" mapstructure:"weights"`
	// Half is the density of hits, weighted, per thousand units, at which safety is a
	// half.
	Half float64 `yaml:"half" mapstructure:"half"`
	// MinUnits is the least number of units that hits are spread over, so that one
	// word does not condemn a short text.
	MinUnits int `yaml:"min_units" mapstructure:"min_units"`
	// Obfuscated looks through marks put between characters, digits and marks that
	// stand for letters, and letters that go on.
	Obfuscated bool `yaml:"obfuscated" mapstructure:"obfuscated"`
}

// Default uses both lexicons and drops nothing.
func Default() Config {
	return Config{Builtin: []string{"en", "zh"}, Half: 10, MinUnits: 100, Obfuscated: true}
}

// Validate reports every impossible value at once. Files are looked at by [New].
func (c Config) Validate() error {
	var errs []error
	if !(c.MinSafety >= 0 && c.MinSafety <= 1) {
		errs = append(errs, fmt.Errorf("min_safety is %g; it must be from 0 to 1", c.MinSafety))
	}
	for _, b := range c.Builtin {
		if b != "en" && b != "zh" {
			errs = append(errs, fmt.Errorf("builtin has %q; the lexicons are en and zh", b))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Weights)) {
		if w := c.Weights[name]; !(w >= 0 && w <= 1000) {
			errs = append(errs, fmt.Errorf("weights.%s is %g; it must be from 0 to 1000", name, w))
		}
	}
	if !(c.Half > 0 && c.Half <= 1e6) {
		errs = append(errs, fmt.Errorf("half is %g; it must be above 0 and at most 1000000", c.Half))
	}
	if c.MinUnits < 1 || c.MinUnits > 1<<20 {
		errs = append(errs, fmt.Errorf("min_units is %d; it must be from 1 to %d", c.MinUnits, 1<<20))
	}
	return errors.Join(errs...)
}
