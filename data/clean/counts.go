package clean

import "maps"

// Counts tells how often each change was made.
type Counts struct {
	Documents         int64 `json:"documents"`
	Changed           int64 `json:"changed"`            // documents with any change
	InvalidUTF8       int64 `json:"invalid_utf8"`       // runs of invalid bytes replaced by U+FFFD
	ByteOrderMarks    int64 `json:"byte_order_marks"`   // U+FEFF removed, wherever it stood
	Controls          int64 `json:"controls"`           // control characters removed
	LineEnds          int64 `json:"line_ends"`          // CRLF, CR, NEL, LS, PS turned into LF
	TrailingBlanks    int64 `json:"trailing_blanks"`    // lines that lost blanks at the end
	BlankLines        int64 `json:"blank_lines"`        // blank lines removed
	FinalNewlines     int64 `json:"final_newlines"`     // documents that lost line ends at their end
	NFC               int64 `json:"nfc"`                // documents composed
	FullWidth         int64 `json:"full_width"`         // characters made ASCII
	HalfWidth         int64 `json:"half_width"`         // half-width Katakana made full-width
	IdeographicSpaces int64 `json:"ideographic_spaces"` // U+3000 replaced or removed
	Invisible         int64 `json:"invisible"`          // soft hyphens, zero-width characters, marks of direction removed
	Entities          int64 `json:"entities"`           // HTML entities decoded
	Mojibake          int64 `json:"mojibake"`           // characters repaired
	Simplified        int64 `json:"simplified"`         // characters made simplified
	Citations         int64 `json:"citations"`          // citation marks removed
	BoilerplateLines  int64 `json:"boilerplate_lines"`  // lines removed
	BoilerplateBytes  int64 `json:"boilerplate_bytes"`  // bytes of those lines
	// Boilerplate holds the removed lines by the name of the first pattern that
	// matched.
	Boilerplate map[string]int64 `json:"boilerplate,omitempty"`
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
	c.FinalNewlines += other.FinalNewlines
	c.NFC += other.NFC
	c.FullWidth += other.FullWidth
	c.HalfWidth += other.HalfWidth
	c.IdeographicSpaces += other.IdeographicSpaces
	c.Invisible += other.Invisible
	c.Entities += other.Entities
	c.Mojibake += other.Mojibake
	c.Simplified += other.Simplified
	c.Citations += other.Citations
	c.BoilerplateLines += other.BoilerplateLines
	c.BoilerplateBytes += other.BoilerplateBytes
	if len(other.Boilerplate) == 0 {
		return
	}
	sum := maps.Clone(c.Boilerplate) // c may share its map with a copy
	if sum == nil {
		sum = map[string]int64{}
	}
	for name, n := range other.Boilerplate {
		sum[name] += n
	}
	c.Boilerplate = sum
}
