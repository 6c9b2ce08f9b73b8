package warc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Options bound and choose what is read.
type Options struct {
	// MaxRecord is the longest content block in bytes; 0 means 64 MiB.
	MaxRecord int64
	// MaxWindow is the largest window of Zstandard in bytes, which a reader holds; 0
	// means 128 MiB.
	MaxWindow int64
	// Want chooses by header the records whose body is read; nil wants all.
	Want func(Header) bool
}

const (
	defaultMaxRecord = 64 << 20
	defaultMaxWindow = 128 << 20
	maxHeader        = 1 << 20
)

// Reader yields the records of one archive.
type Reader struct {
	m      *members
	br     *bufio.Reader // over the text of members; never ahead of the current one
	pushed []byte        // text to read before br
	opt    Options
	number int64
	body   []byte
	done   error // final
	resync bool  // find the next record first
	alone  bool  // the record begins its member
	begun  bool  // a record of the member was begun
	used   int64 // bytes of plain text used so far
}

// NewReader reads an archive. If r can seek, damage is stepped over more surely.
func NewReader(r io.Reader, opt Options) *Reader {
	if opt.MaxRecord <= 0 {
		opt.MaxRecord = defaultMaxRecord
	}
	if opt.MaxWindow <= 0 {
		opt.MaxWindow = defaultMaxWindow
	}
	m := newMembers(r, opt.MaxWindow)
	return &Reader{m: m, br: bufio.NewReaderSize(m, 64<<10), opt: opt, used: m.count.n}
}

// Close frees the decoder.
func (r *Reader) Close() { r.m.close() }

// Next returns the next record. io.EOF is the end; a [*RecordError] is a record
// that is lost, after which Next can be called again; any other error is one of
// the file, and final.
func (r *Reader) Next() (*Record, error) {
	if r.done != nil {
		return nil, r.done
	}
	rec, err := r.next()
	if err == nil {
		r.number++
		return rec, nil
	}
	var bad *RecordError
	if errors.As(err, &bad) {
		r.number++
		return nil, err
	}
	r.done = err
	return nil, err
}

func (r *Reader) next() (*Record, error) {
	if r.resync {
		if err := r.findNext(); err != nil {
			return nil, err
		}
		r.resync = false
	}
	if err := r.skipBlank(); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if errors.Is(err, errNoArchive) {
			return nil, err
		}
		return nil, r.damage(r.m.start, 0, err)
	}
	r.alone, r.begun = !r.begun && !r.m.plain, true
	rec := &Record{Number: r.number, Offset: r.m.start}
	if r.m.plain {
		rec.Offset = r.used
	}
	if err := r.header(rec); err != nil {
		return nil, r.damage(rec.Offset, 0, err)
	}
	return r.content(rec)
}

// damage makes an error of a record and has the next one looked for.
func (r *Reader) damage(off, length int64, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, errMemberEnd) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("truncated: the data ends inside the record")
	}
	r.resync = true
	return &RecordError{Number: r.number, Offset: off, Length: length, Err: err}
}

// skipBlank passes over the line ends between records and begins members. After
// it at least one byte of a record is there.
func (r *Reader) skipBlank() error {
	for {
		b, err := r.peek(1)
		switch {
		case errors.Is(err, errMemberEnd):
			if err := r.m.next(); err != nil {
				return err
			}
			r.begun = false
			continue
		case err != nil && len(b) == 0:
			return err
		}
		if !isBlank(b[0]) {
			return nil
		}
		r.discard(1)
	}
}

func (r *Reader) peek(n int) ([]byte, error) {
	if len(r.pushed) == 0 {
		return r.br.Peek(n)
	}
	if n <= 16 && len(r.pushed) < n { // a word across the seam
		part, _ := r.br.Peek(n - len(r.pushed))
		r.pushed = append(r.pushed, part...)
		_, _ = r.br.Discard(len(part)) // was peeked
	}
	return r.pushed[:min(n, len(r.pushed))], nil
}

func (r *Reader) discard(n int) {
	r.used += int64(n)
	if len(r.pushed) > 0 {
		r.pushed = r.pushed[n:]
		return
	}
	_, _ = r.br.Discard(n) // was peeked
}

