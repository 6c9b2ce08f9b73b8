package lang

import (
	"errors"
	"fmt"
)

// Config says how much of a text is looked at and what is told of it.
type Config struct {
	// WindowBytes is the length of each of the three windows (first, middle,
	// last) that are looked at. A text of up to three windows is read whole.
	WindowBytes int `yaml:"window_bytes" mapstructure:"window_bytes"`
	// Code recognises program text by the shape of its lines.
	Code bool `yaml:"code" mapstructure:"code"`
	// Candidates is how many languages Result.Top lists.
	Candidates int `yaml:"candidates" mapstructure:"candidates"`
	// MinScore is the score below which a language is not named: the text is
	// then "und".
	MinScore float64 `yaml:"min_score" mapstructure:"min_score"`
}

// Default returns the configuration used when nothing is said.
func Default() Config {
	return Config{WindowBytes: 4096, Code: true, Candidates: 3, MinScore: 0.1}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	check := func(key string, v, lo, hi int) {
		if v < lo || v > hi {
			errs = append(errs, fmt.Errorf("%s is %d; it must be from %d to %d", key, v, lo, hi))
		}
	}
	check("window_bytes", c.WindowBytes, 64, 1<<24)
	check("candidates", c.Candidates, 0, 100)
	if !(c.MinScore >= 0 && c.MinScore <= 1) {
		errs = append(errs, fmt.Errorf("min_score is %g; it must be from 0 to 1", c.MinScore))
	}
	return errors.Join(errs...)
}
