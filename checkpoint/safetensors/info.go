package safetensors

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// maxRank bounds the dimensions of a tensor. No library reaches 64.
const maxRank = 64

// Info describes one tensor: a row of the header.
type Info struct {
	Name  string
	DType DType
	Shape []int // empty for a scalar
}

// Len returns the number of elements, the product of the shape.
func (i Info) Len() int {
	n := 1
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

// Size returns the bytes the tensor takes in a file. It reports an unknown
// type, a negative dimension, a size beyond the address space, and packed
// types that do not end on a whole byte.
func (i Info) Size() (int64, error) {
	if !i.DType.Valid() {
		return 0, fmt.Errorf("element type %v is none of the format", i.DType)
	}
	if len(i.Shape) > maxRank {
		return 0, fmt.Errorf("the shape has %d dimensions; more than %d are refused", len(i.Shape), maxRank)
	}
	n := uint64(1)
	for _, d := range i.Shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", i.Shape)
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 {
			return 0, fmt.Errorf("shape %v overflows", i.Shape)
		}
		n = lo
	}
	hi, lo := bits.Mul64(n, uint64(i.DType.Bits()))
	if hi != 0 || lo/8 > math.MaxInt {
		return 0, fmt.Errorf("shape %v of %v overflows", i.Shape, i.DType)
	}
	if lo%8 != 0 {
		return 0, fmt.Errorf("shape %v of %v does not fill whole bytes", i.Shape, i.DType)
	}
	return int64(lo / 8), nil
}

// Sort orders tensors as the reference writer does: by element type with the
// widest alignment first, then by name.
func Sort(tensors []Info) { slices.SortStableFunc(tensors, Compare) }

// Compare is the order of [Sort].
func Compare(a, b Info) int {
	return cmp.Or(cmp.Compare(b.DType, a.DType), cmp.Compare(a.Name, b.Name))
}

// TotalSize returns the bytes of all tensors together, without the header.
func TotalSize(tensors []Info) (int64, error) {
	var total int64
	for _, t := range tensors {
		size, err := t.Size()
		if err != nil {
			return 0, fmt.Errorf("safetensors: tensor %s: %w", quote(t.Name), err)
		}
		if total > math.MaxInt64-size {
			return 0, errors.New("safetensors: the tensors together overflow 64 bits")
		}
		total += size
	}
	return total, nil
}