// line reads up to a line end, across members if a record is cut by them.
func (r *Reader) line(buf []byte) ([]byte, error) {
	for len(buf) < maxHeader {
		if len(r.pushed) > 0 {
			part := r.pushed
			if i := bytes.IndexByte(part, '\n'); i >= 0 {
				part = part[:i+1]
			}
			buf = append(buf, part...)
			r.discard(len(part))
			if buf[len(buf)-1] == '\n' {
				return buf, nil
			}
			continue
		}
		part, err := r.br.ReadSlice('\n')
		buf = append(buf, part...)
		r.used += int64(len(part))
		switch {
		case err == nil:
			return buf, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, errMemberEnd):
			if err := r.goOn(); err != nil {
				return buf, err
			}
		default:
			return buf, err
		}
	}
	return buf, errors.New("a header of more than 1 MiB")
}

// goOn begins the next member inside a record: some writers compress a file in
// pieces of equal size. A member that begins a record of its own says that this
// one is cut off.
func (r *Reader) goOn() error {
	if err := r.m.next(); err != nil {
		return err
	}
	b, err := r.br.Peek(len(magicWARC))
	if err != nil && len(b) == 0 && !errors.Is(err, errMemberEnd) {
		return err
	}
	if bytes.Equal(b, magicWARC) {
		r.begun = false
		return errNewRecord
	}
	r.alone = false
	return nil
}

// errNewRecord says that another record begins where this one should go on.
var errNewRecord = errors.New("truncated: another record begins inside this one")

// header reads the version line and the fields.
func (r *Reader) header(rec *Record) error {
	buf, err := r.line(nil)
	if err != nil {
		return err
	}
	version := string(bytes.TrimRight(buf, " \r\n"))
	if !isVersion(version) {
		return fmt.Errorf("no record begins here: %.40q", version)
	}
	buf = buf[:0]
	for {
		n := len(buf)
		if buf, err = r.line(buf); err != nil {
			return err
		}
		if l := buf[n:]; len(l) == 1 || len(l) == 2 && l[0] == '\r' {
			break
		}
	}
	rec.Header = parseHeader(buf)
	rec.Length, err = contentLength(rec.Header)
	return err
}

// isVersion reports whether a line begins a record: of any version of the format.
func isVersion(line string) bool {
	return len(line) >= len("WARC/1.0") && strings.EqualFold(line[:len(magicWARC)], string(magicWARC)) &&
		(line[5] == '0' || line[5] == '1') && line[6] == '.' && strings.Trim(line[7:], "0123456789") == ""
}

// content reads or passes over the content block and checks that the record ends
// where it says.
func (r *Reader) content(rec *Record) (*Record, error) {
	long := rec.Length > r.opt.MaxRecord
	want := !long && (r.opt.Want == nil || r.opt.Want(rec.Header))
	r.body = r.body[:0]
	left := rec.Length
	for left > 0 {
		part, err := r.peek(int(min(left, 64<<10)))
		if len(part) == 0 {
			whole := errors.Is(err, errMemberEnd) && r.alone
			if errors.Is(err, errMemberEnd) {
				if err = r.goOn(); err == nil {
					continue
				}
			}
			if whole && (errors.Is(err, errNewRecord) || errors.Is(err, io.EOF)) {
				return r.asLongAsItIs(rec, want), nil
			}
			return nil, r.lost(rec, err)
		}
		if want {
			r.body = append(r.body, part...)
		}
		r.discard(len(part))
		left -= int64(len(part))
	}
	if err := r.end(want); err != nil {
		if errors.Is(err, errNoFit) && !long && r.restOfMember() {
			return r.asLongAsItIs(rec, want), nil
		}
		return nil, r.lost(rec, err)
	}
	if long {
		return nil, &RecordError{Number: rec.Number, Offset: rec.Offset, Long: true, Length: rec.Length,
			Err: fmt.Errorf("a record of %d bytes; the limit is %d", rec.Length, r.opt.MaxRecord)}
	}
	if want {
		rec.Body = r.body[:rec.Length]
	}
	return rec, nil
}

