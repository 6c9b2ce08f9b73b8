package charset

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// Window is how many bytes a decision looks at.
const Window = 64 << 10

// ErrUnknown says that the encoding of a text could not be told.
var ErrUnknown = errors.New("the encoding could not be told; convert the text to UTF-8, or name its encoding")

// How says what a decision rests on.
type How string

// The grounds of a decision.
const (
	Marked   How = "bom"      // a byte order mark
	Valid    How = "valid"    // the bytes are UTF-8 (or ASCII)
	Damaged  How = "damaged"  // UTF-8 with a few invalid bytes
	Declared How = "declared" // named from outside, and the text decodes by it
	Detected How = "detected" // found by its characters
)

// Names of encodings that code has to tell apart.
const (
	UTF8    = "utf-8"
	UTF16LE = "utf-16le"
	UTF16BE = "utf-16be"
	utf32LE = "utf-32le"
	utf32BE = "utf-32be"
)

// Decision is the encoding of a text. The zero value is no decision.
type Decision struct {
	Name string // as the WHATWG standard spells it, in lower case
	How  How
}

// String names encoding and ground, such as "gb18030/detected": the key under
// which decisions are counted.
func (d Decision) String() string { return d.Name + "/" + string(d.How) }

// Wide tells whether a line end of the encoding is more than one byte, so that
// the text must be decoded before it is cut into lines.
func (d Decision) Wide() bool {
	return strings.HasPrefix(d.Name, "utf-16") || strings.HasPrefix(d.Name, "utf-32")
}

// Lookup returns the standard name of an encoding, by any of its usual labels.
func Lookup(label string) (name string, err error) {
	label = strings.ToLower(strings.TrimSpace(label))
	switch label {
	case "utf-32", utf32LE:
		return utf32LE, nil
	case utf32BE:
		return utf32BE, nil
	case "gbk", "gb2312": // one decoder, a subset of GB18030
		return "gb18030", nil
	case HZ, "hz": // which browsers no longer read
		return HZ, nil
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		return "", fmt.Errorf("%q is no encoding that is known here", label)
	}
	name, err = htmlindex.Name(e)
	switch {
	case err != nil || name == "replacement" || name == "x-user-defined":
		return "", fmt.Errorf("%q is no encoding that text is in", label)
	case name == "gbk":
		name = "gb18030"
	}
	return name, nil
}

// codec returns the decoder's side of a name that [Lookup] gave.
func codec(name string) encoding.Encoding {
	switch name {
	case UTF8:
		return encoding.Nop
	case UTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case UTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case utf32LE:
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case utf32BE:
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case "gb18030":
		return simplifiedchinese.GB18030
	case "big5":
		return traditionalchinese.Big5
	case "shift_jis":
		return japanese.ShiftJIS
	case "euc-jp":
		return japanese.EUCJP
	case "euc-kr":
		return korean.EUCKR
	case HZ:
		return simplifiedchinese.HZGB2312
	case "windows-1251":
		return charmap.Windows1251
	case "windows-1252":
		return charmap.Windows1252
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return encoding.Replacement
	}
	return e
}

// bom is the byte order mark of b, as a decision, and its length.
func bom(b []byte) (Decision, int) {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return Decision{UTF8, Marked}, 3
	case bytes.HasPrefix(b, []byte{0xff, 0xfe, 0, 0}):
		return Decision{utf32LE, Marked}, 4
	case bytes.HasPrefix(b, []byte{0, 0, 0xfe, 0xff}):
		return Decision{utf32BE, Marked}, 4
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		return Decision{UTF16LE, Marked}, 2
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return Decision{UTF16BE, Marked}, 2
	}
	return Decision{}, 0
}

// Decode converts a whole text to UTF-8 and says what encoding it was. The label
// is what is declared, or "". A byte order mark is left out. Characters that do
// not decode become U+FFFD, except that invalid bytes of damaged UTF-8 stay.
// The result may share b.
func Decode(b []byte, label string) ([]byte, Decision, error) {
	d, err := Detect(b, label, false)
	if err != nil {
		return nil, d, err
	}
	_, mark := bom(b)
	if d.How != Marked {
		mark = 0
	}
	out, err := d.decode(b[mark:])
	return out, d, err
}

// Convert converts bytes of a decided encoding to UTF-8, and reports whether all
// of them were characters of it. The result may share b.
func (d Decision) Convert(b []byte) (out []byte, clean bool) {
	out, err := d.decode(b)
	if d.Name == UTF8 {
		return out, utf8.Valid(out)
	}
	return out, err == nil && !bytes.ContainsRune(out, utf8.RuneError)
}

func (d Decision) decode(b []byte) ([]byte, error) {
	if d.Name == UTF8 {
		return b, nil
	}
	out, err := codec(d.Name).NewDecoder().Bytes(b)
	if err != nil {
		return nil, fmt.Errorf("decoding %s: %w", d.Name, err)
	}
	return out, nil
}
