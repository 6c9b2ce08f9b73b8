package configs

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one mistake in a configuration.
type Problem struct {
	Key    string // path of the key, "" when the problem is about the whole layer
	Origin Origin // where the value was written
	Msg    string // what is wrong, a clause that follows the key
	Hint   string // what to do, "" when Msg says it

	whole   bool     // the layer cannot be read at all
	meant   []string // keys that were perhaps meant, for unknown keys
	section string   // group whose Validate found it
	about   []string // keys that the message names
}

// String returns "run.yaml:7: optim.learning_rat is not a setting; did you mean
// optim.learning_rate?".
func (p Problem) String() string {
	var b strings.Builder
	if o := p.Origin.String(); o != "" && p.Origin.Kind != FromDefault {
		b.WriteString(o + ": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + " ")
	}
	b.WriteString(p.Msg)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Error is everything that is wrong with a configuration.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line when there are several.
func (e *Error) Error() string {
	if len(e.Problems) == 1 {
		return "configuration: " + e.Problems[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "configuration: %d problems:", len(e.Problems))
	for _, p := range e.Problems {
		b.WriteString("\n  " + strings.ReplaceAll(p.String(), "\n", "\n  "))
	}
	return b.String()
}

// asError returns nil for no problems. Problems of one file come in the order
// of its lines.
func asError(ps []Problem) error {
	if len(ps) == 0 {
		return nil
	}
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := ps[i].Origin, ps[j].Origin
		if a.Kind != b.Kind {
			return a.Kind < b.Kind
		}
		return a.Name == b.Name && a.Line < b.Line
	})
	return &Error{Problems: ps}
}
