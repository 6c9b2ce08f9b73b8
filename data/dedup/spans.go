package dedup

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"huihai/data/cut"
)

// SpanConfig chooses what happens to paragraphs or sentences that the corpus
// repeats.
type SpanConfig struct {
	// Action is "off", "count" copies, or "remove" them from the texts.
	Action string `yaml:"action" mapstructure:"action"`
	// Window is how many spans in a row must repeat together. C4 compares three
	// sentences.
	Window int `yaml:"window" mapstructure:"window"`
	// MinBytes is the length from which a window is compared.
	MinBytes int `yaml:"min_bytes" mapstructure:"min_bytes"`
	// MinCopies is from how many copies on all but one of them go.
	MinCopies int `yaml:"min_copies" mapstructure:"min_copies"`
	// Keep says which copy stays: the first, or the one in the best document.
	Keep string `yaml:"keep" mapstructure:"keep"`
}

// DefaultSpans counts copies and leaves the texts alone.
func DefaultSpans() SpanConfig {
	return SpanConfig{Action: ActionCount, Window: 1, MinBytes: 60, MinCopies: 2, Keep: "best"}
}

// What happens to spans that the corpus repeats.
const (
	ActionOff    = "off"
	ActionCount  = "count"
	ActionRemove = "remove"
)

// C4Spans is C4's rule: of every three sentences in a row that occur more than
// once, one occurrence stays.
func C4Spans() SpanConfig {
	return SpanConfig{Action: ActionRemove, Window: 3, MinBytes: 1, MinCopies: 2, Keep: "first"}
}

// Validate reports every impossible value at once.
func (c SpanConfig) Validate() error {
	var errs []error
	word := func(key, v string, words ...string) {
		if !slices.Contains(words, v) {
			errs = append(errs, fmt.Errorf("%s is %q; it must be %s", key, v, strings.Join(words, " or ")))
		}
	}
	number := func(key string, v, lo, hi int) {
		if v < lo || v > hi {
			errs = append(errs, fmt.Errorf("%s is %d; it must be from %d to %d", key, v, lo, hi))
		}
	}
	word("action", c.Action, ActionOff, ActionCount, ActionRemove)
	word("keep", c.Keep, "first", "best")
	number("window", c.Window, 1, 16)
	number("min_bytes", c.MinBytes, 1, 1<<30)
	number("min_copies", c.MinCopies, 2, 1<<30)
	return errors.Join(errs...)
}

// Span is a paragraph or sentence: its bytes in the text, on rune boundaries,
// and the hash of what identifies it.
type Span struct {
	Start, End int32
	Hash       uint64
}

// SpanKey is a window to compare: that of the spans from Index on.
type SpanKey struct {
	Index uint32
	Hash  uint64
}

// Occurrence is where a window stands in the corpus.
type Occurrence struct {
	Doc     int64
	Index   uint32
	Quality float32 // of the document
}

// Compare orders occurrences of one window: the least is the canonical one,
// which stays.
func (c SpanConfig) Compare(a, b Occurrence) int {
	order := cmp.Or(cmp.Compare(a.Doc, b.Doc), cmp.Compare(a.Index, b.Index))
	if c.Keep == "best" {
		return cmp.Or(cmp.Compare(b.Quality, a.Quality), order)
	}
	return order
}

// Repeat is what comparing found out about a window of a document.
type Repeat struct {
	Index     uint32
	Copies    uint32 // in the corpus, this one included
	Canonical bool   // this is the one that stays
}

// SpanCounts add up what was found and done.
type SpanCounts struct {
	Documents    int64 `json:"documents"`
	Changed      int64 `json:"documents_changed"`
	Emptied      int64 `json:"documents_emptied"`
	Spans        int64 `json:"spans"`
	Repeated     int64 `json:"spans_repeated"` // in a window with enough copies
	Protected    int64 `json:"spans_canonical"`
	Removed      int64 `json:"spans_removed"`
	Bytes        int64 `json:"bytes"`
	RemovedBytes int64 `json:"bytes_removed"`
}

// Add adds the counts of another worker.
func (c *SpanCounts) Add(o SpanCounts) {
	c.Documents += o.Documents
	c.Changed += o.Changed
	c.Emptied += o.Emptied
	c.Spans += o.Spans
	c.Repeated += o.Repeated
	c.Protected += o.Protected
	c.Removed += o.Removed
	c.Bytes += o.Bytes
	c.RemovedBytes += o.RemovedBytes
}

// SpanPolicy decides about spans; it is for one goroutine.
type SpanPolicy struct {
	// Counts are of all texts so far.
	Counts SpanCounts

	cfg   SpanConfig
	key   []byte
	marks []mark
	spans []Span
	kept  []uint32
	cuts  []cut.Range
}

// mark is what windows say of a span.
type mark uint8

const (
	repeated mark = 1 << iota
	canonical
	surplus // belongs to a copy that is not the canonical one
)

// NewSpanPolicy returns a policy for a valid configuration.
func NewSpanPolicy(cfg SpanConfig) *SpanPolicy { return &SpanPolicy{cfg: cfg} }

