package score

import (
	"fmt"
	"math"
)

// Rule drops a text whose measure lies outside [Min, Max].
type Rule struct {
	Name     string  // the reason, part of the report's format
	Measure  string  // a key of the measures
	Min, Max float64 // -Inf and +Inf for no bound
	MinUnits int     // shorter texts pass: shares of few units say nothing
}

// Breaks tells whether the text breaks the rule.
func (r Rule) Breaks(f *Features) bool {
	return r.breaks(f, measureOf[r.Measure].value(f))
}

func (r *Rule) breaks(f *Features, v float64) bool {
	return f.Units >= r.MinUnits && (v < r.Min || v > r.Max)
}

func (r Rule) validate() error {
	switch {
	case r.Name == "":
		return fmt.Errorf("a rule on %q has no name", r.Measure)
	case measureOf[r.Measure] == nil:
		return fmt.Errorf("rule %s bounds %q, which is no measure; the measures are %v", r.Name, r.Measure, Measures())
	case math.IsNaN(r.Min) || math.IsNaN(r.Max) || r.Min > r.Max:
		return fmt.Errorf("rule %s keeps from %v to %v, which is nothing", r.Name, r.Min, r.Max)
	}
	return nil
}
