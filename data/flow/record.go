package flow

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/s2"
)

// maxRecord bounds the length a reader believes, so that a damaged file gives
// an error and not an allocation of its wish.
const maxRecord = 1 << 30

// RecordWriter writes length-prefixed records into an S2 stream, whose chunks
// carry checksums.
type RecordWriter struct {
	s2  *s2.Writer
	len [binary.MaxVarintLen64]byte
}

// NewRecordWriter starts a record stream on w. Close ends it, not w.
func NewRecordWriter(w io.Writer) *RecordWriter {
	// One block at a time: the bytes must not depend on the machine's cores.
	return &RecordWriter{s2: s2.NewWriter(w, s2.WriterConcurrency(1), s2.WriterBlockSize(256<<10))}
}

// Write appends one record.
func (w *RecordWriter) Write(record []byte) error {
	n := binary.PutUvarint(w.len[:], uint64(len(record)))
	if _, err := w.s2.Write(w.len[:n]); err != nil {
		return err
	}
	_, err := w.s2.Write(record)
	return err
}

// Close flushes the stream.
func (w *RecordWriter) Close() error { return w.s2.Close() }

// RecordReader reads what a RecordWriter wrote.
type RecordReader struct {
	r   *bufio.Reader
	buf []byte
}

// NewRecordReader reads the record stream r.
func NewRecordReader(r io.Reader) *RecordReader {
	return &RecordReader{r: bufio.NewReaderSize(s2.NewReader(r), 64<<10)}
}

// Next returns the next record, valid until the call after, or io.EOF.
func (r *RecordReader) Next() ([]byte, error) {
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("flow: record stream ends inside a length")
		}
		return nil, err
	}
	if n > maxRecord {
		return nil, fmt.Errorf("flow: record of %d bytes: the stream is damaged", n)
	}
	if uint64(cap(r.buf)) < n {
		r.buf = make([]byte, n, n+n/4)
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(r.r, r.buf); err != nil {
		return nil, fmt.Errorf("flow: record stream ends inside a record: %w", io.ErrUnexpectedEOF)
	}
	return r.buf, nil
}
