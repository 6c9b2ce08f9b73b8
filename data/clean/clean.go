package clean

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Config chooses the optional changes.
type Config struct {
	// NFC composes characters (Unicode normalisation form C).
	NFC bool `yaml:"nfc" mapstructure:"nfc"`
	// FullWidth turns full-width ASCII forms (U+FF01 to U+FF5E) and the
	// ideographic space into ASCII. Chinese prose uses the full-width comma,
	// brackets and marks on purpose, so this is off by default.
	FullWidth bool `yaml:"full_width" mapstructure:"full_width"`
	// MaxBlankLines is how many blank lines in a row are kept.
	MaxBlankLines int `yaml:"max_blank_lines" mapstructure:"max_blank_lines"`
}

// Default returns the configuration used when nothing is said. Two blank lines
// are kept because program code separates definitions with them.
func Default() Config { return Config{NFC: true, MaxBlankLines: 2} }

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	if c.MaxBlankLines < 0 {
		return errors.Join(fmt.Errorf("max_blank_lines is %d; it cannot be negative", c.MaxBlankLines))
	}
	return nil
}

// Counts tells how often each change was made.
type Counts struct {
	Documents      int64 `json:"documents"`
	Changed        int64 `json:"changed"`          // documents with any change
	InvalidUTF8    int64 `json:"invalid_utf8"`     // runs of invalid bytes replaced by U+FFFD
	ByteOrderMarks int64 `json:"byte_order_marks"` // U+FEFF removed, wherever it stood
	Controls       int64 `json:"controls"`         // control characters removed
	LineEnds       int64 `json:"line_ends"`        // CRLF, CR, NEL, LS, PS turned into LF
	TrailingBlanks int64 `json:"trailing_blanks"`  // lines that lost blanks at the end
	BlankLines     int64 `json:"blank_lines"`      // blank lines removed
	NFC            int64 `json:"nfc"`              // documents composed
	FullWidth      int64 `json:"full_width"`       // characters made ASCII
}

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	c.Documents += other.Documents
	c.Changed += other.Changed
	c.InvalidUTF8 += other.InvalidUTF8
	c.ByteOrderMarks += other.ByteOrderMarks
	c.Controls += other.Controls
	c.LineEnds += other.LineEnds
	c.TrailingBlanks += other.TrailingBlanks
	c.BlankLines += other.BlankLines
	c.NFC += other.NFC
	c.FullWidth += other.FullWidth
}

// Cleaner cleans texts one after the other; it is for one goroutine.
type Cleaner struct {
	cfg    Config
	counts Counts
	buf    []byte
	blanks int // blank lines waiting at the end of buf
}

// New returns a Cleaner.
func New(cfg Config) *Cleaner { return &Cleaner{cfg: cfg} }

// Counts returns the changes made since New.
func (c *Cleaner) Counts() Counts { return c.counts }

// Clean returns s in the one form. A text that is in it already is returned as
// it is, without a copy.
func (c *Cleaner) Clean(s string) string {
	c.counts.Documents++
	if c.isPlain(s) {
		return s
	}
	out := c.lines(s)
	if c.cfg.NFC && !norm.NFC.IsNormalString(out) {
		out = norm.NFC.String(out)
		c.counts.NFC++
	}
	if out != s {
		c.counts.Changed++
	}
	return out
}

// isPlain tells quickly that nothing needs changing. It may say no in vain.
func (c *Cleaner) isPlain(s string) bool {
	if s == "" {
		return true
	}
	if s[0] == '\n' || isBlank(s[len(s)-1]) || s[len(s)-1] == '\n' {
		return false
	}
	newlines := 0
	var prev byte
	for i := 0; i < len(s); i++ {
		b := s[i]
		switch {
		case b == '\n':
			if isBlank(prev) {
				return false
			}
			if newlines++; newlines > c.cfg.MaxBlankLines+1 {
				return false
			}
		case b < 0x20 && b != '\t' || b >= 0x7f:
			return false
		default:
			newlines = 0
		}
		prev = b
	}
	return true
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

// lines does all that can be done character by character.
func (c *Cleaner) lines(s string) string {
	c.buf, c.blanks = c.buf[:0], 0
	lineStart := 0 // in buf
	for i := 0; i < len(s); {
		b := s[i]
		switch {
		case b >= 0x20 && b < 0x7f || b == '\t':
			j := i + 1
			for j < len(s) && s[j] >= 0x20 && s[j] < 0x7f {
				j++
			}
			c.buf = append(c.buf, s[i:j]...)
			i = j
		case b == '\n':
			lineStart = c.endLine(lineStart)
			i++
		case b == '\r':
			c.counts.LineEnds++
			lineStart = c.endLine(lineStart)
			i++
			if i < len(s) && s[i] == '\n' {
				i++
			}
		case b < utf8.RuneSelf:
			c.counts.Controls++
			i++
		default:
			n, newline := c.wide(s, i)
			i += n
			if newline {
				c.counts.LineEnds++
				lineStart = c.endLine(lineStart)
			}
		}
	}
	c.endLine(lineStart)
	return strings.Clone(strings.Trim(string(c.buf), "\n"))
}

// wide handles one character beyond ASCII; newline is set for the line ends
// among them. It returns the bytes consumed.
func (c *Cleaner) wide(s string, i int) (n int, newline bool) {
	r, n := utf8.DecodeRuneInString(s[i:])
	switch {
	case r == utf8.RuneError && n == 1:
		c.counts.InvalidUTF8++
		c.buf = append(c.buf, "\uFFFD"...)
		for i+n < len(s) { // one mark for the whole run
			if r, m := utf8.DecodeRuneInString(s[i+n:]); r != utf8.RuneError || m != 1 {
				break
			}
			n++
		}
	case r == '\u0085' || r == '\u2028' || r == '\u2029':
		return n, true
	case r >= 0x80 && r < 0xa0 || r == '\ufffe' || r == '\uffff':
		c.counts.Controls++
	case r == '\ufeff':
		c.counts.ByteOrderMarks++
	case c.cfg.FullWidth && (r >= 0xff01 && r <= 0xff5e):
		c.counts.FullWidth++
		c.buf = append(c.buf, byte(r-0xfee0))
	case c.cfg.FullWidth && r == '\u3000':
		c.counts.FullWidth++
		c.buf = append(c.buf, ' ')
	default:
		c.buf = append(c.buf, s[i:i+n]...)
	}
	return n, false
}

// endLine ends the line that started at start in buf: blanks at its end go, and
// it goes altogether if it is one blank line too many. It returns the start of
// the next line.
func (c *Cleaner) endLine(start int) int {
	end := len(c.buf)
	for end > start {
		if isBlank(c.buf[end-1]) {
			end--
			continue
		}
		if end-start >= 3 && string(c.buf[end-3:end]) == "\u3000" {
			end -= 3
			continue
		}
		break
	}
	if end < len(c.buf) {
		c.counts.TrailingBlanks++
		c.buf = c.buf[:end]
	}
	if end > start {
		c.blanks = 0
	} else {
		c.blanks++
		if c.blanks > c.cfg.MaxBlankLines || start == 0 {
			c.counts.BlankLines++
			return start
		}
	}
	c.buf = append(c.buf, '\n')
	return len(c.buf)
}
