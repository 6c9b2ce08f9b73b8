package substring

import (
	"cmp"
	"errors"

	"huihai/data/cut"
)

// Span is a range of bytes of a text, from Start up to End-1.
type Span = cut.Range

// Mark is a range of a document that consists of repeated windows: each MinBytes
// bytes of it in a row occur elsewhere too.
type Mark struct {
	Doc int64
	Span
	// Kept says that the windows are the occurrences that stand for all others.
	Kept bool
}

var errRecord = errors.New("substring: a record is not as this version writes it: remove the work folder and run again")

// minus returns what is in a and not in b; both are unions.
func minus(a, b []Span) (out []Span) {
	for _, x := range a {
		for len(b) > 0 && b[0].End <= x.Start {
			b = b[1:]
		}
		out = append(out, cut.Minus(x, b)...)
	}
	return out
}

func (m Mark) compare(o Mark) int {
	kept := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(m.Doc, o.Doc), cmp.Compare(m.Start, o.Start), cmp.Compare(kept(m.Kept), kept(o.Kept)), cmp.Compare(m.End, o.End))
}
