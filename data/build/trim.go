package build

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"huihai/data/build/record"
	"huihai/data/cut"
	"huihai/data/decontam"
	"huihai/data/dedup"
	"huihai/data/score"
	"huihai/data/shard"
	"huihai/data/substring"
)

// Reasons for taking a piece out of a document that stays.
const (
	CutParagraph        = "duplicate_paragraph"
	CutSentence         = "duplicate_sentence"
	CutPassage          = "duplicate_passage"
	CutParagraphQuality = "paragraph_quality"
	CutSentenceQuality  = "sentence_quality"
)

// TrimConfig chooses what is taken out of kept documents besides copies, and when
// too little is left of one.
type TrimConfig struct {
	// MinParagraphQuality and MinSentenceQuality take out spans of lower quality;
	// 0 takes out none.
	MinParagraphQuality float64 `yaml:"min_paragraph_quality" mapstructure:"min_paragraph_quality"`
	MinSentenceQuality  float64 `yaml:"min_sentence_quality" mapstructure:"min_sentence_quality"`
	// MinLeft drops a document of which less than this share of bytes is left.
	MinLeft float64 `yaml:"min_left" mapstructure:"min_left"`
}

// DefaultTrim takes nothing out for its quality.
func DefaultTrim() TrimConfig { return TrimConfig{MinLeft: 0.2} }

// Validate reports every impossible value at once.
func (c TrimConfig) Validate() error {
	var errs []error
	for _, p := range []struct {
		key   string
		value float64
	}{{"min_paragraph_quality", c.MinParagraphQuality}, {"min_sentence_quality", c.MinSentenceQuality}, {"min_left", c.MinLeft}} {
		if !(p.value >= 0 && p.value <= 1) {
			errs = append(errs, fmt.Errorf("%s is %g; it must be from 0 to 1", p.key, p.value))
		}
	}
	return errors.Join(errs...)
}

// trimmer takes out of kept documents what their findings say; it is for one
// goroutine.
type trimmer struct {
	cfg        trimSettings
	paragraphs *dedup.SpanPolicy
	sentences  *dedup.SpanPolicy
	spans      []dedup.Span
	repeats    []dedup.Repeat
	kept       []uint32
	passages   substring.Counts
	union      []cut.Range
	pieces     []piece
	removed    []shard.Removed
	final      [2][]score.Span
}

// piece is a range to take out and why; pieces do not overlap.
type piece struct {
	cut.Range
	reason string
}

// trimSettings are what a trimmer goes by.
type trimSettings struct {
	Paragraphs, Sentences dedup.SpanConfig
	Trim                  TrimConfig
	Passages              PassagesConfig
}

func (c Config) trimSettings() trimSettings {
	return trimSettings{c.Paragraphs, c.Sentences, c.Trim, c.Passages}
}

func newTrimmer(cfg trimSettings) *trimmer {
	return &trimmer{cfg: cfg, paragraphs: dedup.NewSpanPolicy(cfg.Paragraphs), sentences: dedup.NewSpanPolicy(cfg.Sentences)}
}

// trim sets the document's final text, spans and removed pieces, and drops it if
// too little is left.
func (t *trimmer) trim(d *joined) error {
	d.text, d.removed, d.paragraphs, d.sentences = d.raw.Text, nil, d.judged.Paragraphs, d.judged.Sentences
	if d.status != score.Kept {
		return nil
	}
	t.union, t.pieces = t.union[:0], t.pieces[:0]
	t.add(d.judged.Cuts, decontam.Reason)
	for _, level := range []struct {
		policy *dedup.SpanPolicy
		kind   record.Kind
		spans  []score.Span
		reason string
	}{{t.paragraphs, record.KindParagraph, d.judged.Paragraphs, CutParagraph}, {t.sentences, record.KindSentence, d.judged.Sentences, CutSentence}} {
		cuts, err := level.policy.Cuts(d.text, t.spansOf(level.spans), t.repeatsOf(d, level.kind))
		if err != nil {
			return err
		}
		t.add(cuts, level.reason)
	}
	t.addPoor(d.text, d.judged.Paragraphs, t.cfg.Trim.MinParagraphQuality, CutParagraphQuality)
	t.addPoor(d.text, d.judged.Sentences, t.cfg.Trim.MinSentenceQuality, CutSentenceQuality)
	if t.cfg.Passages.Find {
		p := substring.Decide(d.text, d.marks, t.cfg.Passages.Config)
		t.passages.Add(p.Counts)
		if p.Drop {
			d.status, d.split = ReasonPassages, ""
			return nil
		}
		t.add(p.Remove, CutPassage)
	}
	if len(t.pieces) > 0 {
		t.apply(d)
	}
	return nil
}

