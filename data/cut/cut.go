// Package cut takes ranges out of texts.
package cut

import (
	"cmp"
	"slices"
	"strings"
)

// Range is the bytes of a text from Start up to End-1.
type Range struct{ Start, End int32 }

// Len returns the number of bytes.
func (r Range) Len() int { return int(r.End - r.Start) }

// Union sorts ranges and joins those that overlap or touch, in place.
func Union(r []Range) []Range {
	slices.SortFunc(r, func(a, b Range) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	out := r[:0]
	for _, x := range r {
		switch n := len(out); {
		case x.End <= x.Start:
		case n > 0 && x.Start <= out[n-1].End:
			out[n-1].End = max(out[n-1].End, x.End)
		default:
			out = append(out, x)
		}
	}
	return out
}

// Apply returns the text without the ranges, which are a union.
func Apply(text string, ranges []Range) string {
	if len(ranges) == 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) - int(Total(ranges)))
	at := int32(0)
	for _, r := range ranges {
		b.WriteString(text[at:r.Start])
		at = r.End
	}
	b.WriteString(text[at:])
	return b.String()
}

// Place returns where a place of the old text is in the new one; what was cut out
// is where the cut was made. Ranges are a union.
func Place(ranges []Range, at int32) int32 {
	i, _ := slices.BinarySearchFunc(ranges, at, func(r Range, at int32) int { return cmp.Compare(r.End, at) })
	removed := int32(0)
	for _, r := range ranges[:i] { // few, as a rule
		removed += r.End - r.Start
	}
	if i < len(ranges) && ranges[i].Start < at {
		removed += at - ranges[i].Start
	}
	return at - removed
}

// Minus returns the parts of r that are in none of the ranges, which are a union.
func Minus(r Range, ranges []Range) (out []Range) {
	for _, x := range ranges {
		if x.End <= r.Start {
			continue
		}
		if x.Start >= r.End {
			break
		}
		if x.Start > r.Start {
			out = append(out, Range{r.Start, x.Start})
		}
		r.Start = min(x.End, r.End)
	}
	if r.End > r.Start {
		out = append(out, r)
	}
	return out
}

// Total returns the number of bytes in the ranges.
func Total(ranges []Range) (n int64) {
	for _, r := range ranges {
		n += int64(r.End - r.Start)
	}
	return n
}
