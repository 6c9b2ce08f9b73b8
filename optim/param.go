package optim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"huihai/kernels"
)

// Param is one trainable tensor. Value and Grad are F32 of as many elements as
// Shape has; they belong to the caller and must live as long as the optimizer.
type Param struct {
	Name        string
	Shape       []int
	Value, Grad kernels.Buf
	// Rows takes the place of Grad for a matrix whose gradient is kept by row: it
	// returns the gradient of the step, and is called by Measure and Update alone. The
	// state of such a tensor takes memory only where a row has had a gradient. Not
	// with a Config that NeedsDenseGradients.
	Rows func() kernels.SparseRows
}

func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// inNameOrder checks the parameters, all problems at once, and returns them
// sorted by name.
func inNameOrder(params []Param) ([]Param, error) {
	if len(params) == 0 {
		return nil, errors.New("there is no trainable tensor")
	}
	sorted := slices.Clone(params)
	slices.SortFunc(sorted, func(a, b Param) int { return cmp.Compare(a.Name, b.Name) })
	var errs []error
	for i, p := range sorted {
		n := elements(p.Shape)
		switch {
		case p.Name == "":
			errs = append(errs, fmt.Errorf("a tensor of shape %v has no name", p.Shape))
		case i > 0 && sorted[i-1].Name == p.Name:
			errs = append(errs, fmt.Errorf("tensor %s appears twice", p.Name))
		case slices.ContainsFunc(p.Shape, func(d int) bool { return d <= 0 }):
			errs = append(errs, fmt.Errorf("tensor %s has the impossible shape %v", p.Name, p.Shape))
		case p.Rows != nil && len(p.Shape) != 2:
			errs = append(errs, fmt.Errorf("tensor %s has a gradient by row; its shape %v is not a matrix", p.Name, p.Shape))
		case p.Value.IsZero() || p.Grad.IsZero() && p.Rows == nil:
			errs = append(errs, fmt.Errorf("tensor %s lacks its weights or its gradient", p.Name))
		case p.Value.Type != kernels.F32 || p.Grad.Type != kernels.F32:
			errs = append(errs, fmt.Errorf("tensor %s is %v with a gradient of %v; both must be %v", p.Name, p.Value.Type, p.Grad.Type, kernels.F32))
		case p.Value.Len != n || p.Grad.Len != n && p.Rows == nil:
			errs = append(errs, fmt.Errorf("tensor %s has %d weights and %d gradients; its shape %v needs %d of each", p.Name, p.Value.Len, p.Grad.Len, p.Shape, n))
		}
	}
	return sorted, errors.Join(errs...)
}
