package source

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"huihai/data/warc"
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

// zstdReader reads the frames of a Zstandard file one after the other; skippable ones,
// and zeros between and behind them, are passed over. Each frame is given to the decoder
// by itself, so that nothing else is taken for padding.
type zstdReader struct {
	br    *bufio.Reader
	z     *zstd.Decoder
	frame io.Reader // the current one, nil between two
	begun bool      // one was found
}

func (r *reader) newZstd(f io.Reader) (io.Reader, func(), error) {
	window := max(r.cfg.MaxWindow, 8<<20)
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(window)), zstd.WithDecoderMaxMemory(uint64(window)+64<<20))
	if err != nil {
		return nil, nil, err
	}
	return &zstdReader{br: bufio.NewReaderSize(f, 128<<10), z: z}, z.Close, nil
}

// Read implements [io.Reader].
func (z *zstdReader) Read(p []byte) (int, error) {
	for {
		if z.frame == nil {
			if err := z.next(); err != nil {
				return 0, err
			}
		}
		n, err := z.z.Read(p)
		switch {
		case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
			return n, fmt.Errorf("%w: the file needs a larger window than source.max_window allows: raise it, as zstd --long does, or compress the file again", err)
		case errors.Is(err, io.EOF):
			// The decoder may stop before the checksum that ends the frame.
			if _, err := io.Copy(io.Discard, z.frame); err != nil {
				return n, err
			}
			z.frame = nil
		case err != nil:
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// next begins the next frame; io.EOF is the end of the file.
func (z *zstdReader) next() error {
	for {
		if z.begun {
			if err := skipZeros(z.br); err != nil {
				return err
			}
		}
		head, err := z.br.Peek(8)
		if len(head) == 0 {
			return err
		}
		switch {
		case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
			z.frame, z.begun = warc.Frame(z.br), true
			return z.z.Reset(z.frame)
		case len(head) == 8 && binary.LittleEndian.Uint32(head)&^0xf == 0x184d2a50:
			z.begun = true
			if _, err := io.CopyN(io.Discard, z.br, 8+int64(binary.LittleEndian.Uint32(head[4:]))); err != nil {
				return io.ErrUnexpectedEOF
			}
		case !z.begun:
			return errors.New("not a Zstandard file, though its name says so")
		default:
			return fmt.Errorf("bytes that are no Zstandard frame follow one: %x", head)
		}
	}
}
