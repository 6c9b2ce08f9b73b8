package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// gzipReader reads the members of a gzip file one after the other. Zeros behind the
// last one, which tapes and block devices leave, are no damage.
type gzipReader struct {
	br  *bufio.Reader
	z   *gzip.Reader
	end error
}

func newGzip(f io.Reader) (*gzipReader, error) {
	br := bufio.NewReaderSize(f, 128<<10)
	z, err := gzip.NewReader(br)
	if err != nil {
		return nil, fmt.Errorf("not a gzip file, though its name says so: %w", err)
	}
	z.Multistream(false)
	return &gzipReader{br: br, z: z}, nil
}

// Read implements [io.Reader].
func (g *gzipReader) Read(p []byte) (int, error) {
	for g.end == nil {
		n, err := g.z.Read(p)
		if n > 0 || err == nil {
			return n, nil
		}
		if !errors.Is(err, io.EOF) {
			return 0, err
		}
		if g.end = skipZeros(g.br); g.end == nil {
			if g.end = g.z.Reset(g.br); g.end == nil {
				g.z.Multistream(false)
			}
		}
	}
	return 0, g.end
}

// skipZeros passes over zeros; io.EOF is the end of the file.
func skipZeros(br *bufio.Reader) error {
	for {
		b, err := br.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return br.UnreadByte()
		}
	}
}

// zstdReader reads the frames of a Zstandard file, behind which zeros may lie too. The
// decoder looks for a frame in them and says that it is none; then it is looked whether
// all that is left of the file is zeros.
type zstdReader struct {
	z     *zstd.Decoder
	frame *frames
}

func (r *reader) newZstd(f io.Reader) (io.Reader, func(), error) {
	in := &frames{r: f}
	window := max(r.cfg.MaxWindow, 8<<20)
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(window)), zstd.WithDecoderMaxMemory(uint64(window)+64<<20))
	if err != nil {
		return nil, nil, err
	}
	return &zstdReader{z, in}, z.Close, nil
}

// Read implements [io.Reader].
func (z *zstdReader) Read(p []byte) (int, error) {
	n, err := z.z.Read(p)
	switch {
	case errors.Is(err, zstd.ErrMagicMismatch) && z.frame.zerosToTheEnd():
		return n, io.EOF
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return n, fmt.Errorf("%w: the file needs a larger window than source.max_window allows: raise it, as zstd --long does, or compress the file again", err)
	}
	return n, err
}

// frames passes a file on and keeps count of the zeros at the end of what was read.
type frames struct {
	r     io.Reader
	zeros int
}

// Read implements [io.Reader].
func (f *frames) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	for i := n - 1; i >= 0 && p[i] == 0; i-- {
		if i == 0 {
			f.zeros += n
			return n, err
		}
	}
	if n > 0 {
		f.zeros = 0
		for i := n - 1; i >= 0 && p[i] == 0; i-- {
			f.zeros++
		}
	}
	return n, err
}

// zerosToTheEnd reads the rest of the file and reports whether it, and at least the
// four bytes that were taken for the beginning of a frame, are zeros.
func (f *frames) zerosToTheEnd() bool {
	buf := make([]byte, 64<<10)
	for {
		n, err := f.Read(buf)
		if n > 0 && f.zeros < n {
			return false
		}
		if err != nil {
			return errors.Is(err, io.EOF) && f.zeros >= 4
		}
	}
}
