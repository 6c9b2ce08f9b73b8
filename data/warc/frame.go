package warc

import (
	"bufio"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// frame hands on the bytes of one Zstandard frame and not one more, which the
// decoder by itself would take. It walks the blocks by their headers (RFC 8878,
// section 3.1.1).
type frame struct {
	br       *bufio.Reader
	left     int // bytes of the current piece that were not read
	state    int // what comes after it
	checksum bool
}

const (
	frameHeader = iota
	frameBlock
	frameLast // the last block, then the checksum
	frameEnd
)

// Frame reads the bytes of the Zstandard frame that begins at br, and not one more.
func Frame(br *bufio.Reader) io.Reader { return &frame{br: br} }

// Read implements [io.Reader].
func (f *frame) Read(p []byte) (int, error) {
	for f.left == 0 {
		if f.state == frameEnd {
			return 0, io.EOF
		}
		if err := f.piece(); err != nil {
			return 0, err
		}
	}
	n, err := f.br.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, noEOF(err)
}

// piece finds the size of the next piece: header, block or checksum.
func (f *frame) piece() error {
	switch f.state {
	case frameHeader:
		head, err := f.br.Peek(zstd.HeaderMaxSize)
		if len(head) < 5 {
			return noEOF(err)
		}
		var h zstd.Header
		if err := h.Decode(head); err != nil {
			return fmt.Errorf("zstd: %w", noEOF(err))
		}
		f.left, f.checksum, f.state = h.HeaderSize, h.HasCheckSum, frameBlock
	case frameBlock:
		b, err := f.br.Peek(3)
		if err != nil {
			return noEOF(err)
		}
		h := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		size := h >> 3
		if h>>1&3 == 1 { // one byte, repeated
			size = 1
		}
		f.left = 3 + size
		if h&1 == 1 {
			f.state = frameLast
		}
	case frameLast:
		f.state = frameEnd
		if f.checksum {
			f.left = 4
		}
	}
	return nil
}
