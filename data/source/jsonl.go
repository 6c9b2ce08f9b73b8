package source

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"unicode/utf8"

	"huihai/data/charset"
)

// jsonl reads one JSON object per line. Empty lines are passed over. Lines that
// are not UTF-8 are decoded one by one, by the encoding that the head of the file
// shows, else by their own; only text of two bytes a character is decoded before
// it is cut into lines.
func (r *reader) jsonl(f *os.File, br *bufio.Reader) error {
	head, peekErr := br.Peek(charset.Window)
	d, headErr := charset.Detect(head, r.cfg.Encoding, peekErr == nil)
	if headErr == nil && r.file.Offset == 0 {
		r.stats.Encodings[d.String()]++
	}
	if d.Wide() {
		if r.file.Offset > 0 {
			return nil // such a file is read as a whole, with its first part
		}
		whole := *r
		whole.file.Length = 0
		err := whole.lines(bufio.NewReaderSize(charset.NewReader(br, r.cfg.Encoding), 128<<10), 0, charset.Decision{})
		r.stats = whole.stats
		return err
	}
	off, err := r.seekLine(f, br)
	if err != nil {
		return err
	}
	if d.Name == charset.UTF8 {
		d = charset.Decision{}
	}
	err = r.lines(br, off, d)
	if err == nil && headErr != nil && r.stats.Documents == 0 && r.stats.Rejected[ReasonInvalidUTF8] > 0 {
		return headErr // not one line could be read
	}
	return err
}

// seekLine goes to the first line that begins in the part of the file that is to
// be read, and returns its offset.
func (r *reader) seekLine(f *os.File, br *bufio.Reader) (int64, error) {
	if r.file.Offset == 0 {
		return passMark(br)
	}
	// A line that begins exactly here shows by the line end before it.
	at := r.file.Offset - 1
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	br.Reset(f)
	_, size, err := readLine(br, nil, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, damaged(err)
	}
	return at + size, nil
}

// lines reads records from off on, up to the end of the part that is to be read.
func (r *reader) lines(br *bufio.Reader, off int64, d charset.Decision) error {
	// A JSON string may spell every byte as \u00XX, so a line can be six times
	// its text; twice that leaves room for the other fields.
	limit := int(r.cfg.MaxDocumentBytes)*12 + 64<<10
	end := int64(math.MaxInt64)
	if r.file.Length > 0 {
		end = r.file.Offset + r.file.Length
	}
	var line []byte
	for first := r.file.Offset == 0; off < end || first; first = false { // a mark is part of the first line
		var size int64
		var err error
		line, size, err = readLine(br, line[:0], limit)
		if err != nil && !errors.Is(err, io.EOF) {
			return damaged(err) // the part of a line before the damage is no record
		}
		if size > int64(limit) {
			r.reject(off, ReasonTooLong, fmt.Sprintf("a line of %d bytes", size), line, size)
		} else if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 {
			if err := r.object(r.utf8Line(trimmed, d), off, "@"+strconv.FormatInt(off, 10)); err != nil {
				return err
			}
		}
		off += size
		if err != nil {
			return nil
		}
	}
	return nil
}

// utf8Line decodes a line that is not UTF-8, by the file's encoding or its own;
// one that does not decode cleanly stays as it is, to be rejected.
func (r *reader) utf8Line(line []byte, d charset.Decision) []byte {
	if utf8.Valid(line) {
		return line
	}
	if d.Name == "" {
		var err error
		if d, err = charset.Detect(line, "", false); err != nil || d.How == charset.Damaged {
			return line
		}
		defer func() { r.stats.Encodings[d.String()]++ }()
	}
	if out, clean := d.Convert(line); clean {
		return out
	}
	return line
}

