package substring

import (
	"bytes"
	"cmp"
	"context"
	"slices"
)

// Document is a text of a corpus held in memory.
type Document struct {
	Text    string
	Quality float32
}

// place is a segment of a document, a text of Find.
type place struct {
	Segment
	doc int32
}

// Find returns the marks of a corpus in memory; Mark.Doc is the place in docs.
// Marks are in order of documents and places. It does in one go what the stages of
// the package's description do. Beside the texts it holds about 24 bytes per 70
// bytes of text, one batch, and the marks.
func Find(ctx context.Context, docs []Document, cfg Config) ([]Mark, error) {
	s := NewSegmenter(cfg)
	var places []place
	var marks []Mark
	for i, d := range docs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		segs, local := s.Segments(d.Text)
		for _, seg := range segs {
			places = append(places, place{seg, int32(i)})
		}
		for _, l := range local {
			marks = append(marks, Mark{int64(i), l, false})
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.Hash, b.Hash) })
	m := NewMatcher(cfg, func(k Mark) error {
		marks = append(marks, k)
		return nil
	})
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].Hash == places[0].Hash {
			n++
		}
		if n > 1 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := addGroup(m, docs, places[:n]); err != nil {
				return nil, err
			}
		}
		places = places[n:]
	}
	if err := m.Close(); err != nil {
		return nil, err
	}
	slices.SortFunc(marks, Mark.compare)
	return marks, nil
}

// addGroup hands the segments of one anchor to the matcher, in its order.
func addGroup(m *Matcher, docs []Document, group []place) error {
	records := make([][]byte, len(group))
	for i, p := range group {
		d := docs[p.doc]
		records[i] = AppendSegment(nil, p.Segment, d.Text, int64(p.doc), d.Quality)
	}
	slices.SortFunc(records, bytes.Compare)
	for _, r := range records {
		if err := m.Add(r); err != nil {
			return err
		}
	}
	return nil
}
