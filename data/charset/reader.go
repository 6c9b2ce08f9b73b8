package charset

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/transform"
)

// Reader converts a stream to UTF-8. ASCII passes through undecided; the first
// byte that is not ASCII brings the decision, by the window that starts there.
// Memory is one window.
type Reader struct {
	src     *bufio.Reader // holds at least a window
	label   string
	begun   bool
	tried   int // marks of escapes that were none
	decided Decision
	decoder io.Reader // set once decided
}

// maxTries is how many marks that only look like the beginning of other characters are
// looked into: a log of a terminal has one on every line.
const maxTries = 16

// NewReader reads src, whose encoding is declared as label, or "".
func NewReader(src io.Reader, label string) *Reader {
	return &Reader{src: bufio.NewReaderSize(&sticky{src: src}, Window), label: label}
}

// sticky repeats the first error: looking ahead may meet it before its time.
type sticky struct {
	src io.Reader
	err error
}

func (s *sticky) Read(p []byte) (n int, err error) {
	if s.err == nil {
		n, s.err = s.src.Read(p)
	}
	return n, s.err
}

// Decision is the encoding, once it is known: after the first read that met
// anything but ASCII, or at the end.
func (r *Reader) Decision() Decision {
	if r.decided.Name == "" {
		return Decision{UTF8, Valid}
	}
	return r.decided
}

// Read implements [io.Reader]. Text whose encoding cannot be told gives
// [ErrUnknown]; what was read before it is ASCII.
func (r *Reader) Read(p []byte) (int, error) {
	if r.decoder != nil {
		return r.decoder.Read(p)
	}
	head, err := r.src.Peek(Window)
	if len(head) == 0 {
		return 0, err
	}
	if first := !r.begun; first {
		r.begun = true
		if _, mark := bom(head); mark > 0 || wide(head) {
			return r.decide(head, err == nil, p)
		}
	}
	ascii := firstHigh(head)
	if ascii == 0 {
		// Damage further on is no end of the text either.
		return r.decide(head, !errors.Is(err, io.EOF), p)
	}
	if ascii < 0 {
		ascii = len(head)
	}
	if r.tried < maxTries {
		mark := mayEscape(head[:ascii])
		if mark == 0 {
			if d := decideASCII(head[:ascii], r.label); d.Name != UTF8 {
				return r.use(d, p)
			}
			r.tried++
			mark = 1 + mayEscape(head[1:ascii])
		}
		if mark > 0 {
			ascii = mark
		} else if last := head[ascii-1]; err == nil && ascii > 1 && (last == 0x1b || last == '~') {
			ascii-- // the other half of a mark may follow
		}
	}
	n := copy(p, head[:ascii])
	_, err = r.src.Discard(n)
	return n, err
}

// wide tells whether a character may be several bytes below 0x80, which the beginning
// of a text shows.
func wide(head []byte) bool {
	if _, ok := utf16ByNUL(head); ok {
		return true
	}
	return hanHeavy(head) != ""
}

func (r *Reader) decide(head []byte, more bool, p []byte) (int, error) {
	d, err := Detect(head, r.label, more)
	if err != nil {
		return 0, err
	}
	if d.How == Marked {
		_, n := bom(head)
		if _, err := r.src.Discard(n); err != nil {
			return 0, fmt.Errorf("passing over the byte order mark: %w", err)
		}
	}
	return r.use(d, p)
}

// use reads on in the encoding that was decided.
func (r *Reader) use(d Decision, p []byte) (int, error) {
	r.decided = d
	if d.Name == UTF8 {
		r.decoder = r.src
	} else {
		r.decoder = transform.NewReader(r.src, codec(d.Name).NewDecoder())
	}
	return r.decoder.Read(p)
}

// Undecidable returns [ErrUnknown] if a stream turns to text whose encoding cannot be
// told, and nil for any other, damaged ones among them. It reads up to the first
// character beyond ASCII.
func Undecidable(src io.Reader, label string) error {
	r := NewReader(src, label)
	buf := make([]byte, Window)
	for r.decoder == nil {
		if _, err := r.Read(buf); errors.Is(err, ErrUnknown) {
			return err
		} else if err != nil {
			return nil
		}
	}
	return nil
}

// IsText tells whether b, the beginning of a text, could be text of any
// encoding: few control characters, or the pattern of UTF-16.
func IsText(b []byte) bool {
	if _, n := bom(b); n > 0 {
		return true
	}
	if _, ok := utf16ByNUL(b); ok {
		return true
	}
	control := 0
	for _, c := range b {
		switch {
		case c == 0:
			return false
		case c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b || c == 0x7f:
			control++
		}
	}
	return control*100 <= len(b)
}
