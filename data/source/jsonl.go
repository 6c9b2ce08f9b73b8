package source

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// jsonl reads one JSON object per line. Empty lines are passed over.
func (r *reader) jsonl(br *bufio.Reader, off int64) error {
	// A JSON string may spell every byte as \u00XX, so a line can be six times
	// its text; twice that leaves room for the other fields.
	limit := int(r.cfg.MaxDocumentBytes)*12 + 64<<10
	var line []byte
	for {
		var size int64
		var err error
		line, size, err = readLine(br, line[:0], limit)
		if err != nil && !errors.Is(err, io.EOF) {
			return damaged(err) // the part of a line before the damage is no record
		}
		if size > int64(limit) {
			r.reject(off, ReasonTooLong, fmt.Sprintf("a line of %d bytes", size), line, size)
		} else if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 {
			if err := r.object(trimmed, off, "@"+strconv.FormatInt(off, 10)); err != nil {
				return err
			}
		}
		off += size
		if err != nil {
			return nil
		}
	}
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
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return bad(ReasonNoText, "not a JSON object but a "+kind.Value)
		}
		return bad(ReasonBrokenJSON, err.Error())
	}
	field, ok := fields[r.cfg.TextField]
	if !ok {
		return bad(ReasonNoText, fmt.Sprintf("no field %q", r.cfg.TextField))
	}
	var text *string
	if json.Unmarshal(field, &text) != nil || text == nil {
		return bad(ReasonNoText, fmt.Sprintf("field %q is not a string", r.cfg.TextField))
	}
	d := Document{Text: *text, ByteOffset: off}
	if id := scalar(fields[r.cfg.IDField]); id != "" {
		key = "id:" + id
	}
	d.URL = scalar(fields[r.cfg.URLField])
	if m := fields[r.cfg.MetaField]; len(m) > 0 && string(m) != "null" {
		d.Meta = string(m)
	}
	return r.record(d, key)
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
func scalar(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	if raw[0] == '"' {
		var s string
		_ = json.Unmarshal(raw, &s)
		return s
	}
	if raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' {
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
