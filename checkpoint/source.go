package checkpoint

import (
	"fmt"

	"huihai/checkpoint/safetensors"
)

// Shape returns the shape of a tensor of floats. With [Model.Names] and
// [Model.ReadFloat32] it makes a Model the source that weights load from. A
// tensor of integers or of 8-bit floats is an error: such elements are weights
// only together with scales, which the file keeps elsewhere.
func (m *Model) Shape(name string) ([]int, error) {
	t, err := m.floats(name)
	return t.Shape, err
}

// floats returns a tensor whose elements are weights as they stand.
func (m *Model) floats(name string) (safetensors.Tensor, error) {
	t, err := m.Tensor(name)
	if err != nil {
		return t, err
	}
	switch t.DType {
	case safetensors.F64, safetensors.F32, safetensors.F16, safetensors.BF16:
		return t, nil
	}
	return safetensors.Tensor{}, fmt.Errorf("its elements are %v, but weights are F32, BF16, F16 or F64: the file holds quantised weights, whose scales are kept elsewhere and are not read; use the unquantised model", t.DType)
}

// ReadFloat32 widens len(dst) elements of a tensor of floats, beginning with
// element from; see [Model.Shape].
func (m *Model) ReadFloat32(name string, dst []float32, from int) error {
	t, err := m.floats(name)
	if err != nil {
		return err
	}
	return t.ReadFloat32(dst, from)
}
