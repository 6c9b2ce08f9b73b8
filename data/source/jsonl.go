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
	limit := r.recordLimit()
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
		} else if trimmed := trimLine(line); len(trimmed) > 0 {
			text, good := r.utf8Line(trimmed, d)
			record := r.object
			if good {
				record = r.validObject // it need not be looked at again
			}
			if err := record(text, off, "@"+strconv.FormatInt(off, 10)); err != nil {
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

// recordLimit is how long a record in JSON may be. A string that spells all that is not
// ASCII as \uXXXX is up to three times its text, and there are other fields.
func (r *reader) recordLimit() int { return int(3*r.cfg.MaxDocumentBytes + 1<<20) }

// trimLine takes off what is around a record: blanks, the zeros of a file that was made
// longer, the separator of JSON text sequences (RFC 7464), and the byte order mark that
// the second file has when two were put together.
func trimLine(line []byte) []byte {
	line = bytes.Trim(line, " \t\r\n\x00\x1e")
	return bytes.TrimSpace(bytes.TrimPrefix(line, utf8BOM))
}

// utf8Line decodes a line that is not UTF-8, by the file's encoding or its own;
// one that does not decode cleanly stays as it is, to be rejected. good says that the
// result is UTF-8.
func (r *reader) utf8Line(line []byte, d charset.Decision) (text []byte, good bool) {
	if !d.Escaped() && utf8.Valid(line) {
		return line, true
	}
	if d.Name == "" {
		var err error
		if d, err = charset.Detect(line, "", false); err != nil || d.How == charset.Damaged {
			return line, false
		}
		defer func() { r.stats.Encodings[d.String()]++ }()
	}
	if out, clean := d.Convert(line); clean {
		return out, true
	}
	return line, false
}

// readLine appends a line to buf, keeping no more than limit bytes of it, and
// returns its full size with the line end.
func readLine(br *bufio.Reader, buf []byte, limit int) (line []byte, size int64, err error) {
	for {
		part, err := br.ReadSlice('\n')
		size += int64(len(part))
		if room := limit - len(buf); room > 0 {
			if need := len(buf) + len(part); need > cap(buf) { // no more than the limit, at the end
				buf = append(make([]byte, 0, min(2*need, max(limit, need))), buf...)
			}
			buf = append(buf, part[:min(room, len(part))]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, size, err
		}
	}
}

// object is [reader.validObject] for bytes that may be no UTF-8, which are rejected.
func (r *reader) object(raw []byte, off int64, key string) error {
	if !utf8.Valid(raw) {
		r.reject(off, ReasonInvalidUTF8, "", raw, int64(len(raw)))
		return nil
	}
	return r.validObject(raw, off, key)
}

// validObject turns one JSON object into a document or a reject. The key identifies
// it unless the record has an id of its own.
func (r *reader) validObject(raw []byte, off int64, key string) error {
	bad := func(reason, detail string) error {
		r.reject(off, reason, detail, raw, int64(len(raw)))
		return nil
	}
	w := r.fieldsWanted()
	if !w.find(raw) {
		return bad(whyNoObject(raw))
	}
	text := w.value(fieldText)
	if text == nil {
		return bad(ReasonNoText, fmt.Sprintf("no field %q", r.cfg.TextField))
	}
	value, ok := unquote(text)
	if !ok {
		return bad(ReasonNoText, fmt.Sprintf("field %q is not a string", r.cfg.TextField))
	}
	d := Document{Text: value, ByteOffset: off, URL: scalar(w.value(fieldURL)), SourceID: scalar(w.value(fieldID))}
	if d.SourceID != "" {
		key = "id:" + d.SourceID
	}
	d.Meta = w.meta()
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

// scalar returns a JSON string's value, a number's digits, "true" or "false", else "".
func scalar(raw []byte) string {
	if s, ok := unquote(raw); ok {
		return s
	}
	if len(raw) > 0 && raw[0] != '{' && raw[0] != '[' && raw[0] != 'n' {
		return string(raw)
	}
	return ""
}
