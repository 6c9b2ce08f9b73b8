package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"huihai/data/charset"
	"huihai/data/html"
)

// Stats is what reading one file came to.
type Stats struct {
	Documents int64            `json:"documents"`
	TextBytes int64            `json:"text_bytes"`
	Rejected  map[string]int64 `json:"rejected,omitempty"`       // records by reason
	RejBytes  map[string]int64 `json:"rejected_bytes,omitempty"` // bytes of them by reason
	// Encodings counts decisions about encodings, by encoding and ground, such as
	// "gb18030/detected": one for each text file, page and web archive record, one
	// for a JSON Lines file and one for each line of it that needed its own.
	Encodings map[string]int64 `json:"encodings,omitempty"`
	// PassedOver counts records of web archives that are no documents: by type
	// ("warc_request"), or "http_status" and "media_type" of responses.
	PassedOver map[string]int64 `json:"passed_over,omitempty"`
}

// Handler receives what a file holds. Document may return [ErrStop] to end the
// reading early; any other error ends it as a failure of the caller's own.
type Handler struct {
	Document func(Document) error
	Reject   func(Reject) // may be nil; sees the first few of each reason
}

// ErrStop ends reading without being an error.
var ErrStop = errors.New("stop reading")

// FileError is a bad file: named, with the reason, and not the end of a run.
type FileError struct {
	Path string
	Err  error
}

// Error names the file and the reason.
func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the reason.
func (e *FileError) Unwrap() error { return e.Err }

// Read reads one file and calls h for each document in order. A damaged or
// unreadable file gives a [*FileError] beside the statistics of what was read
// before the damage; errors of the handler and of ctx come back as they are.
func Read(ctx context.Context, f File, cfg Config, h Handler) (Stats, error) {
	r := &reader{ctx: ctx, file: f, cfg: cfg, h: h}
	r.stats.Rejected, r.stats.RejBytes = map[string]int64{}, map[string]int64{}
	r.stats.Encodings, r.stats.PassedOver = map[string]int64{}, map[string]int64{}
	err := r.read()
	if errors.Is(err, ErrStop) {
		err = nil
	}
	var own *callerError
	switch {
	case err == nil:
		return r.stats, nil
	case errors.As(err, &own):
		return r.stats, own.err
	case ctx.Err() != nil:
		return r.stats, ctx.Err()
	}
	return r.stats, &FileError{f.Path, err}
}

// callerError carries an error of the handler through the readers, so that it is
// not mistaken for damage in the file.
type callerError struct{ err error }

func (e *callerError) Error() string { return e.err.Error() }

type reader struct {
	ctx   context.Context
	file  File
	cfg   Config
	h     Handler
	stats Stats
	page  *html.Extractor // made when needed

	fields *wantedFields // made when needed
}

func (r *reader) read() error {
	f, err := os.Open(r.file.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	switch r.file.Format {
	case FormatParquet:
		return r.parquet(f)
	case FormatWARC:
		return r.warc(f)
	}
	raw, closer, err := r.decompress(f)
	if err != nil {
		return err
	}
	defer closer()
	br := bufio.NewReaderSize(raw, 128<<10)
	if err := refuse(br, r.file.Format); err != nil {
		return err
	}
	switch r.file.Format {
	case FormatJSONL:
		return r.jsonl(f, br)
	case FormatHTML:
		return r.htmlFile(br)
	}
	if r.file.Format == FormatText {
		head, _ := br.Peek(int(min(r.cfg.SplitBytes, charset.Window)))
		if err := r.decidable(head); err != nil {
			return err
		}
	}
	start, err := passMark(br)
	if err != nil {
		return err
	}
	decoded := charset.NewReader(br, r.cfg.Encoding)
	defer func() { r.stats.Encodings[decoded.Decision().String()]++ }()
	text := bufio.NewReaderSize(decoded, 128<<10)
	switch r.file.Format {
	case FormatJSON:
		return r.json(text, start)
	case FormatCSV:
		return r.csv(text, start)
	}
	return r.text(text, start)
}

// decompress wraps f by its name's compression; closer frees the decoder.
func (r *reader) decompress(f io.Reader) (io.Reader, func(), error) {
	switch _, _, compression := splitName(r.file.Path); compression {
	case ".gz":
		z, err := newGzip(f)
		if err != nil {
			return nil, nil, err
		}
		return z, func() {}, nil
	case ".zst":
		return r.newZstd(f)
	}
	return f, func() {}, nil
}

// refuse looks at the beginning of a text and refuses what is none.
func refuse(br *bufio.Reader, format Format) error {
	head, err := br.Peek(charset.Window)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return damaged(err)
	}
	if bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/")) {
		return errors.New("a Git LFS pointer, not the file itself; fetch it with git lfs pull")
	}
	if errors.Is(err, io.EOF) {
		head = bytes.TrimRight(head, "\x00") // a file that was made longer
	} else if trimmed := bytes.TrimRight(head, "\x00"); bytes.HasSuffix(trimmed, []byte("\n")) {
		head = trimmed
	}
	if i := bytes.IndexByte(head, 0); i >= 0 && !charset.IsText(head) && !(format == FormatJSONL && zerosBetweenLines(head)) {
		return fmt.Errorf("binary file (a NUL byte at offset %d)", i)
	}
	return nil
}

// zerosBetweenLines reports whether all zeros of a text stand at the beginnings and ends
// of lines, as a machine that lost its power leaves a log.
func zerosBetweenLines(b []byte) bool {
	for line := range bytes.Lines(b) {
		if bytes.IndexByte(bytes.Trim(line, "\x00\r\n"), 0) >= 0 {
			return false
		}
	}
	return charset.IsText(bytes.ReplaceAll(b, []byte{0}, nil))
}

var utf8BOM = []byte("\xef\xbb\xbf")

// passMark passes over the byte order mark of UTF-8 and returns its length.
func passMark(br *bufio.Reader) (int64, error) {
	if head, _ := br.Peek(len(utf8BOM)); !bytes.Equal(head, utf8BOM) {
		return 0, nil
	}
	_, err := br.Discard(len(utf8BOM))
	return int64(len(utf8BOM)), err
}

// invalidBytes counts the bytes that are not part of valid UTF-8.
func invalidBytes(b []byte) int {
	if utf8.Valid(b) {
		return 0
	}
	bad := 0
	for len(b) > 0 {
		c, n := utf8.DecodeRune(b)
		if c == utf8.RuneError && n == 1 {
			bad++
		}
		b = b[n:]
	}
	return bad
}

// emit hands a document on, after the limits.
func (r *reader) emit(d Document, key string) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	d.Source, d.FilePath = r.file.Source, r.file.Logical
	d.ID = documentID(d.Source, d.FilePath, key)
	if err := r.h.Document(d); err != nil {
		if errors.Is(err, ErrStop) {
			return ErrStop
		}
		return &callerError{err}
	}
	r.stats.Documents++
	r.stats.TextBytes += int64(len(d.Text))
	return nil
}

// reject counts a bad record and offers a sample of it.
func (r *reader) reject(off int64, reason, detail string, record []byte, size int64) {
	r.stats.Rejected[reason]++
	r.stats.RejBytes[reason] += size
	if r.h.Reject == nil || r.stats.Rejected[reason] > int64(r.cfg.RejectSamples) {
		return
	}
	sample := record[:min(len(record), 200)]
	r.h.Reject(Reject{
		FilePath: r.file.Logical, ByteOffset: off, Reason: reason, Detail: detail,
		Sample: strings.ToValidUTF8(string(sample), "\uFFFD"), Bytes: size,
	})
}
