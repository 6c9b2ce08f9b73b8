package warc

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// errMemberEnd stands for the end of a member with its checksum in order.
var errMemberEnd = errors.New("end of member")

// errNoArchive is about a file that does not begin as an archive does.
var errNoArchive = errors.New("no web archive: neither WARC text nor gzip nor Zstandard")

var (
	magicGzip = []byte{0x1f, 0x8b, 8}
	magicZstd = []byte{0x28, 0xb5, 0x2f, 0xfd}
	magicWARC = []byte("WARC/")
)

const (
	magicDictionary = 0x184d2a5d // the skippable frame with a dictionary
	maxDictionary   = 16 << 20
	lookAhead       = 32 << 10
)

// counter counts what was read from a file.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// members reads the text of a file member by member: Read gives errMemberEnd at
// the end of each, and goes on only after next. Text that is not compressed is
// one member.
type members struct {
	seeker io.Seeker // nil when the file cannot be read again
	count  counter
	br     *bufio.Reader
	plain  bool
	gz     *gzip.Reader
	zst    *zstd.Decoder
	dict   []byte
	window int64 // of Zstandard, at most
	frame  *frame
	cur    io.Reader
	start  int64 // of the current member
	failed error // why the member at start could not be begun
}

func newMembers(r io.Reader, window int64) *members {
	m := &members{count: counter{r: r}, window: window}
	if s, ok := r.(io.Seeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil {
			m.seeker, m.count.n = s, at
		}
	}
	m.br = bufio.NewReaderSize(&m.count, 2*lookAhead)
	return m
}

// offset is the place in the file of the next byte that was not used.
func (m *members) offset() int64 { return m.count.n - int64(m.br.Buffered()) }

// next begins the next member. io.EOF is the end of the file.
func (m *members) next() error {
	err := m.begin()
	if !errors.Is(err, io.EOF) {
		m.failed = err
	}
	return err
}

func (m *members) begin() error {
	m.cur = nil
	for {
		head, err := m.br.Peek(8)
		if len(head) == 0 {
			return err
		}
		m.start = m.offset()
		switch {
		case m.plain:
			m.cur = m.br
			return nil
		case bytes.HasPrefix(head, magicGzip):
			return m.nextGzip()
		case bytes.HasPrefix(head, magicZstd):
			return m.nextZstd()
		case len(head) == 8 && binary.LittleEndian.Uint32(head)&^0xf == 0x184d2a50:
			if err := m.skippable(head); err != nil {
				return err
			}
		case bytes.HasPrefix(head, magicWARC) && m.start == 0 || isBlank(head[0]) && m.start == 0:
			m.plain, m.cur = true, m.br
			return nil
		case m.start == 0:
			return errNoArchive
		default:
			return errors.New("no member begins here")
		}
	}
}

func isBlank(c byte) bool { return c == '\r' || c == '\n' }

func (m *members) nextGzip() (err error) {
	if m.gz == nil {
		m.gz, err = gzip.NewReader(m.br)
	} else {
		err = m.gz.Reset(m.br)
	}
	if err != nil {
		return fmt.Errorf("gzip: %w", err)
	}
	m.gz.Multistream(false)
	m.cur = m.gz
	return nil
}

func (m *members) nextZstd() (err error) {
	if m.zst == nil {
		opts := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(uint64(m.window))}
		if m.dict != nil {
			opts = append(opts, zstd.WithDecoderDicts(m.dict))
		}
		if m.zst, err = zstd.NewReader(nil, opts...); err != nil {
			return fmt.Errorf("zstd: %w", err)
		}
	}
	m.frame = &frame{br: m.br}
	if err := m.zst.Reset(m.frame); err != nil {
		return fmt.Errorf("zstd: %w", err)
	}
	m.cur = m.zst
	return nil
}

// skippable passes over a skippable frame and takes a dictionary from it.
func (m *members) skippable(head []byte) error {
	size := int64(binary.LittleEndian.Uint32(head[4:]))
	isDict := binary.LittleEndian.Uint32(head) == magicDictionary && m.zst == nil
	if _, err := m.br.Discard(8); err != nil {
		return err
	}
	if !isDict || size > maxDictionary {
		_, err := io.CopyN(io.Discard, m.br, size)
		return noEOF(err)
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, m.br, size); err != nil {
		return noEOF(err)
	}
	m.dict = b.Bytes()
	if bytes.HasPrefix(m.dict, magicZstd) { // it may be compressed itself
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDictionary))
		if err != nil {
			return err
		}
		defer d.Close()
		if m.dict, err = d.DecodeAll(m.dict, nil); err != nil {
			return fmt.Errorf("the zstd dictionary: %w", err)
		}
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Read implements [io.Reader] within the current member.
func (m *members) Read(p []byte) (int, error) {
	if m.failed != nil {
		return 0, m.failed
	}
	if m.cur == nil {
		return 0, errMemberEnd
	}
	n, err := m.cur.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if m.plain {
		return n, io.EOF
	}
	if m.frame != nil && m.cur == m.zst {
		// The decoder may stop before the checksum that ends the frame.
		if _, err := io.Copy(io.Discard, m.frame); err != nil {
			return n, err
		}
	}
	m.cur = nil
	return n, errMemberEnd
}

// resync goes to the next member that holds the beginning of a record, after the
// beginning of the damaged one. io.EOF says that there is none.
func (m *members) resync() error {
	m.cur, m.failed = nil, nil
	if m.seeker != nil {
		// The damaged data may have been taken for more than it was.
		if _, err := m.seeker.Seek(m.start+1, io.SeekStart); err != nil {
			return err
		}
		m.count.n = m.start + 1
		m.br.Reset(&m.count)
	}
	for {
		head, err := m.br.Peek(lookAhead)
		if len(head) < 4 {
			if err == nil || errors.Is(err, io.EOF) {
				return io.EOF
			}
			return err
		}
		i := nextMagic(head)
		if i < 0 {
			i = len(head) - 3
		} else if i == 0 {
			if m.beginsRecord(head) {
				return nil
			}
			i = 1
		}
		if _, err := m.br.Discard(i); err != nil {
			return err
		}
	}
}

func nextMagic(b []byte) int {
	i, j := bytes.Index(b, magicGzip), bytes.Index(b, magicZstd)
	if i < 0 || j >= 0 && j < i {
		return j
	}
	return i
}

// beginsRecord tries to decompress the first bytes of a member.
func (m *members) beginsRecord(head []byte) bool {
	var first [5]byte
	if bytes.HasPrefix(head, magicGzip) {
		z, err := gzip.NewReader(bytes.NewReader(head))
		if err != nil {
			return false
		}
		_, err = io.ReadFull(z, first[:])
		return err == nil && bytes.Equal(first[:], magicWARC)
	}
	opts := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(uint64(m.window))}
	if m.dict != nil {
		opts = append(opts, zstd.WithDecoderDicts(m.dict))
	}
	z, err := zstd.NewReader(bytes.NewReader(head), opts...)
	if err != nil {
		return false
	}
	defer z.Close()
	// A block that is longer than what is seen here cannot be judged: then the
	// magic number has to do.
	_, err = io.ReadFull(z, first[:])
	return err != nil && errors.Is(err, io.ErrUnexpectedEOF) || bytes.Equal(first[:], magicWARC)
}

func (m *members) close() {
	if m.zst != nil {
		m.zst.Close()
	}
}
