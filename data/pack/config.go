package pack

import (
	"errors"
	"fmt"
)

// The packing methods.
const (
	Concat  = "concat"
	BestFit = "best_fit"
)

// What becomes of a row that the last tokens do not fill.
const (
	TailPad  = "pad"
	TailDrop = "drop"
)

// Config says how to pack.
type Config struct {
	// SequenceLength is the number of inputs of a row.
	SequenceLength int `yaml:"sequence_length" mapstructure:"sequence_length"`
	// Method is "concat" or "best_fit".
	Method string `yaml:"method" mapstructure:"method"`
	// Tail is "pad" (keep every token) or "drop" (no row has padding; for
	// concat only, since best fit leaves room in most rows).
	Tail string `yaml:"tail" mapstructure:"tail"`
	// Window is how many tokens best fit looks at together.
	Window int `yaml:"window" mapstructure:"window"`
}

// Default returns the configuration used when nothing is said.
func Default() Config {
	return Config{SequenceLength: 4096, Method: Concat, Tail: TailPad, Window: 16 << 20}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	if c.SequenceLength < 1 || c.SequenceLength > 1<<22 {
		errs = append(errs, fmt.Errorf("sequence_length is %d; it must be from 1 to %d", c.SequenceLength, 1<<22))
	}
	if c.Method != Concat && c.Method != BestFit {
		errs = append(errs, fmt.Errorf("method is %q; it must be %q or %q", c.Method, Concat, BestFit))
	}
	if c.Tail != TailPad && c.Tail != TailDrop {
		errs = append(errs, fmt.Errorf("tail is %q; it must be %q or %q", c.Tail, TailPad, TailDrop))
	}
	if c.Method == BestFit && c.Tail == TailDrop {
		errs = append(errs, fmt.Errorf("tail %q goes with method %q only: best fit leaves room in most rows", TailDrop, Concat))
	}
	if c.Window < 1 {
		errs = append(errs, fmt.Errorf("window is %d; it must be positive", c.Window))
	}
	return errors.Join(errs...)
}
