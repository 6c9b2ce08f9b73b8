package substring

import (
	"errors"
	"fmt"
)

// What happens to repeated passages.
const (
	ActionCount  = "count"  // report them, change nothing
	ActionRemove = "remove" // take them out
)

// Which occurrence of a repeated passage stays.
const (
	KeepOne  = "one"  // the first in the best document
	KeepNone = "none" // none
)

// Where text may be cut.
const (
	CutSentence = "sentence" // between sentences or lines
	CutWord     = "word"     // between words
	CutExact    = "exact"    // between characters
)

// Config chooses what counts as a repeated passage and what is done with it.
type Config struct {
	// MinBytes is the length of a passage from which on it counts. Bytes and not
	// characters: a token of Baichuan 2 is 4.4 bytes of English web pages and 4.5 of
	// Chinese judgements, so that 200 bytes are about the 50 tokens of Lee et al.
	// (2022) in both, while 200 Chinese characters would be 130.
	MinBytes int `yaml:"min_bytes" mapstructure:"min_bytes"`
	// Action is "count" or "remove".
	Action string `yaml:"action" mapstructure:"action"`
	// Keep is "one" or "none".
	Keep string `yaml:"keep" mapstructure:"keep"`
	// Cut is "sentence", "word" or "exact". What is removed is shrunk to it.
	Cut string `yaml:"cut" mapstructure:"cut"`
	// MinCutBytes is the least to remove at one place, after shrinking: a short
	// sentence torn out of its paragraph does more harm than it saves.
	MinCutBytes int `yaml:"min_cut_bytes" mapstructure:"min_cut_bytes"`
	// MaxShare drops a document whole when a larger share of its bytes would be
	// removed, unless an occurrence that stays for others lies in it.
	MaxShare float64 `yaml:"max_share" mapstructure:"max_share"`
}

// Default returns the configuration used when nothing is said.
func Default() Config {
	return Config{MinBytes: 200, Action: ActionRemove, Keep: KeepOne, Cut: CutSentence, MinCutBytes: 100, MaxShare: 0.8}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	between := func(key string, v, lo, hi int) {
		if v < lo || v > hi {
			errs = append(errs, fmt.Errorf("%s is %d; it must be from %d to %d", key, v, lo, hi))
		}
	}
	between("min_bytes", c.MinBytes, 16, 1<<16)
	between("min_cut_bytes", c.MinCutBytes, 1, 1<<16)
	oneOf := func(key, v string, names ...string) {
		for _, n := range names {
			if v == n {
				return
			}
		}
		errs = append(errs, fmt.Errorf("%s is %q; it must be one of %q", key, v, names))
	}
	oneOf("action", c.Action, ActionCount, ActionRemove)
	oneOf("keep", c.Keep, KeepOne, KeepNone)
	oneOf("cut", c.Cut, CutSentence, CutWord, CutExact)
	if !(c.MaxShare > 0 && c.MaxShare <= 1) {
		errs = append(errs, fmt.Errorf("max_share is %g; it must be above 0 and at most 1", c.MaxShare))
	}
	return errors.Join(errs...)
}
