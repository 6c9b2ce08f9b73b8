package kernels

import (
	"fmt"
	"unsafe"
)

// DType is the element type of a buffer.
type DType uint8

// The element types a device stores. Arithmetic is float32; BF16 appears only
// as storage of frozen weights and is widened inside the kernels.
const (
	F32 DType = iota
	I32
	BF16
	U8
)

// Size returns the bytes of one element.
func (t DType) Size() int {
	switch t {
	case F32, I32:
		return 4
	case BF16:
		return 2
	default:
		return 1
	}
}

// String returns the safetensors name of the type.
func (t DType) String() string {
	switch t {
	case F32:
		return "F32"
	case I32:
		return "I32"
	case BF16:
		return "BF16"
	case U8:
		return "U8"
	}
	return fmt.Sprintf("DType(%d)", uint8(t))
}

// Mem is one allocation on a device. Only the device that made it knows what is
// behind it.
type Mem interface {
	// Size returns the bytes of the allocation.
	Size() int64
}

// Buf is a typed window on device memory. It is a value: copying it copies no
// data. The zero Buf means "absent".
type Buf struct {
	Mem  Mem
	Off  int64 // bytes from the start of Mem; a multiple of the element size
	Len  int   // elements
	Type DType
}

// IsZero reports whether the buffer is absent.
func (b Buf) IsZero() bool { return b.Mem == nil }

// Bytes returns the size of the window in bytes.
func (b Buf) Bytes() int64 { return int64(b.Len) * int64(b.Type.Size()) }

// Slice returns the window of elements [from, to).
func (b Buf) Slice(from, to int) Buf {
	if from < 0 || to < from || to > b.Len {
		panic("kernels: Buf.Slice: range outside the buffer")
	}
	b.Off += int64(from) * int64(b.Type.Size())
	b.Len = to - from
	return b
}

// Mat views the buffer as a dense row-major matrix of rows x cols.
func (b Buf) Mat(rows, cols int) Mat {
	if rows*cols > b.Len {
		panic("kernels: Buf.Mat: matrix larger than the buffer")
	}
	return Mat{Buf: b, Rows: rows, Cols: cols, Stride: cols}
}

// Mat is a row-major matrix on a window of device memory; row r starts at
// element r*Stride.
type Mat struct {
	Buf
	Rows, Cols int
	Stride     int
}

// ColRange returns the sub-matrix of columns [from, to), sharing memory.
func (m Mat) ColRange(from, to int) Mat {
	if from < 0 || to < from || to > m.Cols {
		panic("kernels: Mat.ColRange: columns outside the matrix")
	}
	m.Buf = m.Slice(from, m.Len)
	m.Cols = to - from
	return m
}

// RowRange returns the sub-matrix of rows [from, to), sharing memory.
func (m Mat) RowRange(from, to int) Mat {
	if from < 0 || to < from || to > m.Rows {
		panic("kernels: Mat.RowRange: rows outside the matrix")
	}
	m.Buf = m.Slice(from*m.Stride, m.Len)
	m.Rows = to - from
	return m
}

// Number is a Go type with the layout of a DType that the host can hold.
type Number interface {
	~float32 | ~int32 | ~uint16 | ~uint8
}

// Write copies src to the start of dst on the device.
func Write[T Number](d Device, dst Buf, src []T) error {
	return d.Write(dst, asBytes(src))
}

// Read copies the first len(dst) elements of src from the device.
func Read[T Number](d Device, dst []T, src Buf) error {
	return d.Read(asBytes(dst), src)
}

func asBytes[T Number](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}
