package substring

import "huihai/data/cut"

// Decision says what happens to one document.
type Decision struct {
	// Remove are the ranges to take out, ascending and apart from each other.
	// They are empty when the action is to count, or when Drop is set.
	Remove []Span
	// Drop says that the document goes as a whole.
	Drop bool
	// Counts are those of this document.
	Counts Counts
}

// Counts says what was found in documents and done to them. Bytes of repeated
// passages are removed, protected or uncut, or go with a dropped document.
type Counts struct {
	Documents   int64 `json:"documents"`           // looked at
	Bytes       int64 `json:"bytes"`               // of their texts
	Repeating   int64 `json:"repeating_documents"` // with a repeated passage
	Repeated    int64 `json:"repeated_bytes"`      // in windows that occur again and do not stand for the others
	Protected   int64 `json:"protected_bytes"`     // of them, also in a window that stands for others
	Uncut       int64 `json:"uncut_bytes"`         // of them, left since a sentence or word would be cut, or too little
	Removed     int64 `json:"removed_bytes"`       // of them, taken out
	Ranges      int64 `json:"removed_ranges"`      // places where something was taken out
	Changed     int64 `json:"changed_documents"`   // with something taken out
	Dropped     int64 `json:"dropped_documents"`   // whole
	DroppedSize int64 `json:"dropped_bytes"`       // of their texts
	Spared      int64 `json:"spared_documents"`    // above max_share, but with an occurrence that stays
}

// Add adds the counts of other documents.
func (c *Counts) Add(o Counts) {
	c.Documents += o.Documents
	c.Bytes += o.Bytes
	c.Repeating += o.Repeating
	c.Repeated += o.Repeated
	c.Protected += o.Protected
	c.Uncut += o.Uncut
	c.Removed += o.Removed
	c.Ranges += o.Ranges
	c.Changed += o.Changed
	c.Dropped += o.Dropped
	c.DroppedSize += o.DroppedSize
	c.Spared += o.Spared
}

// Decide says what happens to a document with the given marks, in any order.
// Ranges end at borders of characters, so text that is valid UTF-8 stays so. With
// keep one they never touch a kept range.
func Decide(text string, marks []Mark, cfg Config) Decision {
	d := Decision{Counts: Counts{Documents: 1, Bytes: int64(len(text))}}
	var again, kept []Span
	for _, m := range marks {
		s := Span{Start: max(m.Start, 0), End: min(m.End, int32(len(text)))}
		if m.Kept && cfg.Keep == KeepOne {
			kept = append(kept, s)
		} else {
			again = append(again, s)
		}
	}
	again, kept = cut.Union(again), cut.Union(kept)
	if len(again) == 0 {
		return d
	}
	c := &d.Counts
	c.Repeating, c.Repeated = 1, cut.Total(again)
	free := minus(again, kept)
	c.Protected = c.Repeated - cut.Total(free)
	cuts := shrink(text, free, cfg)
	removed := cut.Total(cuts)
	c.Uncut = c.Repeated - c.Protected - removed
	switch {
	case float64(removed) <= cfg.MaxShare*float64(len(text)):
	case len(kept) == 0:
		c.Dropped, c.DroppedSize = 1, int64(len(text))
		d.Drop = cfg.Action == ActionRemove
		return d
	default:
		c.Spared = 1
	}
	c.Removed, c.Ranges = removed, int64(len(cuts))
	if len(cuts) > 0 {
		c.Changed = 1
	}
	if cfg.Action == ActionRemove {
		d.Remove = cuts
	}
	return d
}

// shrink shrinks ranges to where the configuration allows cuts.
func shrink(text string, free []Span, cfg Config) (out []Span) {
	if len(free) == 0 {
		return nil
	}
	c := newCutter(text, cfg.Cut)
	for _, s := range free {
		if s, ok := c.shrink(s); ok && s.Len() >= cfg.MinCutBytes {
			out = append(out, s)
		}
	}
	return out
}
