package kernels

// Mat is a row-major matrix on a window of device memory; row r starts at
// element r*Stride. The zero Mat means "absent".
type Mat struct {
	Buf
	Rows, Cols int
	Stride     int
	// Scales is F32[Rows], one factor per row: element (r, c) of an I8 matrix is
	// float32(q)*Scales[r], rounded once. Absent for the other types.
	Scales Buf
	// Blocks holds the scales of an NF4 matrix and is zero for the other types.
	Blocks Blocks
}

// NF4Block is how many values in a row share a scale in NF4. Rows of an NF4
// matrix, and the stride from one to the next, must be multiples of it.
const NF4Block = 64

// nestedBlock is how many block scales share a scale of their own.
const nestedBlock = 256

// Blocks are the doubly quantised scales of an NF4 matrix, as bitsandbytes
// stores them. Blocks of [NF4Block] values run along the whole of the stored
// matrix, from one row into the next. Block b has
//
//	absmax(b) = DynamicMap[Codes[b]]*Scales[b/256] + Offset
//
// with both operations rounded to float32, and element (r, c) of the matrix is
// NormalFloat[q]*absmax(First + (r*Stride+c)/64), rounded once.
type Blocks struct {
	Codes  Buf     // U8, one per block of the stored matrix
	Scales Buf     // F32, one per 256 blocks
	Offset float32 // the mean of the unquantised absmax
	First  int     // block of element (0, 0)
}

// ColRange returns the sub-matrix of columns [from, to), sharing memory. For
// NF4, from and to must be multiples of [NF4Block].
func (m Mat) ColRange(from, to int) Mat {
	if from < 0 || to < from || to > m.Cols {
		panic("kernels: Mat.ColRange: columns outside the matrix")
	}
	if m.Type == NF4 {
		if from%NF4Block != 0 || to%NF4Block != 0 {
			panic("kernels: Mat.ColRange: NF4 columns cannot be cut inside a block")
		}
		m.Blocks.First += from / NF4Block
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
	if m.Type == NF4 {
		m.Blocks.First += from * m.Stride / NF4Block
	}
	if !m.Scales.IsZero() {
		m.Scales = m.Scales.Slice(from, to)
	}
	m.Buf = m.Slice(from*m.Stride, m.Len)
	m.Rows = to - from
	return m
}
