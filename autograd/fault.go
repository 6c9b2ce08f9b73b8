package autograd

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Phases of a [Fault] besides those of a program, which are "prologue", "forward",
// "backward" and "epilogue".
const (
	PhaseParameters = "parameters" // a parameter was not finite before the step
	PhaseInputs     = "inputs"     // a scalar or a constant was not
)

// Fault is the first value of a step that is not finite, or that an overflow made
// meaningless. All its numbers count from 0.
type Fault struct {
	// Op is the operation that gave the value ("rms_norm"), "" for a parameter or
	// an input. Result says which of its results, "" for the main one.
	Op     string `json:"op,omitempty"`
	Result string `json:"result,omitempty"`
	// Tensor is the parameter or the input itself, or the parameter that Op reads
	// or whose gradient it computes; "" where there is none.
	Tensor string `json:"tensor,omitempty"`
	// Block is the layer, -1 outside of them.
	Block int    `json:"block"`
	Phase string `json:"phase"`
	// MicroBatch is -1 where the phase is not part of one.
	MicroBatch int `json:"micro_batch"`
	// Row is the row of the micro-batch and Token the token in it, both -1 for a
	// value that does not belong to one token.
	Row   int `json:"row"`
	Token int `json:"token"`
	// At is the element's place in its tensor, Column the last number of it.
	At     []int   `json:"at"`
	Column int     `json:"column"`
	Value  float32 `json:"-"`
	// Cause explains a Value that is finite.
	Cause string `json:"cause,omitempty"`
	// Inputs tells of the operands, which were finite (or they would be the fault):
	// the largest magnitude and where it stood. Large ones speak of an overflow.
	Inputs string `json:"inputs,omitempty"`
}

// MarshalJSON writes the fields, the value as text, since JSON has no NaN, and the
// sentence of String.
func (f *Fault) MarshalJSON() ([]byte, error) {
	type fields Fault
	return json.Marshal(struct {
		*fields
		Value   string `json:"value"`
		Message string `json:"message"`
	}{(*fields)(f), fmt.Sprint(f.Value), f.String()})
}

// String is one sentence for a person, such as "layer 3: rms_norm
// (model.layers.3.input_layernorm.weight) gave +Inf at token 17 of row 2 of
// micro-batch 1 (counted from 0); its operands were finite, the largest 2.1e+38 in
// block 2 add".
func (f *Fault) String() string {
	var b strings.Builder
	switch f.Phase {
	case PhaseParameters:
		fmt.Fprintf(&b, "the parameter %s holds %v at %v, before anything was computed", f.Tensor, f.Value, f.At)
		return b.String()
	case PhaseInputs:
		fmt.Fprintf(&b, "the input %s holds %v at %v, before anything was computed", f.Tensor, f.Value, f.At)
		return b.String()
	}
	if f.Block >= 0 {
		fmt.Fprintf(&b, "layer %d", f.Block)
		if f.Phase != "forward" {
			fmt.Fprintf(&b, ", %s", f.Phase)
		}
	} else {
		b.WriteString(f.Phase)
	}
	fmt.Fprintf(&b, ": %s", f.Op)
	if f.Tensor != "" {
		fmt.Fprintf(&b, " (%s)", f.Tensor)
	}
	if f.Cause == "" {
		fmt.Fprintf(&b, " gave %v", f.Value)
		if f.Result != "" {
			fmt.Fprintf(&b, " in %s", f.Result)
		}
	} else {
		b.WriteString(" overflowed")
	}
	fmt.Fprintf(&b, " at %s", f.place())
	if f.Cause != "" {
		fmt.Fprintf(&b, ": %s", f.Cause)
	}
	if f.Inputs != "" {
		fmt.Fprintf(&b, "; its operands were %s", f.Inputs)
	}
	return b.String()
}

func (f *Fault) place() string {
	var parts []string
	switch {
	case f.Token >= 0:
		parts = append(parts, fmt.Sprintf("token %d of row %d", f.Token, f.Row))
	case len(f.At) == 2:
		parts = append(parts, fmt.Sprintf("row %d, column %d of the tensor", f.At[0], f.At[1]))
	default:
		parts = append(parts, fmt.Sprintf("element %v of the tensor", f.At))
	}
	if f.MicroBatch >= 0 {
		parts = append(parts, fmt.Sprintf("of micro-batch %d", f.MicroBatch))
	}
	return strings.Join(parts, " ") + " (counted from 0)"
}