// Keys appends the windows of a document's spans that are long enough to dst.
func (p *SpanPolicy) Keys(dst []SpanKey, spans []Span) []SpanKey {
	n := p.cfg.Window
	for i := 0; i+n <= len(spans); i++ {
		size := 0
		p.key = p.key[:0]
		for _, s := range spans[i : i+n] {
			size += int(s.End - s.Start)
			p.key = binary.LittleEndian.AppendUint64(p.key, s.Hash)
		}
		if size < p.cfg.MinBytes {
			continue
		}
		k := SpanKey{uint32(i), spans[i].Hash}
		if n > 1 {
			k.Hash = xxh3.Hash(p.key)
		}
		dst = append(dst, k)
	}
	return dst
}

// Trimmed is a text without its surplus spans.
type Trimmed struct {
	Text  string
	Spans []Span   // of Text; valid until the next call
	Kept  []uint32 // which spans of the old text these were; valid until the next call
}

// Apply removes what [SpanPolicy.Cuts] says.
func (p *SpanPolicy) Apply(text string, spans []Span, found []Repeat) (Trimmed, error) {
	cuts, err := p.Cuts(text, spans, found)
	if err != nil {
		return Trimmed{}, err
	}
	out := p.spans[:0]
	for _, k := range p.kept {
		s := spans[k]
		out = append(out, Span{cut.Place(cuts, s.Start), cut.Place(cuts, s.End), s.Hash})
	}
	p.spans = out
	return Trimmed{Text: cut.Apply(text, cuts), Spans: out, Kept: p.kept}, nil
}

// Cuts returns the ranges of the spans that belong to a copy which is not the
// canonical one, if the configuration says that these go. A span that also
// belongs to a canonical copy stays, so that what the corpus repeats remains in
// it once. Between two spans that stay, of all gaps the first with the most line
// breaks stays. Spans must be in order, not overlap and lie on rune boundaries.
// The ranges are valid until the next call.
func (p *SpanPolicy) Cuts(text string, spans []Span, found []Repeat) ([]cut.Range, error) {
	if err := p.mark(text, spans, found); err != nil {
		return nil, err
	}
	p.kept = p.kept[:0]
	removed := 0
	for i, m := range p.marks {
		if m&repeated != 0 {
			p.Counts.Repeated++
		}
		if m&canonical != 0 {
			p.Counts.Protected++
		}
		if m&surplus != 0 && m&canonical == 0 && p.cfg.Action == ActionRemove {
			removed++
			continue
		}
		p.kept = append(p.kept, uint32(i))
	}
	p.Counts.Documents++
	p.Counts.Spans += int64(len(spans))
	p.Counts.Bytes += int64(len(text))
	p.cuts = p.cuts[:0]
	if removed > 0 {
		p.cuts = AppendCuts(p.cuts, text, spans, p.kept)
		p.Counts.Changed++
		p.Counts.Removed += int64(removed)
		for _, c := range p.cuts {
			p.Counts.RemovedBytes += int64(c.End - c.Start)
		}
		if len(p.kept) == 0 {
			p.Counts.Emptied++
		}
	}
	return p.cuts, nil
}

// mark checks the spans and notes what the windows say of each.
func (p *SpanPolicy) mark(text string, spans []Span, found []Repeat) error {
	end := int32(0)
	for i, s := range spans {
		if s.Start < end || s.End < s.Start || int(s.End) > len(text) || !boundary(text, s.Start) || !boundary(text, s.End) {
			return fmt.Errorf("dedup: span %d is [%d,%d) of a text of %d bytes, after %d; spans must be in order, apart and whole characters", i, s.Start, s.End, len(text), end)
		}
		end = s.End
	}
	p.marks = append(p.marks[:0], make([]mark, len(spans))...)
	for _, r := range found {
		if int64(r.Index)+int64(p.cfg.Window) > int64(len(spans)) {
			return fmt.Errorf("dedup: copies of %d spans from span %d on, of a text of %d; were they found in another version of the text?", p.cfg.Window, r.Index, len(spans))
		}
		if int64(r.Copies) < int64(p.cfg.MinCopies) {
			continue
		}
		m := repeated | surplus
		if r.Canonical {
			m = repeated | canonical
		}
		for i := range p.marks[r.Index:][:p.cfg.Window] {
			p.marks[int(r.Index)+i] |= m
		}
	}
	return nil
}

func boundary(text string, i int32) bool {
	return int(i) == len(text) || utf8.RuneStart(text[i])
}

// AppendCuts appends the ranges to take out of a text so that of its spans only
// those with the given numbers, ascending, are left. Between two of them, of all
// gaps the first with the most line breaks stays.
func AppendCuts(dst []cut.Range, text string, spans []Span, kept []uint32) []cut.Range {
	add := func(start, end int32) {
		if end > start {
			dst = append(dst, cut.Range{Start: start, End: end})
		}
	}
	if len(kept) == 0 {
		add(0, int32(len(text)))
		return dst
	}
	add(spans[0].Start, spans[kept[0]].Start)
	for i := 1; i < len(kept); i++ {
		a, b := kept[i-1], kept[i]
		if b == a+1 {
			continue
		}
		g := gapBetween(text, spans, int(a), int(b))
		add(spans[a].End, spans[g].End)
		add(spans[g+1].Start, spans[b].Start)
	}
	add(spans[kept[len(kept)-1]].End, spans[len(spans)-1].End)
	return dst
}

// gapBetween returns the span before the first of the gaps from span a to span b
// with the most line breaks.
func gapBetween(text string, spans []Span, a, b int) int {
	best, most := a, -1
	for i := a; i < b; i++ {
		if n := strings.Count(text[spans[i].End:spans[i+1].Start], "\n"); n > most {
			best, most = i, n
		}
	}
	return best
}