// readLine appends a line to buf, keeping no more than limit bytes of it, and
// returns its full size with the line end.
func readLine(br *bufio.Reader, buf []byte, limit int) (line []byte, size int64, err error) {
	for {
		part, err := br.ReadSlice('\n')
		size += int64(len(part))
		if room := limit - len(buf); room > 0 {
			buf = append(buf, part[:min(room, len(part))]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, size, err
		}
	}
}

// object turns one JSON object into a document or a reject. The key identifies
// it unless the record has an id of its own.
func (r *reader) object(raw []byte, off int64, key string) error {
	bad := func(reason, detail string) error {
		r.reject(off, reason, detail, raw, int64(len(raw)))
		return nil
	}
	if !utf8.Valid(raw) {
		return bad(ReasonInvalidUTF8, "")
	}
	var fields [4][]byte
	names := [4]string{r.cfg.TextField, r.cfg.IDField, r.cfg.URLField, r.cfg.MetaField}
	if !scanObject(raw, &names, &fields) {
		return bad(whyNoObject(raw))
	}
	if fields[0] == nil {
		return bad(ReasonNoText, fmt.Sprintf("no field %q", r.cfg.TextField))
	}
	text, ok := unquote(fields[0])
	if !ok {
		return bad(ReasonNoText, fmt.Sprintf("field %q is not a string", r.cfg.TextField))
	}
	d := Document{Text: text, ByteOffset: off}
	if id := scalar(fields[1]); id != "" {
		key = "id:" + id
	}
	d.URL = scalar(fields[2])
	if m := fields[3]; len(m) > 0 && string(m) != "null" {
		d.Meta = string(m)
	}
	if r.cfg.TextIsHTML {
		return r.htmlField(d, key)
	}
	return r.record(d, key)
}

// whyNoObject says what is wrong with a record that the scanner refused.
func whyNoObject(raw []byte) (reason, detail string) {
	var fields map[string]json.RawMessage
	err := json.Unmarshal(raw, &fields)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return ReasonNoText, "not a JSON object but a " + kind.Value
	case err != nil:
		return ReasonBrokenJSON, err.Error()
	}
	return ReasonNoText, "not a JSON object but null"
}

// record applies the limits that JSON and Parquet records share.
func (r *reader) record(d Document, key string) error {
	size := int64(len(d.Text))
	switch {
	case size == 0:
		r.reject(d.ByteOffset, ReasonEmptyText, "", nil, 0)
		return nil
	case size > r.cfg.MaxDocumentBytes:
		r.reject(d.ByteOffset, ReasonTooLong, fmt.Sprintf("a text of %d bytes; the limit is %d", size, r.cfg.MaxDocumentBytes), []byte(d.Text), size)
		return nil
	}
	return r.emit(d, key)
}

// scalar returns a JSON string's value or a number's digits, else "".
func scalar(raw []byte) string {
	if s, ok := unquote(raw); ok {
		return s
	}
	if len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
		return string(raw)
	}
	return ""
}

// json reads a JSON file: an array of objects, one object, or several in a row.
// After a syntax error nothing more can be found in the file.
func (r *reader) json(br *bufio.Reader, start int64) error {
	dec := json.NewDecoder(br)
	first, err := peekByte(br)
	if err != nil {
		return endOf(err)
	}
	inArray := first == '['
	if inArray {
		if _, err := dec.Token(); err != nil {
			return damaged(err)
		}
	}
	for n := 0; ; n++ {
		if inArray && !dec.More() {
			_, err := dec.Token()
			if err != nil {
				return damaged(err)
			}
			return nil
		}
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) && !inArray {
			return nil
		}
		if err != nil {
			return damaged(fmt.Errorf("broken JSON after %d records: %w", n, err))
		}
		off := start + dec.InputOffset() - int64(len(raw))
		if err := r.object(raw, off, "@"+strconv.FormatInt(off, 10)); err != nil {
			return err
		}
	}
}

// peekByte returns the first byte that is no blank, without consuming it.
func peekByte(br *bufio.Reader) (byte, error) {
	for n := 1; ; n++ {
		b, err := br.Peek(n)
		if len(b) < n {
			return 0, err
		}
		switch b[n-1] {
		case ' ', '\t', '\r', '\n':
		default:
			return b[n-1], nil
		}
	}
}
