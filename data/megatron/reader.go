package megatron

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// Index is the content of a PREFIX.idx.
type Index struct {
	DType   DType
	Lengths []int32 // in tokens, by sequence
	Offsets []int64 // in bytes, by sequence
	Bounds  []int64 // the first sequence of each document, and the number of sequences
}

// ReadIndex reads an index of size bytes and checks that it is whole and that its
// sequences lie in a file of binSize bytes.
func ReadIndex(r io.ReaderAt, size, binSize int64) (*Index, error) {
	var h [headerSize]byte
	if size < int64(headerSize) {
		return nil, fmt.Errorf("megatron: the index has %d bytes, less than its header", size)
	}
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return nil, fmt.Errorf("megatron: read index: %w", err)
	}
	if string(h[:len(magic)]) != magic {
		return nil, fmt.Errorf("megatron: not an index: it does not begin with %q", magic[:7])
	}
	rest := h[len(magic):]
	if v := binary.LittleEndian.Uint64(rest); v != version {
		return nil, fmt.Errorf("megatron: index of version %d; this program reads version %d", v, version)
	}
	x := &Index{DType: DType(rest[8])}
	if x.DType.Size() == 0 {
		return nil, fmt.Errorf("megatron: tokens of %v; this program reads int32 and uint16", x.DType)
	}
	sequences, bounds := binary.LittleEndian.Uint64(rest[9:]), binary.LittleEndian.Uint64(rest[17:])
	// The counts are claims: they are compared with the size before memory is taken.
	body := uint64(size) - uint64(headerSize)
	if sequences > body/12 || bounds > body/8 || sequences*12+bounds*8 != body {
		return nil, fmt.Errorf("megatron: the index says %d sequences and %d document bounds, which do not make its %d bytes", sequences, bounds, size)
	}
	if err := x.read(io.NewSectionReader(r, int64(headerSize), int64(body)), int(sequences), int(bounds)); err != nil {
		return nil, err
	}
	return x, x.check(binSize)
}

func (x *Index) read(r io.Reader, sequences, bounds int) error {
	x.Lengths, x.Offsets, x.Bounds = make([]int32, sequences), make([]int64, sequences), make([]int64, bounds)
	for _, part := range []any{x.Lengths, x.Offsets, x.Bounds} {
		if err := binary.Read(r, binary.LittleEndian, part); err != nil {
			return fmt.Errorf("megatron: read index: %w", err)
		}
	}
	return nil
}

func (x *Index) check(binSize int64) error {
	for i, n := range x.Lengths {
		at, bytes := x.Offsets[i], int64(n)*int64(x.DType.Size())
		if n < 0 || at < 0 || at > binSize || bytes > binSize-at {
			return fmt.Errorf("megatron: sequence %d is %d tokens at byte %d of a file of %d", i, n, at, binSize)
		}
	}
	if len(x.Bounds) == 0 || x.Bounds[0] != 0 || x.Bounds[len(x.Bounds)-1] != int64(len(x.Lengths)) {
		return fmt.Errorf("megatron: the document bounds do not reach from sequence 0 to %d", len(x.Lengths))
	}
	for i := 1; i < len(x.Bounds); i++ {
		if x.Bounds[i] < x.Bounds[i-1] {
			return fmt.Errorf("megatron: document %d ends at sequence %d, before it begins", i-1, x.Bounds[i])
		}
	}
	return nil
}

// Reader reads sequences of a pair of files.
type Reader struct {
	Index
	bin *os.File
	buf []byte
}

// Open opens PREFIX.idx and PREFIX.bin.
func Open(prefix string) (*Reader, error) {
	bin, err := os.Open(prefix + ".bin")
	if err != nil {
		return nil, fmt.Errorf("megatron: %w", err)
	}
	x, err := openIndex(prefix+".idx", bin)
	if err != nil {
		_ = bin.Close()
		return nil, fmt.Errorf("%s.idx: %w", prefix, err)
	}
	return &Reader{Index: *x, bin: bin}, nil
}

func openIndex(path string, bin *os.File) (*Index, error) {
	idx, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("megatron: %w", err)
	}
	defer idx.Close()
	st, err := idx.Stat()
	if err != nil {
		return nil, fmt.Errorf("megatron: %w", err)
	}
	stBin, err := bin.Stat()
	if err != nil {
		return nil, fmt.Errorf("megatron: %w", err)
	}
	return ReadIndex(idx, st.Size(), stBin.Size())
}

// Sequence appends the tokens of sequence i (from 0) to dst.
func (r *Reader) Sequence(dst []int32, i int) ([]int32, error) {
	if i < 0 || i >= len(r.Lengths) {
		return dst, fmt.Errorf("megatron: sequence %d of %d", i, len(r.Lengths))
	}
	size := r.DType.Size()
	n := int(r.Lengths[i]) * size
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	b := r.buf[:n]
	if _, err := r.bin.ReadAt(b, r.Offsets[i]); err != nil && n > 0 {
		return dst, fmt.Errorf("megatron: read sequence %d: %w", i, err)
	}
	for ; len(b) > 0; b = b[size:] {
		if size == 2 {
			dst = append(dst, int32(binary.LittleEndian.Uint16(b)))
		} else {
			dst = append(dst, int32(binary.LittleEndian.Uint32(b)))
		}
	}
	return dst, nil
}

// Document appends the tokens of all sequences of document i (from 0) to dst.
func (r *Reader) Document(dst []int32, i int) ([]int32, error) {
	if i < 0 || i+1 >= len(r.Bounds) {
		return dst, fmt.Errorf("megatron: document %d of %d", i, len(r.Bounds)-1)
	}
	var err error
	for s := r.Bounds[i]; s < r.Bounds[i+1] && err == nil; s++ {
		dst, err = r.Sequence(dst, int(s))
	}
	return dst, err
}

// Close closes the token file.
func (r *Reader) Close() error { return r.bin.Close() }
