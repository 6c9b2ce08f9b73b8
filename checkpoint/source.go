package checkpoint

// Shape returns the shape of a tensor. With [Model.Names] and
// [Model.ReadFloat32] it makes a Model the source that weights load from.
func (m *Model) Shape(name string) ([]int, error) {
	t, err := m.Tensor(name)
	if err != nil {
		return nil, err
	}
	return t.Shape, nil
}

// ReadFloat32 widens len(dst) elements of a tensor, beginning with element from.
func (m *Model) ReadFloat32(name string, dst []float32, from int) error {
	t, err := m.Tensor(name)
	if err != nil {
		return err
	}
	return t.ReadFloat32(dst, from)
}
