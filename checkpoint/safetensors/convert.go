package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
)

// Float32s returns all elements of t as float32; see [Tensor.ReadFloat32]. The
// slice is the caller's.
func Float32s(t Tensor) ([]float32, error) {
	dst := make([]float32, t.Len())
	return dst, t.ReadFloat32(dst, 0)
}

// ReadFloat32 fills dst with the elements from, from+1, ... of t, converted to
// float32, so that a large tensor can be read in pieces. F16, BF16, the 8-bit
// floats and 8- and 16-bit integers widen exactly; F64 is rounded to nearest
// even. Other types are an error, as is a range beyond the tensor.
func (t Tensor) ReadFloat32(dst []float32, from int) error {
	convert, ok := toFloat32(t.DType)
	if !ok {
		return t.readError("read as float32", "%v elements do not convert to float32", t.DType)
	}
	return t.read("read as float32", from, len(dst), func(src []byte) { convert(dst, src) })
}

// Float64s returns all elements of t as float64, F64 without loss and the types
// of [Tensor.ReadFloat32] widened. The slice is the caller's.
func Float64s(t Tensor) ([]float64, error) {
	dst := make([]float64, t.Len())
	if t.DType == F64 {
		err := t.read("read as float64", 0, len(dst), func(src []byte) {
			for i := range dst {
				dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
			}
		})
		return dst, err
	}
	narrow, err := Float32s(t)
	for i, v := range narrow {
		dst[i] = float64(v)
	}
	return dst, err
}

// Int64s returns all elements of an integer or BOOL tensor. U64 elements above
// the range of int64 are an error. The slice is the caller's.
func Int64s(t Tensor) ([]int64, error) {
	load, ok := toInt64(t.DType)
	if !ok {
		return nil, t.readError("read as int64", "%v elements are not integers", t.DType)
	}
	dst := make([]int64, t.Len())
	size := t.DType.Bits() / 8
	err := t.read("read as int64", 0, len(dst), func(src []byte) {
		for i := range dst {
			dst[i] = load(src[i*size:])
		}
	})
	if err == nil && t.DType == U64 {
		for i, v := range dst {
			if v < 0 {
				return nil, t.readError("read as int64", "element %d is %d, beyond int64", i, uint64(v))
			}
		}
	}
	return dst, err
}

// read hands f the stored bytes of n elements. Types smaller than a byte must
// not come here.
func (t Tensor) read(doing string, from, n int, f func(src []byte)) error {
	if total := t.Len(); from < 0 || from > total || n > total-from {
		return t.readError(doing, "elements %d to %d are beyond its %d", from, from+n, total)
	}
	size := int64(t.DType.Bits() / 8)
	at := t.begin + int64(from)*size
	err := t.file.m.Do(func(data []byte) error {
		f(data[at : at+int64(n)*size])
		return nil
	})
	if err != nil {
		return t.readError(doing, "%w", err)
	}
	return nil
}

func (t Tensor) readError(doing, format string, a ...any) error {
	return fmt.Errorf("safetensors: %s: tensor %s of %s: "+format, append([]any{doing, quote(t.Name), t.file.path}, a...)...)
}

// toFloat32 returns the conversion of len(dst) stored elements.
func toFloat32(d DType) (func(dst []float32, src []byte), bool) {
	le := binary.LittleEndian
	switch d {
	case F32: // the three common types get loops of their own, for speed
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = math.Float32frombits(le.Uint32(src[4*i:]))
			}
		}, true
	case BF16:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = math.Float32frombits(uint32(le.Uint16(src[2*i:])) << 16)
			}
		}, true
	case F16:
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = halfToFloat32(le.Uint16(src[2*i:]))
			}
		}, true
	case F64:
		return each(8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }), true
	case I16:
		return each(2, func(b []byte) float32 { return float32(int16(le.Uint16(b))) }), true
	case U16:
		return each(2, func(b []byte) float32 { return float32(le.Uint16(b)) }), true
	case I8:
		return each(1, func(b []byte) float32 { return float32(int8(b[0])) }), true
	case U8:
		return each(1, func(b []byte) float32 { return float32(b[0]) }), true
	}
	if table, ok := eightBit(d); ok {
		return each(1, func(b []byte) float32 { return table[b[0]] }), true
	}
	return nil, false
}

