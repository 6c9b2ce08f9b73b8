package megatron

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Writer writes tokens as they come and keeps 4 bytes per sequence, and 8 per
// document, for the index.
type Writer struct {
	bin     *bufio.Writer
	dtype   DType
	lengths []int32
	bounds  []int64 // the first sequence of each document
	tokens  int64
	buf     []byte
}

// NewWriter writes the tokens, that is PREFIX.bin, to bin.
func NewWriter(bin io.Writer, dtype DType) (*Writer, error) {
	if dtype.Size() == 0 {
		return nil, fmt.Errorf("megatron: %v cannot be written", dtype)
	}
	return &Writer{bin: bufio.NewWriterSize(bin, 1<<18), dtype: dtype, bounds: []int64{0}}, nil
}

// Add appends a sequence of at least one token to the document that is open.
func (w *Writer) Add(tokens []int32) error {
	if len(tokens) == 0 || len(tokens) > math.MaxInt32 {
		return fmt.Errorf("megatron: a sequence of %d tokens", len(tokens))
	}
	w.buf = w.buf[:0]
	for i, id := range tokens {
		if id < 0 || w.dtype == Uint16 && id > math.MaxUint16 {
			return fmt.Errorf("megatron: token %d of sequence %d is %d, which is no %v", i, len(w.lengths), id, w.dtype)
		}
		if w.dtype == Uint16 {
			w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(id))
		} else {
			w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(id))
		}
	}
	if _, err := w.bin.Write(w.buf); err != nil {
		return fmt.Errorf("megatron: write tokens: %w", err)
	}
	w.lengths = append(w.lengths, int32(len(tokens)))
	w.tokens += int64(len(tokens))
	return nil
}

// EndDocument closes the document of the sequences since the last one.
func (w *Writer) EndDocument() { w.bounds = append(w.bounds, int64(len(w.lengths))) }

// Sequences returns the number of sequences so far.
func (w *Writer) Sequences() int64 { return int64(len(w.lengths)) }

// Documents returns the number of documents closed so far.
func (w *Writer) Documents() int64 { return int64(len(w.bounds) - 1) }

// Tokens returns the number of tokens so far.
func (w *Writer) Tokens() int64 { return w.tokens }

// Flush hands the last tokens to bin. It must be called before bin is closed.
func (w *Writer) Flush() error {
	if err := w.bin.Flush(); err != nil {
		return fmt.Errorf("megatron: write tokens: %w", err)
	}
	return nil
}

// WriteIndex writes PREFIX.idx. All documents must be closed.
func (w *Writer) WriteIndex(idx io.Writer) error {
	if w.bounds[len(w.bounds)-1] != int64(len(w.lengths)) {
		panic("megatron: the last document is not closed")
	}
	out := bufio.NewWriterSize(idx, 1<<18)
	header := append(make([]byte, 0, headerSize), magic...)
	header = binary.LittleEndian.AppendUint64(header, version)
	header = append(header, byte(w.dtype))
	header = binary.LittleEndian.AppendUint64(header, uint64(len(w.lengths)))
	header = binary.LittleEndian.AppendUint64(header, uint64(len(w.bounds)))
	_, err := out.Write(header)
	var b [8]byte
	for i := 0; i < len(w.lengths) && err == nil; i++ {
		_, err = out.Write(binary.LittleEndian.AppendUint32(b[:0], uint32(w.lengths[i])))
	}
	var at int64
	for i := 0; i < len(w.lengths) && err == nil; i++ {
		_, err = out.Write(binary.LittleEndian.AppendUint64(b[:0], uint64(at)))
		at += int64(w.lengths[i]) * int64(w.dtype.Size())
	}
	for i := 0; i < len(w.bounds) && err == nil; i++ {
		_, err = out.Write(binary.LittleEndian.AppendUint64(b[:0], uint64(w.bounds[i])))
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("megatron: write index: %w", err)
	}
	return nil
}
