package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// LoRA adds trainable low-rank updates to frozen linear modules
// (Hu et al. 2021): W + Alpha/Rank * B·A.
type LoRA struct {
	Rank  int
	Alpha float64
	// Targets are module names as PEFT has them ("W_pack", "o_proj", ...).
	Targets []string
}

// Scale is the factor of the update.
func (l LoRA) Scale() float64 { return l.Alpha / float64(l.Rank) }

// targets tells whether a module ("self_attn.W_pack") gets an update.
func (l *LoRA) targets(module string) bool {
	return l != nil && slices.Contains(l.Targets, module[strings.LastIndexByte(module, '.')+1:])
}

// validate reports a rank or target that fits no model.
func (l *LoRA) validate() error {
	if l == nil {
		return nil
	}
	var errs []error
	if l.Rank <= 0 {
		errs = append(errs, fmt.Errorf("lora_rank is %d; it must be positive", l.Rank))
	}
	if len(l.Targets) == 0 {
		errs = append(errs, errors.New("lora_target is empty; name modules such as W_pack"))
	}
	known := []string{"W_pack", "o_proj", "gate_proj", "up_proj", "down_proj"}
	for _, t := range l.Targets {
		if !slices.Contains(known, t) {
			errs = append(errs, fmt.Errorf("lora_target %q is not a linear module; choose from %s", t, strings.Join(known, ", ")))
		}
	}
	return errors.Join(errs...)
}

// adapterNames are the names of the two factors of a module in the graph and
// in weights; PEFT files put "base_model.model." before them.
func adapterNames(layer int, module string) (a, b string) {
	base := fmt.Sprintf("model.layers.%d.%s", layer, module)
	return base + ".lora_A.weight", base + ".lora_B.weight"
}

// WithLoRA freezes the tensors of the model and adds the factors of l.
func (c Config) WithLoRA(l *LoRA) []Tensor {
	ts := c.Tensors()
	if l == nil {
		return ts
	}
	var factors []Tensor
	for i := range ts {
		ts[i].Trainable = false
		layer, module, ok := splitLayer(ts[i].Name)
		if !ok || !l.targets(module) {
			continue
		}
		a, b := adapterNames(layer, module)
		factors = append(factors,
			Tensor{a, []int{l.Rank, ts[i].Shape[1]}, InitUniform, -1, true},
			Tensor{b, []int{ts[i].Shape[0], l.Rank}, InitZeros, -1, true})
	}
	return append(ts, factors...)
}

// splitLayer takes a name of a layer's tensor apart.
func splitLayer(name string) (layer int, module string, ok bool) {
	rest, ok := strings.CutPrefix(name, "model.layers.")
	if !ok {
		return 0, "", false
	}
	number, module, ok := strings.Cut(rest, ".")
	if !ok {
		return 0, "", false
	}
	if _, err := fmt.Sscan(number, &layer); err != nil {
		return 0, "", false
	}
	return layer, strings.TrimSuffix(module, ".weight"), true
}
