package ngram

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
)

// scratch is a folder of temporary files that is removed as a whole, and the
// memory of sorters, which one hands on to the next.
type scratch struct {
	dir     string
	next    atomic.Int64
	bytes   atomic.Int64 // written so far
	buffers [][]record   // free; sorters are at work one step at a time
}

func (s *scratch) takeBuffer() []record {
	last := len(s.buffers) - 1
	if last < 0 {
		return nil
	}
	b := s.buffers[last]
	s.buffers = s.buffers[:last]
	return b
}

func (s *scratch) giveBuffer(b []record) {
	if cap(b) > 0 {
		s.buffers = append(s.buffers, b[:0])
	}
}

func newScratch(dir string) (*scratch, error) {
	d, err := os.MkdirTemp(dir, "ngram-*")
	if err != nil {
		return nil, fmt.Errorf("ngram: make a folder for temporary files: %w; set temp_dir to a folder that can be written", err)
	}
	return &scratch{dir: d}, nil
}

func (s *scratch) remove() error { return os.RemoveAll(s.dir) }

// file makes a new temporary file.
func (s *scratch) file() (*tempFile, error) {
	f, err := os.Create(filepath.Join(s.dir, fmt.Sprintf("%08d", s.next.Add(1))))
	if err != nil {
		return nil, tempError("make", err)
	}
	return &tempFile{s: s, f: f, w: bufio.NewWriterSize(f, 64<<10)}, nil
}

func tempError(doing string, err error) error {
	return fmt.Errorf("ngram: %s a temporary file: %w; temp_dir chooses another place for them", doing, err)
}

// tempFile is a temporary file: written once, then read any number of times,
// then dropped.
type tempFile struct {
	s *scratch
	f *os.File
	w *bufio.Writer
	n int64
}

func (t *tempFile) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.n += int64(n)
	t.s.bytes.Add(int64(n))
	if err != nil {
		return n, tempError("write", err)
	}
	return n, nil
}

// reader flushes what was written and reads it from the start.
func (t *tempFile) reader() (*bufio.Reader, error) {
	if err := t.w.Flush(); err != nil {
		return nil, tempError("write", err)
	}
	return bufio.NewReaderSize(io.NewSectionReader(t.f, 0, t.n), 64<<10), nil
}

// drop frees the file's space.
func (t *tempFile) drop() error {
	err := errors.Join(t.f.Close(), os.Remove(t.f.Name()))
	if err != nil {
		return tempError("remove", err)
	}
	return nil
}

// stream yields records in an order that its maker states. After false there
// are no more.
type stream interface {
	next(r *record) (bool, error)
}

// spool is a temporary file of records.
type spool struct {
	file  *tempFile
	codec codec
	buf   []byte
	count int64
}

func (s *scratch) spool(c codec) (*spool, error) {
	f, err := s.file()
	if err != nil {
		return nil, err
	}
	return &spool{file: f, codec: c}, nil
}

func (s *spool) add(r *record) error {
	s.buf = s.codec.append(s.buf[:0], r)
	s.count++
	_, err := s.file.Write(s.buf)
	return err
}

func (s *spool) stream() (*spoolReader, error) {
	br, err := s.file.reader()
	if err != nil {
		return nil, err
	}
	return &spoolReader{br, s.codec}, nil
}

type spoolReader struct {
	br    *bufio.Reader
	codec codec
}

// next implements stream.
func (r *spoolReader) next(rec *record) (bool, error) {
	b, err := r.br.Peek(maxRecordBytes)
	if len(b) == 0 {
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return false, tempError("read", err)
	}
	n := r.codec.decode(b, rec)
	if n == 0 {
		return false, tempError("read", io.ErrUnexpectedEOF)
	}
	_, err = r.br.Discard(n)
	return true, err
}

// cursor is a stream with its next record in view.
type cursor struct {
	src stream
	rec record
	ok  bool
}

func newCursor(src stream) (*cursor, error) {
	c := &cursor{src: src}
	return c, c.advance()
}

func (c *cursor) advance() (err error) {
	c.ok, err = c.src.next(&c.rec)
	return err
}
