package kernels

import (
	"fmt"
	"unsafe"
)

// DType is the element type of a buffer.
type DType uint8

// The element types a device stores. Arithmetic is float32; BF16, I8 and NF4
// appear only as storage of frozen weights and are widened inside the kernels.
const (
	F32 DType = iota
	I32
	BF16
	U8
	I8  // -127..127, times one scale per row: [Mat.Scales]
	NF4 // index of a [NormalFloat], two a byte, the first in the high half: [Blocks]
)

// Bytes returns the bytes of n elements. An odd NF4 value takes a whole byte.
func (t DType) Bytes(n int) int64 {
	switch t {
	case F32, I32:
		return 4 * int64(n)
	case BF16:
		return 2 * int64(n)
	case NF4:
		return (int64(n) + 1) / 2
	}
	return int64(n)
}

// String returns the name of the type, that of safetensors where it has one.
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
	case I8:
		return "I8"
	case NF4:
		return "NF4"
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
	Off  int64 // bytes from the start of Mem; a multiple of the size of an element
	Len  int   // elements
	Type DType
}

// IsZero reports whether the buffer is absent.
func (b Buf) IsZero() bool { return b.Mem == nil }

// Bytes returns the size of the window in bytes.
func (b Buf) Bytes() int64 { return b.Type.Bytes(b.Len) }

// Slice returns the window of elements [from, to). NF4 values come in pairs, so
// from must be even for them.
func (b Buf) Slice(from, to int) Buf {
	if from < 0 || to < from || to > b.Len {
		panic("kernels: Buf.Slice: range outside the buffer")
	}
	if b.Type == NF4 && from%2 != 0 {
		panic("kernels: Buf.Slice: NF4 values cannot be cut inside a byte")
	}
	b.Off += b.Type.Bytes(from)
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

// Number is a Go type with the layout of a DType that the host can hold.
type Number interface {
	~float32 | ~int32 | ~uint16 | ~uint8 | ~int8
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
