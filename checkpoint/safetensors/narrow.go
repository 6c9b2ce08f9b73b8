package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// WriteFloat32s writes src to w as elements of type d: F32 and F64 exactly,
// BF16 and F16 rounded to nearest even (F16 overflows to infinity). It uses a
// small buffer of its own, whatever the length of src.
func WriteFloat32s(w io.Writer, d DType, src []float32) error {
	encode, size := fromFloat32(d)
	if encode == nil {
		return fmt.Errorf("safetensors: float32 values cannot be stored as %v", d)
	}
	const chunk = 16 << 10
	buf := make([]byte, min(len(src), chunk)*size)
	for len(src) > 0 {
		n := min(len(src), chunk)
		for i, v := range src[:n] {
			encode(buf[i*size:], v)
		}
		if _, err := w.Write(buf[:n*size]); err != nil {
			return err
		}
		src = src[n:]
	}
	return nil
}

func fromFloat32(d DType) (encode func([]byte, float32), size int) {
	le := binary.LittleEndian
	switch d {
	case F32:
		return func(b []byte, v float32) { le.PutUint32(b, math.Float32bits(v)) }, 4
	case F64:
		return func(b []byte, v float32) { le.PutUint64(b, math.Float64bits(float64(v))) }, 8
	case BF16:
		return func(b []byte, v float32) { le.PutUint16(b, BF16Bits(v)) }, 2
	case F16:
		return func(b []byte, v float32) { le.PutUint16(b, F16Bits(v)) }, 2
	}
	return nil, 0
}

// BF16Bits returns v rounded to nearest even as a bfloat16. NaN stays NaN.
func BF16Bits(v float32) uint16 {
	b := math.Float32bits(v)
	if v != v {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// F16Bits returns v rounded to nearest even as an IEEE 754 binary16. Values
// beyond its range become infinities, NaN stays NaN.
func F16Bits(v float32) uint16 {
	b := math.Float32bits(v)
	sign := uint16(b >> 16 & 0x8000)
	mag := b & 0x7fffffff
	switch {
	case mag > 0x7f800000:
		return sign | 0x7e00 | uint16(mag>>13&0x3ff)
	case mag >= 0x477ff000: // 65520: rounds up to infinity
		return sign | 0x7c00
	case mag < 0x38800000: // below 2^-14: the spacing is 2^-24
		// Adding 2^-1 puts the last place of float32 at 2^-24, so the
		// addition itself rounds to nearest even.
		return sign | uint16(math.Float32bits(math.Float32frombits(mag)+0.5)-0x3f000000)
	}
	// Rebias the exponent by -112 and round the 13 dropped bits.
	return sign | uint16((mag-112<<23+0xfff+mag>>13&1)>>13)
}
