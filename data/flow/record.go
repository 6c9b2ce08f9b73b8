package flow

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxRecord bounds the length a reader believes, so that a damaged file gives
// an error and not an allocation of its wish.
const maxRecord = 1 << 30

// window is the Zstandard window of record streams. It is what a reader holds of
// each stream, and merges hold many.
const window = 256 << 10

// RecordWriter writes length-prefixed records into a Zstandard stream, whose
// frame carries a checksum.
type RecordWriter struct {
	z   *zstd.Encoder
	buf []byte
}

// NewRecordWriter starts a record stream on w. Close ends it, not w.
func NewRecordWriter(w io.Writer) *RecordWriter {
	// One block at a time: the bytes must not depend on the machine's cores.
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true))
	if err != nil {
		panic("flow: zstd options: " + err.Error())
	}
	return &RecordWriter{z: z, buf: make([]byte, 0, recordBuffer)}
}

// recordBuffer collects small records before they meet the encoder.
const recordBuffer = 64 << 10

// Reset starts a further stream on w, keeping the encoder's tables.
func (w *RecordWriter) Reset(to io.Writer) {
	w.z.Reset(to)
	w.buf = w.buf[:0]
}

// Write appends one record.
func (w *RecordWriter) Write(record []byte) error {
	w.buf = binary.AppendUvarint(w.buf, uint64(len(record)))
	w.buf = append(w.buf, record...)
	if len(w.buf) < recordBuffer {
		return nil
	}
	return w.flush()
}

func (w *RecordWriter) flush() error {
	_, err := w.z.Write(w.buf)
	w.buf = w.buf[:0]
	if cap(w.buf) > 16*recordBuffer { // one large record must not stay
		w.buf = make([]byte, 0, recordBuffer)
	}
	return err
}

// Close flushes the stream.
func (w *RecordWriter) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.z.Close()
}

// RecordReader reads what a RecordWriter wrote.
type RecordReader struct {
	z   *zstd.Decoder
	r   *bufio.Reader
	buf []byte
}

// NewRecordReader reads the record stream r. Close frees what it holds.
func NewRecordReader(r io.Reader) *RecordReader {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		panic("flow: zstd options: " + err.Error())
	}
	return &RecordReader{z: z, r: bufio.NewReaderSize(z, recordBuffer)}
}

// Close frees the decoder; the stream below stays the caller's.
func (r *RecordReader) Close() { r.z.Close() }

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
