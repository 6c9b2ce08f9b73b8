package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"huihai/kernels"
)

// Source is a set of stored tensors, such as a checkpoint.
type Source interface {
	// Names lists the tensors.
	Names() []string
	// Shape returns a tensor's shape, or an error if there is no such tensor.
	Shape(name string) ([]int, error)
	// ReadFloat32 widens len(dst) elements, beginning with element from.
	ReadFloat32(name string, dst []float32, from int) error
}

// loadChunk is the number of elements read or drawn at a time, so that a large tensor is
// never held twice.
const loadChunk = 1 << 20

// Load fills the weights from src. Every tensor must be there with its shape;
// all that is wrong is reported at once. Tensors that no model of this family
// uses are an error too, except the rotary tables some converters leave behind.
// A value that is not finite is an error that names the tensor and the first
// such element; values are looked at as they pass, not in a pass of their own.
// Between pieces ctx is looked at, and a cancelled load returns its error.
func (w *Weights) Load(ctx context.Context, src Source) error {
	if err := checkSource(w.tensors, src); err != nil {
		return err
	}
	chunk := make([]float32, loadChunk)
	for _, t := range w.tensors {
		b := w.bufs[t.Name]
		for from := 0; from < b.Len; from += len(chunk) {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("model: load weights: %w", err)
			}
			to := min(from+len(chunk), b.Len)
			part := chunk[:to-from]
			if err := src.ReadFloat32(t.Name, part, from); err != nil {
				return fmt.Errorf("model: load %s: %w", t.Name, err)
			}
			if i := notFinite(part); i >= 0 {
				return fmt.Errorf("model: load %s: element %s is %v; the weights are damaged or were saved after training had failed: take an earlier checkpoint or fetch the file again",
					t.Name, t.place(from+i), part[i])
			}
			if err := w.write(b.Slice(from, to), part); err != nil {
				return fmt.Errorf("model: load %s: %w", t.Name, err)
			}
		}
	}
	return nil
}

// notFinite returns the index of the first NaN or infinity, or -1.
func notFinite(v []float32) int {
	const exponent = 0x7f800000
	for i, x := range v {
		if math.Float32bits(x)&exponent == exponent {
			return i
		}
	}
	return -1
}

// place writes the index of an element as [row, column].
func (t Tensor) place(i int) string {
	at := make([]string, len(t.Shape))
	for d := len(t.Shape) - 1; d >= 0; d-- {
		at[d] = strconv.Itoa(i % t.Shape[d])
		i /= t.Shape[d]
	}
	return "[" + strings.Join(at, ", ") + "]"
}

// CheckSource reports whether src holds the model: every tensor with its shape,
// none besides, and rotary tables (which some converters leave behind) that
// agree with the position encoding and rope_theta. It reads no other data, so
// that a folder can be judged before memory is taken for it.
func (c Config) CheckSource(src Source) error {
	if err := checkSource(c.Tensors(), src); err != nil {
		return err
	}
	for _, name := range src.Names() {
		if !isRotaryTable(name) {
			continue
		}
		if err := c.checkRotaryTable(src, name); err != nil {
			return fmt.Errorf("model: %s: %w", name, err)
		}
	}
	return nil
}

// checkRotaryTable compares a stored table of inverse frequencies,
// theta^(-2i/head size), with those that the model computes. A table kept in
// half precision is off by up to 2^-9 of itself.
func (c Config) checkRotaryTable(src Source, name string) error {
	if c.Position != RoPE {
		return errors.New("the checkpoint holds rotary tables, but config.json has no max_position_embeddings, which means ALiBi; add max_position_embeddings if it is a RoPE model")
	}
	shape, err := src.Shape(name)
	if err != nil {
		return err
	}
	d := c.HeadDim()
	if !slices.Equal(shape, []int{d / 2}) {
		return fmt.Errorf("it has shape %v, but half of the head size %d is %d: only a part of a head is rotated, or heads have another size", shape, d, d/2)
	}
	table := make([]float32, d/2)
	if err := src.ReadFloat32(name, table, 0); err != nil {
		return err
	}
	for i, got := range table {
		want := math.Pow(c.RopeTheta, -2*float64(i)/float64(d))
		if !(math.Abs(float64(got)-want) <= 0.01*want+1e-7) {
			return fmt.Errorf("entry %d is %g, but rope_theta %v makes it %g: the model was trained with other rotary angles; set rope_theta to theirs if they are not scaled otherwise", i, got, c.RopeTheta, want)
		}
	}
	return nil
}

// checkSource compares names and shapes with those asked for.
func checkSource(tensors []Tensor, src Source) error {
	var errs []error
	known := map[string]bool{}
	for _, t := range tensors {
		known[t.Name] = true
		shape, err := src.Shape(t.Name)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.Name, err))
		} else if !slices.Equal(shape, t.Shape) {
			errs = append(errs, fmt.Errorf("%s has shape %v in the checkpoint, but config.json asks for %v", t.Name, shape, t.Shape))
		}
	}
	for _, name := range src.Names() {
		if !known[name] && !isRotaryTable(name) {
			errs = append(errs, fmt.Errorf("%s is in the checkpoint but not in the model that config.json describes%s", quoted(name), extraHint(name)))
		}
	}
	const most = 8
	if n := len(errs); n > most {
		errs = append(errs[:most], fmt.Errorf("and %d more", n-most))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("model: the checkpoint does not fit the model:\n%w", err)
	}
	return nil
}

// quantMarks are parts of names that quantised checkpoints have beside or
// instead of weights.
var quantMarks = []string{"scale", "scales", "weight_scale", "weight_scale_inv", "SCB", "weight_format", "absmax", "quant_state", "quant_map", "nested_absmax", "nested_quant_map", "qweight", "qzeros", "g_idx", "zero_point"}

// extraHint says what kind of file has a tensor of this name.
func extraHint(name string) string {
	parts := strings.Split(name, ".")
	for _, part := range parts {
		if slices.Contains(quantMarks, part) {
			return "; it belongs to quantised weights, which are not read: use the unquantised model"
		}
	}
	switch parts[len(parts)-1] {
	case "bias":
		return "; Baichuan 2 has no biases: it is another model"
	case "lora_A", "lora_B":
		return "; it belongs to an adapter: merge it into the model first"
	}
	if strings.HasSuffix(name, ".q_proj.weight") || strings.HasSuffix(name, ".k_proj.weight") || strings.HasSuffix(name, ".v_proj.weight") {
		return "; it is the layout of LLaMA: in Baichuan 2 q, k and v are one tensor, self_attn.W_pack"
	}
	return ""
}

func isRotaryTable(name string) bool {
	_, module, ok := splitLayer(name)
	return ok && module == "self_attn.rotary_emb.inv_freq"
}

// LoadWeights allocates storage for the model's tensors and fills it from src,
// after [Config.CheckSource]; see [Weights.Load].
func LoadWeights(ctx context.Context, dev kernels.Device, c Config, src Source, store Storage) (*Weights, error) {
	if err := c.CheckSource(src); err != nil {
		return nil, err
	}
	w, err := NewWeights(dev, c.Tensors(), store)
	if err != nil {
		return nil, err
	}
	if err := w.Load(ctx, src); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}
