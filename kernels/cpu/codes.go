package cpu

import (
	"math"

	"huihai/kernels"
)

// Shares of a block's largest magnitude fall into cells by their sign, exponent
// and first seven bits, from 2^-23, below which all is nearest to 0, up to 1. Few
// cells hold the middle between two codes and hardly any holds two, so that a
// table of the code at the inner end of a cell leaves a comparison or two.
const (
	cellShift = 16
	firstCell = (127 - 23) << 7
	cells     = 127<<7 - firstCell + 1
)

// codeTable finds nearest codes as [kernels.NearestCode] does.
type codeTable struct {
	code     *[256]float32
	middles  [255]float32 // code i+1 begins above middles[i]
	up, down [cells]uint8 // of positive and negative shares
}

var signedCodes, unsignedCodes = newCodeTable(&kernels.DynamicMap), newCodeTable(&kernels.DynamicMapUnsigned)

func newCodeTable(code *[256]float32) *codeTable {
	t := &codeTable{code: code}
	for i := range t.middles {
		t.middles[i] = (code[i] + code[i+1]) / 2
	}
	for i := range cells {
		inner := float32(0)
		if i > 0 {
			inner = math.Float32frombits(uint32(i+firstCell) << cellShift)
		}
		t.up[i], t.down[i] = kernels.NearestCode(code, inner, 1), kernels.NearestCode(code, -inner, 1)
	}
	return t
}

// nearest returns the code of x in a block whose largest magnitude is top.
func (t *codeTable) nearest(x, top float32) byte {
	share := x / top
	bits := math.Float32bits(share)
	cell := max(0, int(bits<<1>>1>>cellShift)-firstCell)
	if cell >= cells || !(top > 0) { // a block of zeros, or one that overflowed
		return kernels.NearestCode(t.code, x, top)
	}
	if bits>>31 == 0 {
		c := t.up[cell]
		for c < 255 && share > t.middles[c] {
			c++
		}
		return c
	}
	c := t.down[cell]
	for c > 0 && !(share > t.middles[c-1]) {
		c--
	}
	return c
}