func (t *trimmer) spansOf(spans []score.Span) []dedup.Span {
	t.spans = spansOf(t.spans[:0], spans)
	return t.spans
}

// spansOf appends spans as package dedup knows them.
func spansOf(dst []dedup.Span, spans []score.Span) []dedup.Span {
	for _, s := range spans {
		dst = append(dst, dedup.Span{Start: s.Start, End: s.End, Hash: s.Hash})
	}
	return dst
}

func (t *trimmer) repeatsOf(d *joined, kind record.Kind) []dedup.Repeat {
	t.repeats = t.repeats[:0]
	for _, c := range d.copies {
		if c.Kind == kind {
			t.repeats = append(t.repeats, dedup.Repeat{Index: c.Index, Copies: c.Count, Canonical: c.Canonical})
		}
	}
	return t.repeats
}

// add adds ranges, less what earlier reasons took.
func (t *trimmer) add(ranges []cut.Range, reason string) {
	n := len(t.pieces)
	for _, r := range ranges {
		for _, part := range cut.Minus(r, t.union) {
			t.pieces = append(t.pieces, piece{part, reason})
		}
	}
	for _, p := range t.pieces[n:] {
		t.union = append(t.union, p.Range)
	}
	t.union = cut.Union(t.union)
}

// addPoor adds the spans below a quality, if one is asked for.
func (t *trimmer) addPoor(text string, spans []score.Span, least float64, reason string) {
	t.kept = t.kept[:0]
	for i, s := range spans {
		if float64(s.Quality) >= least {
			t.kept = append(t.kept, uint32(i))
		}
	}
	if len(t.kept) < len(spans) {
		t.add(dedup.AppendCuts(nil, text, t.spansOf(spans), t.kept), reason)
	}
}

// apply cuts the pieces out.
func (t *trimmer) apply(d *joined) {
	slices.SortFunc(t.pieces, func(a, b piece) int { return cmp.Compare(a.Start, b.Start) })
	left := cut.Apply(d.text, t.union)
	if float64(len(left)) < t.cfg.Trim.MinLeft*float64(len(d.text)) || strings.TrimSpace(left) == "" {
		d.status, d.split = ReasonLittleLeft, ""
		return
	}
	t.removed = t.removed[:0]
	for _, p := range t.pieces {
		t.removed = append(t.removed, shard.Removed{At: cut.Place(t.union, p.Start), Reason: p.reason, Text: d.text[p.Start:p.End]})
	}
	d.removed = t.removed
	t.final[0] = moved(t.final[0], d.judged.Paragraphs, t.union)
	t.final[1] = moved(t.final[1], d.judged.Sentences, t.union)
	d.text, d.paragraphs, d.sentences = left, t.final[0], t.final[1]
}

// moved returns the spans where they are in the text that is left. Spans of which
// nothing is left stay in the list, empty, so that their numbers mean the same.
func moved(dst, spans []score.Span, union []cut.Range) []score.Span {
	dst = dst[:0]
	for _, s := range spans {
		s.Start, s.End = cut.Place(union, s.Start), cut.Place(union, s.End)
		dst = append(dst, s)
	}
	return dst
}
