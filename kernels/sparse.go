package kernels

// SparseRows is a matrix of which only some rows are stored; the others are
// zero. Row Row[i] of the matrix is row Slot[i] of Values. Row ascends strictly.
// The slices are host memory of whoever made the value, and are read until the
// call that gets them returns.
type SparseRows struct {
	Values Mat
	Row    []int32
	Slot   []int32
}
