package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// json reads a JSON file: objects, arrays of them, or several of either in a row, as
// files that were put together have them. A value that is broken inside is rejected and
// the next one read; where no value can begin, nothing more can be found in the file.
func (r *reader) json(br *bufio.Reader, start int64) error {
	v := valueReader{br: br, off: start, limit: r.recordLimit()}
	for n := 0; ; n++ {
		if n%64 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		raw, off, err := v.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLongValue):
			r.reject(off, ReasonTooLong, fmt.Sprintf("a value of %d bytes", v.off-off), raw, v.off-off)
			continue
		case err != nil:
			return damaged(fmt.Errorf("broken JSON after %d records, at byte %d: %w", n, v.off, err))
		}
		if err := r.object(raw, off, "@"+strconv.FormatInt(off, 10)); err != nil {
			return err
		}
	}
}

var errLongValue = errors.New("a value is too long")

// valueReader cuts a JSON text into the values at its top and in its arrays at the top.
// It goes by brackets and quotes alone; what is between them is judged by those who
// read the values. Each byte is looked at once.
type valueReader struct {
	br      *bufio.Reader
	off     int64 // of the next byte
	inArray bool
	limit   int // bytes of a value that are kept
	buf     []byte
}

// next returns the next value, valid until the next call, and its offset. io.EOF is
// the end of the text.
func (v *valueReader) next() (raw []byte, off int64, err error) {
	for {
		c, err := v.br.ReadByte()
		if err != nil {
			if errors.Is(err, io.EOF) && v.inArray {
				err = errors.New("the array is not closed")
			}
			return nil, v.off, err
		}
		v.off++
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0 || c == ',':
		case c == utf8BOM[0]: // a mark: two files in a row
			if rest, _ := v.br.Peek(2); len(rest) < 2 || rest[0] != utf8BOM[1] || rest[1] != utf8BOM[2] {
				return nil, v.off, fmt.Errorf("a value cannot begin with %q", c)
			}
			_, _ = v.br.Discard(2) // was peeked
			v.off += 2
		case c == '[' && !v.inArray:
			v.inArray = true
		case c == ']' && v.inArray:
			v.inArray = false
		case c == '{' || c == '[' || c == '"' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
			off = v.off - 1
			raw, err := v.value(c)
			return raw, off, err
		default:
			return nil, v.off - 1, fmt.Errorf("a value cannot begin with %q", c)
		}
	}
}

// value reads the rest of a value that begins with c.
func (v *valueReader) value(c byte) ([]byte, error) {
	v.buf = append(v.buf[:0], c)
	size, depth, quoted, escaped := 1, 0, c == '"', false
	if c == '{' || c == '[' {
		depth = 1
	}
	for {
		if !quoted && depth == 0 && (c == '}' || c == ']' || c == '"' && size > 1) {
			break
		}
		b, err := v.br.ReadByte()
		if errors.Is(err, io.EOF) && !quoted && depth == 0 {
			break // a word or a number
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the text ends inside a value")
			}
			return v.buf, err
		}
		if !quoted && depth == 0 && v.buf[0] != '"' && (b == ',' || b == ']' || b <= ' ') {
			_ = v.br.UnreadByte() // was read
			break
		}
		c = b
		v.off++
		if size++; len(v.buf) < v.limit {
			v.buf = append(v.buf, c)
		}
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped = c == '\\'
			quoted = c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	if size > v.limit {
		return v.buf[:min(len(v.buf), 200)], errLongValue
	}
	return v.buf, nil
}
