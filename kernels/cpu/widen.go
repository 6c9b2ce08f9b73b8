package cpu

import "huihai/kernels"

// stored is a matrix as it lies in memory, mostly in fewer bits than float32. In an
// operand the zero value means that there is none.
type stored struct {
	typ    kernels.DType // F32 in an operand: none
	raw    []byte
	stride int       // elements from row to row
	scales []float32 // I8: one per row

	// NF4: see kernels.Blocks.
	codes  []byte
	nested []float32
	offset float32
	first  int
}

// nf4Block is the number of values that share a scale in NF4.
const nf4Block = kernels.NF4Block

// storedOf views a matrix that is not F32, and panics where its scales do not
// reach as far as its elements.
func storedOf(m kernels.Mat) stored {
	s := stored{typ: m.Type, raw: raw(m.Buf), stride: m.Stride}
	switch m.Type {
	case kernels.BF16:
	case kernels.I8:
		if m.Scales.Len < m.Rows {
			panic("cpu: an I8 matrix must have a scale per row")
		}
		s.scales = f32(m.Scales)
	case kernels.NF4:
		if m.Cols%nf4Block != 0 || m.Stride%nf4Block != 0 || m.Blocks.First < 0 {
			panic("cpu: the rows of an NF4 matrix must be whole blocks of 64")
		}
		if m.Blocks.Codes.Type != kernels.U8 {
			panic("cpu: the block codes of an NF4 matrix must be U8")
		}
		s.codes, s.nested = raw(m.Blocks.Codes), f32(m.Blocks.Scales)
		s.offset, s.first = m.Blocks.Offset, m.Blocks.First
		if m.Rows > 0 && m.Cols > 0 {
			last := s.block(m.Rows-1, m.Cols-1)
			if last >= len(s.codes) || last/nf4Nested >= len(s.nested) {
				panic("cpu: an NF4 matrix must have a scale per block")
			}
		}
	default:
		panic("cpu: matrix of an element type that products do not take")
	}
	return s
}

// nf4Nested is the number of block scales that share a scale.
const nf4Nested = 256

// narrow reports whether there is a matrix.
func (s *stored) narrow() bool { return s.typ != kernels.F32 }

// block returns the NF4 block of an element.
func (s *stored) block(row, col int) int { return s.first + (row*s.stride+col)/nf4Block }

// absmax returns the scale of an NF4 block.
func (s *stored) absmax(block int) float32 {
	return kernels.NF4AbsMax(s.codes[block], s.nested[block/nf4Nested], s.offset)
}

// widenRow writes elements from, from+1, ... of a row as float32.
func (s *stored) widenRow(p isa, dst []float32, row, from int) {
	at := row*s.stride + from
	switch s.typ {
	case kernels.F32:
		copy(dst, f32Slice(s.raw, 4*at, len(dst)))
	case kernels.BF16:
		p.widen(dst, bf16Slice(s.raw)[at:])
	case kernels.I8:
		p.widenI8(dst, i8Slice(s.raw)[at:], s.scales[row])
	default:
		for len(dst) > 0 { // a block, or what is left of it, at a time
			n := min(len(dst), nf4Block-from%nf4Block)
			p.widenNF4(dst[:n], s.raw, row*s.stride+from, s.absmax(s.block(row, from)))
			dst, from = dst[n:], from+n
		}
	}
}

func widenI8Go(dst []float32, src []int8, scale float32) {
	for i, q := range src[:len(dst)] {
		dst[i] = float32(q) * scale
	}
}

// widenNF4Go widens values at, at+1, ... of one block.
func widenNF4Go(dst []float32, src []byte, at int, absmax float32) {
	for i := range dst {
		dst[i] = nf4(src, at+i) * absmax
	}
}

// nf4 returns the entry of the code book that value i names.
func nf4(src []byte, i int) float32 {
	return kernels.NormalFloat[src[i/2]>>(4*(1-i%2))&15]
}
