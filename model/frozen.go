package model

import "errors"

// TensorsFrozen is Tensors with those for which frozen reports true not trainable; nil
// freezes none.
func (c Config) TensorsFrozen(frozen func(tensor string) bool) []Tensor {
	return freeze(c.Tensors(), frozen)
}

// freeze marks tensors as not trainable.
func freeze(ts []Tensor, frozen func(tensor string) bool) []Tensor {
	for i := range ts {
		if frozen != nil && frozen(ts[i].Name) {
			ts[i].Trainable = false
		}
	}
	return ts
}

// checkTrainable refuses a backward pass towards nothing.
func checkTrainable(ts []Tensor) error {
	for _, t := range ts {
		if t.Trainable {
			return nil
		}
	}
	return errors.New("optim.freeze leaves no tensor to train; take a pattern out of it")
}
