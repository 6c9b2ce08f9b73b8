package source

import (
	"encoding/hex"
	"strconv"

	"github.com/zeebo/xxh3"
)

// Document is one text with its provenance.
type Document struct {
	// ID is a stable hash of the source and the record's key: the same record
	// has the same ID in every run, on every machine.
	ID string
	// Text is the text as read; cleaning is not done here.
	Text string
	// Source names the data set (see [File.Source]).
	Source string
	// FilePath is the logical path: the input's base name and the path below it.
	FilePath string
	// ByteOffset is where the record starts in the decompressed file (if that is
	// not UTF-8 and no JSON Lines, in the text decoded from it); for Parquet it is
	// the row number, since a row has no offset of its own, and for web archives
	// the offset in the compressed file of the member that holds the record.
	ByteOffset int64
	// URL is the address the text came from, where the record has one.
	URL string
	// SourceID is the id that the record itself has, where it has one.
	SourceID string
	// Meta is the record's metadata as a JSON text, where it has any.
	Meta string
}

// Reasons for rejecting a record. The strings are part of the report's format.
const (
	ReasonBrokenJSON  = "broken_json"
	ReasonBrokenCSV   = "broken_csv"
	ReasonNoText      = "no_text"
	ReasonEmptyText   = "empty_text"
	ReasonInvalidUTF8 = "invalid_utf8"
	ReasonTooLong     = "too_long"
	ReasonHTMLEmpty   = "html_empty"     // a page without text of its own
	ReasonNotText     = "not_text"       // binary data where text is announced
	ReasonEncoding    = "encoding"       // an encoding that could not be told
	ReasonDamaged     = "damaged_record" // a web archive record that is broken
	ReasonHTTP        = "broken_http"    // a response that is no HTTP, or does not unpack
)

// Reject is a record that was skipped.
type Reject struct {
	FilePath   string `json:"file_path"`
	ByteOffset int64  `json:"byte_offset"` // as in [Document]
	Reason     string `json:"reason"`
	Detail     string `json:"detail,omitempty"`
	Sample     string `json:"sample,omitempty"` // the record's beginning
	Bytes      int64  `json:"bytes"`
}

// documentID hashes a source name and a record key into 128 bits of hex.
func documentID(source, path, key string) string {
	h := xxh3.New()
	for _, s := range []string{source, path, key} {
		_, _ = h.WriteString(strconv.Itoa(len(s)))
		_, _ = h.WriteString(":")
		_, _ = h.WriteString(s)
	}
	sum := h.Sum128().Bytes()
	return hex.EncodeToString(sum[:])
}