func each(size int, load func([]byte) float32) func(dst []float32, src []byte) {
	return func(dst []float32, src []byte) {
		for i := range dst {
			dst[i] = load(src[:size])
			src = src[size:]
		}
	}
}

func toInt64(d DType) (func([]byte) int64, bool) {
	le := binary.LittleEndian
	switch d {
	case I64, U64:
		return func(b []byte) int64 { return int64(le.Uint64(b)) }, true
	case I32:
		return func(b []byte) int64 { return int64(int32(le.Uint32(b))) }, true
	case U32:
		return func(b []byte) int64 { return int64(le.Uint32(b)) }, true
	case I16:
		return func(b []byte) int64 { return int64(int16(le.Uint16(b))) }, true
	case U16:
		return func(b []byte) int64 { return int64(le.Uint16(b)) }, true
	case I8:
		return func(b []byte) int64 { return int64(int8(b[0])) }, true
	case U8, BOOL:
		return func(b []byte) int64 { return int64(b[0]) }, true
	}
	return nil, false
}

// halfToFloat32 widens an IEEE 754 binary16. Shifting its 15 low bits into
// place and multiplying by 2^112 rescales the exponent, subnormals included.
func halfToFloat32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	mag := uint32(h & 0x7fff)
	if mag >= 0x7c00 { // infinity and NaN keep their payload
		return math.Float32frombits(sign | 0x7f800000 | (mag&0x3ff)<<13)
	}
	return math.Float32frombits(sign | math.Float32bits(math.Float32frombits(mag<<13)*0x1p112))
}

// eightBit returns the values of the 256 codes of an 8-bit float.
func eightBit(d DType) (*[256]float32, bool) {
	switch d {
	case F8E4M3:
		return tableE4M3(), true
	case F8E5M2:
		return tableE5M2(), true
	case F8E8M0:
		return tableE8M0(), true
	case F8E4M3FNUZ:
		return tableE4M3FNUZ(), true
	case F8E5M2FNUZ:
		return tableE5M2FNUZ(), true
	}
	return nil, false
}

var (
	tableE4M3     = sync.OnceValue(func() *[256]float32 { return minifloat(3, 7, nanAllOnes) })
	tableE5M2     = sync.OnceValue(func() *[256]float32 { return minifloat(2, 15, nanIEEE) })
	tableE4M3FNUZ = sync.OnceValue(func() *[256]float32 { return minifloat(3, 8, nanNegativeZero) })
	tableE5M2FNUZ = sync.OnceValue(func() *[256]float32 { return minifloat(2, 16, nanNegativeZero) })
	tableE8M0     = sync.OnceValue(func() *[256]float32 {
		var t [256]float32
		for i := range t {
			t[i] = float32(math.Ldexp(1, i-127))
		}
		t[255] = float32(math.NaN())
		return &t
	})
)

// Ways to spell what is not a finite number.
const (
	nanAllOnes      = iota // 0x7f and 0xff are NaN, no infinities
	nanIEEE                // the largest exponent holds infinities and NaN
	nanNegativeZero        // 0x80 is NaN, no infinities, no negative zero
)

// minifloat tabulates a float with one sign bit and the given mantissa bits.
// (Open Compute Project, OCP 8-bit floating point specification, section 5.)
func minifloat(mantissa, bias, special int) *[256]float32 {
	var t [256]float32
	for code := range t {
		exp := code & 0x7f >> mantissa
		frac := code & (1<<mantissa - 1)
		v := math.Ldexp(float64(frac), 1-bias-mantissa)
		if exp > 0 {
			v = math.Ldexp(float64(frac+1<<mantissa), exp-bias-mantissa)
		}
		top := exp == 0x7f>>mantissa
		switch {
		case special == nanAllOnes && code&0x7f == 0x7f,
			special == nanIEEE && top && frac != 0,
			special == nanNegativeZero && code == 0x80:
			v = math.NaN()
		case special == nanIEEE && top:
			v = math.Inf(1)
		}
		if code >= 0x80 {
			v = -v
		}
		t[code] = float32(v)
	}
	return &t
}
