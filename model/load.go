package model

import (
	"errors"
	"fmt"
	"slices"

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
func (w *Weights) Load(src Source) error {
	if err := w.checkSource(src); err != nil {
		return err
	}
	chunk := make([]float32, loadChunk)
	for _, t := range w.tensors {
		b := w.bufs[t.Name]
		for from := 0; from < b.Len; from += len(chunk) {
			to := min(from+len(chunk), b.Len)
			part := chunk[:to-from]
			if err := src.ReadFloat32(t.Name, part, from); err != nil {
				return fmt.Errorf("model: load %s: %w", t.Name, err)
			}
			if err := w.write(b.Slice(from, to), part); err != nil {
				return fmt.Errorf("model: load %s: %w", t.Name, err)
			}
		}
	}
	return nil
}

func (w *Weights) checkSource(src Source) error {
	var errs []error
	known := map[string]bool{}
	for _, t := range w.tensors {
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
			errs = append(errs, fmt.Errorf("%s is in the checkpoint but not in the model that config.json describes", name))
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

func isRotaryTable(name string) bool {
	_, module, ok := splitLayer(name)
	return ok && module == "self_attn.rotary_emb.inv_freq"
}

// LoadWeights allocates storage for the model's tensors and fills it from src.
func LoadWeights(dev kernels.Device, c Config, src Source, store Storage) (*Weights, error) {
	w, err := NewWeights(dev, c.Tensors(), store)
	if err != nil {
		return nil, err
	}
	if err := w.Load(src); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}
