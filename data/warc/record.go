package warc

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Record types of ISO 28500 that carry documents.
const (
	TypeResponse   = "response"
	TypeConversion = "conversion"
	TypeResource   = "resource"
)

// Record is one record of an archive.
type Record struct {
	// Number counts the records of the file from 0, damaged ones among them.
	Number int64
	// Offset is where the member that the record begins in begins in the file;
	// in plain text it is where the record begins.
	Offset int64
	// Header has the fields of the record.
	Header Header
	// Body is the content block, nil if it was not wanted. It is the caller's
	// until the next call of Next.
	Body []byte
	// Length is the length of the content block.
	Length int64
}

// RecordError is a record that could not be read. Reading may go on.
type RecordError struct {
	Number int64 // as in [Record]
	Offset int64
	Long   bool  // it is whole, but longer than the limit
	Length int64 // of the content block where it is known
	Err    error
}

// Error names the record and the reason.
func (e *RecordError) Error() string {
	return fmt.Sprintf("record %d at offset %d: %v", e.Number, e.Offset, e.Err)
}

// Unwrap returns the reason.
func (e *RecordError) Unwrap() error { return e.Err }

// Header holds the named fields of a record, or of an HTTP message, in order.
type Header []Field

// Field is one line of a header.
type Field struct{ Name, Value string }

// Get returns the value of the first field of that name, whatever its case, or "".
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Type is the record's type, in lower case.
func (h Header) Type() string { return strings.ToLower(h.Get("WARC-Type")) }

// URL is the address the record is about. Angle brackets around it, which old
// writers put there, are taken away.
func (h Header) URL() string {
	return strings.TrimSuffix(strings.TrimPrefix(h.Get("WARC-Target-URI"), "<"), ">")
}

// parseHeader reads header lines up to the empty one. A line that begins with a
// blank goes on from the one before. Lines without a colon are passed over, as browsers
// do.
func parseHeader(b []byte) Header {
	var h Header
	for len(b) > 0 {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			continue
		}
		if (line[0] == ' ' || line[0] == '\t') && len(h) > 0 {
			last := &h[len(h)-1]
			last.Value = strings.TrimSpace(last.Value + " " + clean(line))
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		h = append(h, Field{clean(name), clean(value)})
	}
	return h
}

func clean(b []byte) string {
	return strings.ToValidUTF8(string(bytes.TrimSpace(b)), "\uFFFD")
}

// contentLength reads the one field without which nothing can be found.
func contentLength(h Header) (int64, error) {
	s := h.Get("Content-Length")
	if s == "" {
		return 0, fmt.Errorf("no Content-Length")
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("the Content-Length is %.40q", s)
	}
	return n, nil
}
