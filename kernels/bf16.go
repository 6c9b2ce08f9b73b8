package kernels

import "math"

// BF16FromF32 rounds to the nearest bfloat16, ties to even; NaN stays NaN.
func BF16FromF32(x float32) uint16 {
	u := math.Float32bits(x)
	if x != x {
		return uint16(u>>16) | 0x40
	}
	return uint16((u + 0x7fff + u>>16&1) >> 16)
}

// F32FromBF16 widens exactly.
func F32FromBF16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }
