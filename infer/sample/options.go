package sample

import (
	"errors"
	"fmt"
	"math"
)

// Options are the rules of choice, with the meaning that transformers gives
// them; [Neutral] has the values that change nothing.
type Options struct {
	Temperature       float64 // divides the logits; above 0 unless Greedy
	TopK              int     // keep the k largest and all that equal the last of them; 0 is off
	TopP              float64 // keep the fewest whose probability together reaches it, at least one: 0 is the most likely alone, 1 is off
	RepetitionPenalty float64 // positive; above 1 makes tokens already seen less likely; 1 is off
	Greedy            bool    // take the largest after the penalty; the other rules and Seed do not count
	Seed              uint64  // of the generator
}

// Default returns the generation settings of the released chat models.
func Default() Options {
	return Options{Temperature: 0.3, TopK: 5, TopP: 0.85, RepetitionPenalty: 1.05}
}

// Neutral returns options that sample from the model's own distribution: every
// rule is off.
func Neutral() Options { return Options{Temperature: 1, TopP: 1, RepetitionPenalty: 1} }

// Validate reports every impossible value at once, each naming its key.
func (o Options) Validate() error {
	var errs []error
	if !usable(o.RepetitionPenalty) {
		errs = append(errs, fmt.Errorf("repetition_penalty is %v; it must be a positive number, or 1 for none", o.RepetitionPenalty))
	}
	if o.Greedy {
		return errors.Join(errs...)
	}
	switch {
	case o.Temperature == 0:
		errs = append(errs, errors.New("temperature is 0; it must be positive, or ask for greedy decoding"))
	case !usable(o.Temperature):
		errs = append(errs, fmt.Errorf("temperature is %v; it must be a positive number", o.Temperature))
	}
	if o.TopK < 0 {
		errs = append(errs, fmt.Errorf("top_k is %d; it must be positive, or 0 for all tokens", o.TopK))
	}
	if !(o.TopP >= 0 && o.TopP <= 1) {
		errs = append(errs, fmt.Errorf("top_p is %v; it must be in [0, 1], where 0 is the most likely token alone and 1 is all tokens", o.TopP))
	}
	return errors.Join(errs...)
}

// usable reports whether v is positive and finite as float32, in which the
// logits are scaled.
func usable(v float64) bool {
	f := float32(v)
	return f > 0 && !math.IsInf(float64(f), 0)
}
