package kernels

import (
	"fmt"
	"slices"
)

// NormalFloat is the code book of NF4 (Dettmers et al. 2023, appendix E): the
// values that split a normal distribution into parts of equal probability,
// scaled to [-1, 1], with an exact zero.
var NormalFloat = [16]float32{
	-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
	-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
	0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
	0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
}

// DynamicMap is the signed 8-bit data type of bitsandbytes (Dettmers 2015): for
// each of seven powers of ten the middles of 1, 2, ... 64 equal parts of
// [0.1, 1], with both signs, and 0 and 1. It ascends.
var DynamicMap = dynamicMap(true)

// DynamicMapUnsigned is the data type of bitsandbytes for values that are not
// negative: as [DynamicMap] without signs, with 2, 4, ... 128 parts. It ascends.
var DynamicMapUnsigned = dynamicMap(false)

func dynamicMap(signed bool) (m [256]float32) {
	m[0], m[1] = 0, 1
	n := 2
	for i, power := range [...]float32{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1} {
		parts := 1 << i
		if !signed {
			parts *= 2
		}
		for j := range parts {
			middle := (linspace(j, parts) + linspace(j+1, parts)) / 2
			m[n] = power * middle
			if n++; signed {
				m[n] = -(power * middle)
				n++
			}
		}
	}
	slices.Sort(m[:])
	return m
}

// linspace returns boundary j of 0.1 to 1 in equal parts, counted from the
// nearer end as PyTorch does in float32.
func linspace(j, parts int) float32 {
	const low = float32(0.1)
	step := (1 - low) / float32(parts)
	if j < (parts+1)/2 {
		return FMA32(step, float32(j), low)
	}
	return FMA32(-step, float32(parts-j), 1)
}

// NF4Data is a matrix in NF4 on the host, with the scales of [Blocks].
type NF4Data struct {
	Values []byte    // two values each
	Codes  []byte    // one per 64 values
	Scales []float32 // one per 256 codes
	Offset float32
}

// QuantizeNF4 stores a dense row-major matrix, as bitsandbytes does with nested
// statistics: a value is the nearest entry of [NormalFloat] to itself over the
// largest magnitude of its block; these magnitudes, less their mean, are the
// nearest entries of [DynamicMap] times the largest of 256 of them. It fails on
// NaN and infinity. len(src) must be a multiple of [NF4Block].
func QuantizeNF4(src []float32) (NF4Data, error) {
	if len(src)%NF4Block != 0 {
		panic("kernels: QuantizeNF4: the values are not whole blocks")
	}
	blocks := len(src) / NF4Block
	d := NF4Data{Values: make([]byte, len(src)/2), Codes: make([]byte, blocks)}
	tops, sum := make([]float32, blocks), 0.0
	for b := range tops {
		block := src[b*NF4Block : (b+1)*NF4Block]
		top, err := absMax(block)
		if err != nil {
			return NF4Data{}, fmt.Errorf("kernels: quantise block %d of 64 values to NF4: %w", b, err)
		}
		tops[b] = top
		sum += float64(top)
		for i := 0; i < NF4Block; i += 2 {
			hi, lo := nearestNormal(block[i], top), nearestNormal(block[i+1], top)
			d.Values[(b*NF4Block+i)/2] = hi<<4 | lo
		}
	}
	if blocks > 0 {
		d.Offset = float32(sum / float64(blocks))
	}
	for i := range tops {
		tops[i] -= d.Offset
	}
	for from := 0; from < blocks; from += nestedBlock {
		group := tops[from:min(from+nestedBlock, blocks)]
		top, err := absMax(group)
		if err != nil {
			return NF4Data{}, fmt.Errorf("kernels: quantise the scales of blocks from %d on: %w", from, err)
		}
		d.Scales = append(d.Scales, top)
		for i, v := range group {
			d.Codes[from+i] = nearestDynamic(v, top)
		}
	}
	return d, nil
}

// leastTop replaces smaller divisors, as in bitsandbytes.
const leastTop = 1e-38

// nearestNormal returns the index of the entry nearest to x/top. A tie goes to the
// lower one.
func nearestNormal(x, top float32) byte {
	v := x * (1 / max(top, leastTop))
	return nearest(NormalFloat[:], max(-1, min(1, v)))
}

func nearestDynamic(x, top float32) byte { return NearestCode(&DynamicMap, x, top) }

// NearestCode returns the code of x in a block whose largest magnitude is top: the
// entry of the map nearest to x/top, the lower of two, and the entry 0 for a top
// of 0.
func NearestCode(code *[256]float32, x, top float32) byte {
	if top == 0 {
		return nearest(code[:], 0)
	}
	return nearest(code[:], x/top)
}

// nearest searches an ascending code book; the middle between two entries belongs
// to the lower one.
func nearest(code []float32, v float32) byte {
	low, high := 0, len(code)-1
	for low < high {
		mid := (low + high) / 2
		if v > (code[mid]+code[mid+1])/2 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return byte(low)
}

// AbsMax returns the scale of block b, as [Blocks] defines it.
func (d NF4Data) AbsMax(b int) float32 {
	return NF4AbsMax(d.Codes[b], d.Scales[b/nestedBlock], d.Offset)
}

// NF4AbsMax returns the scale of a block from its code, the scale of that code
// and the offset.
func NF4AbsMax(code byte, scale, offset float32) float32 {
	return float32(DynamicMap[code]*scale) + offset // the conversion forbids a fused multiply-add
}

// Widen writes the values as float32; len(dst) is 64 per block.
func (d NF4Data) Widen(dst []float32) {
	for b := range d.Codes {
		top := d.AbsMax(b)
		for i, v := range d.Values[b*NF4Block/2 : (b+1)*NF4Block/2] {
			dst[b*NF4Block+2*i] = NormalFloat[v>>4] * top
			dst[b*NF4Block+2*i+1] = NormalFloat[v&15] * top
		}
	}
}