// end checks what follows a content block: line ends, then the end of the member
// (whose checksum is thereby checked) or another record. With keep the line ends
// go to the body, in case it is to be read again.
func (r *Reader) end(keep bool) error {
	for range 64 { // more than a few are looked at by skipBlank
		b, err := r.peek(1)
		switch {
		case errors.Is(err, errMemberEnd) || errors.Is(err, io.EOF):
			return nil
		case len(b) == 0:
			return err
		case isBlank(b[0]):
			if keep {
				r.body = append(r.body, b[0])
			}
			r.discard(1)
			continue
		}
		// A member may end inside the word.
		if b, _ = r.peek(len(magicWARC)); bytes.HasPrefix(magicWARC, b) {
			return nil
		}
		return errNoFit
	}
	return nil
}

var errNoFit = errors.New("the Content-Length does not fit: something else than a record follows")

// restOfMember reads the rest of a compressed member, whose checksum says that it is
// whole, into the body of the only record in it. It reports whether it is the only one.
func (r *Reader) restOfMember() bool {
	if !r.alone {
		return false
	}
	for int64(len(r.body)) <= r.opt.MaxRecord {
		part, err := r.peek(64 << 10)
		r.body = append(r.body, part...)
		r.discard(len(part))
		if len(part) == 0 {
			return errors.Is(err, errMemberEnd) && recordInside(r.body) < 0
		}
	}
	return false
}

// asLongAsItIs takes what a whole member holds for the content of its record, whose
// Content-Length is wrong: without the line ends that close it.
func (r *Reader) asLongAsItIs(rec *Record, want bool) *Record {
	r.body = bytes.TrimSuffix(r.body, []byte("\r\n\r\n"))
	rec.Length = int64(len(r.body))
	if want {
		rec.Body = r.body
	}
	return rec
}

// lost is the error of a record whose content is not what its header says. In
// plain text the next record may have been taken for a part of it.
func (r *Reader) lost(rec *Record, err error) error {
	bad := r.damage(rec.Offset, rec.Length, err)
	if errors.Is(err, errNewRecord) {
		r.resync = false // it stands at the beginning of the next
		return bad
	}
	if i := recordInside(r.body); i >= 0 {
		r.used -= int64(len(r.body) - i)
		rest := append([]byte(nil), r.body[i:]...)
		r.pushed = append(rest, r.pushed...)
		r.resync = false
	}
	return bad
}

// recordInside finds a line that begins a record, inside a body.
func recordInside(b []byte) int {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte("\nWARC/"))
		if i < 0 {
			return -1
		}
		at := from + i + 1
		if line, _, ok := bytes.Cut(b[at:min(len(b), at+20)], []byte("\n")); ok && isVersion(string(bytes.TrimRight(line, "\r"))) {
			return at
		}
		from = at
	}
}

// findNext goes to the next record after a damaged one: to the next line that
// begins one, within the member if that is whole, else to the next member.
func (r *Reader) findNext() error {
	for {
		b, err := r.peek(len(magicWARC) + 2)
		if bytes.HasPrefix(b, []byte("WARC/1.")) || bytes.HasPrefix(b, []byte("WARC/0.")) {
			return nil
		}
		if len(b) > 0 {
			err = r.skipLine() // or what there is of it
			if err == nil || errors.Is(err, io.EOF) {
				continue
			}
		}
		if errors.Is(err, errMemberEnd) {
			err = r.m.next()
			if err == nil {
				continue
			}
			if errors.Is(err, io.EOF) {
				return err
			}
		}
		if r.m.plain {
			return err
		}
		if err := r.m.resync(); err != nil {
			return err
		}
		r.br.Reset(r.m)
	}
}

func (r *Reader) skipLine() error {
	if len(r.pushed) > 0 {
		n := len(r.pushed)
		if i := bytes.IndexByte(r.pushed, '\n'); i >= 0 {
			n = i + 1
		}
		r.discard(n)
		return nil
	}
	part, err := r.br.ReadSlice('\n')
	r.used += int64(len(part))
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil
	}
	return err
}
