package safetensors

import "fmt"

// DType is an element type of the format. The zero DType is none of them.
type DType uint8

// The element types of the format, in the order by which the reference writer
// sorts: a file holds the later ones first, so that data stay aligned.
const (
	BOOL   DType = iota + 1 // one byte, 0 or 1
	F4                      // 4 bits, packed two to a byte
	F6E2M3                  // 6 bits, packed four to three bytes
	F6E3M2                  // 6 bits, packed four to three bytes
	U8
	I8
	F8E5M2     // 1-5-2 bits, bias 15, with infinities
	F8E4M3     // 1-4-3 bits, bias 7, no infinities, NaN is all ones
	F8E8M0     // an exponent alone: 2^(x-127), NaN is 255
	F8E4M3FNUZ // 1-4-3 bits, bias 8, NaN is 0x80, no negative zero
	F8E5M2FNUZ // 1-5-2 bits, bias 16, NaN is 0x80, no negative zero
	I16
	U16
	F16
	BF16
	I32
	U32
	F32
	C64 // two float32: real, imaginary
	F64
	I64
	U64
)

// dtypes gives each type its name in files and its size in bits.
var dtypes = [...]struct {
	name string
	bits int
}{
	{}, {"BOOL", 8}, {"F4", 4}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8}, {"I8", 8},
	{"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8},
	{"I16", 16}, {"U16", 16}, {"F16", 16}, {"BF16", 16}, {"I32", 32}, {"U32", 32},
	{"F32", 32}, {"C64", 64}, {"F64", 64}, {"I64", 64}, {"U64", 64},
}

// Valid reports whether d is a type of the format.
func (d DType) Valid() bool { return d > 0 && int(d) < len(dtypes) }

// Bits returns the size of one element in bits, 0 for an invalid type.
func (d DType) Bits() int {
	if !d.Valid() {
		return 0
	}
	return dtypes[d].bits
}

// String returns the name used in files.
func (d DType) String() string {
	if !d.Valid() {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return dtypes[d].name
}

// ParseDType returns the type with the given name in files.
func ParseDType(name string) (DType, error) {
	for d := DType(1); d.Valid(); d++ {
		if dtypes[d].name == name {
			return d, nil
		}
	}
	return 0, fmt.Errorf("safetensors: unknown element type %s", quote(name))
}
