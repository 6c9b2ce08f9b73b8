package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"huihai/data/charset"
)

// decidable looks ahead in a plain text file that begins with more ASCII than a document
// holds: if its encoding cannot be told further on, no piece of it is a document. A
// compressed file is not read twice.
func (r *reader) decidable(head []byte) error {
	if _, _, compression := splitName(r.file.Path); compression != "" || r.file.Size <= r.cfg.SplitBytes {
		return nil
	}
	for _, c := range head {
		if c >= utf8.RuneSelf {
			return nil // the decision falls before the first document
		}
	}
	f, err := os.Open(r.file.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	return charset.Undecidable(f, r.cfg.Encoding)
}

// text reads plain text as documents of about SplitBytes: a file below that is
// one document. Cuts fall after a blank line if one lies in the second half of
// the piece, else after a line end, else between characters.
func (r *reader) text(br *bufio.Reader, off int64) error {
	limit := int(r.cfg.SplitBytes)
	buf := make([]byte, 0, min(limit+4096, 1<<20))
	for {
		err := fill(br, &buf, limit)
		atEnd := err != nil
		if errors.Is(err, charset.ErrUnknown) {
			return err // what is here is the beginning of a text that cannot be read
		}
		if atEnd && len(buf) == 0 {
			return endOf(err)
		}
		cut := len(buf)
		if !errors.Is(err, io.EOF) { // more follows, or the end is damaged
			cut = cutPoint(buf)
		}
		if err := r.textPiece(buf[:cut], off); err != nil {
			return err
		}
		off += int64(cut)
		buf = append(buf[:0], buf[cut:]...)
		if atEnd && (len(buf) == 0 || !errors.Is(err, io.EOF)) {
			return endOf(err)
		}
	}
}

func (r *reader) textPiece(piece []byte, off int64) error {
	if piece[len(piece)-1] == 0 { // the zeros of a file that was made longer
		if piece = bytes.TrimRight(piece, "\x00"); len(piece) == 0 {
			return nil
		}
	}
	if bytes.IndexByte(piece, 0) >= 0 {
		r.reject(off, ReasonInvalidUTF8, "a NUL byte: binary data inside a text file", piece, int64(len(piece)))
		return nil
	}
	if bad := invalidBytes(piece); bad*10 > len(piece) {
		r.reject(off, ReasonInvalidUTF8, strconv.Itoa(bad)+" invalid bytes", piece, int64(len(piece)))
		return nil
	}
	if len(bytes.TrimSpace(piece)) == 0 {
		r.reject(off, ReasonEmptyText, "", nil, int64(len(piece)))
		return nil
	}
	// Invalid bytes that remain are few; cleaning replaces and counts them.
	return r.emit(Document{Text: string(piece), ByteOffset: off}, "@"+strconv.FormatInt(off, 10))
}

// fill reads until buf holds limit bytes. The error is io.EOF if the input ends
// there cleanly and the reader's own if it is damaged.
func fill(br *bufio.Reader, buf *[]byte, limit int) error {
	have := len(*buf)
	if cap(*buf) < limit {
		*buf = append(make([]byte, 0, limit), *buf...)
	}
	if have < limit {
		n, _ := io.ReadFull(br, (*buf)[have:limit])
		*buf = (*buf)[:have+n]
	}
	// ReadFull has one error for a short clean end and for a truncated stream;
	// the reader itself tells them apart.
	_, err := br.Peek(1)
	return err
}

// cutPoint finds where to end a piece that more text follows.
func cutPoint(b []byte) int {
	if i := bytes.LastIndex(b, []byte("\n\n")); i > len(b)/2 {
		return i + 2
	}
	if i := bytes.LastIndexByte(b, '\n'); i > 0 {
		return i + 1
	}
	for i := len(b) - 1; i > len(b)-4 && i > 0; i-- { // not inside a character
		if b[i] < 0x80 {
			return i + 1
		}
		if b[i] >= 0xc0 {
			return i
		}
	}
	return len(b)
}

// endOf turns the error at the end of the input into nil for a clean end.
func endOf(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return damaged(err)
}

// damaged words an error met inside the data.
func damaged(err error) error {
	if errors.Is(err, charset.ErrUnknown) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("truncated: the file ends in the middle of its compressed data")
	}
	return errors.New("damaged: " + strings.TrimPrefix(err.Error(), "damaged: "))
}
