package substring

import (
	"cmp"
	"encoding/binary"
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

const markBytes = 8 + 4 + 1 + 4

// AppendMark appends the record of a mark: sorted bytewise, records are in order
// of documents.
func AppendMark(dst []byte, m Mark) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(m.Doc))
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.Start))
	kept := byte(0)
	if m.Kept {
		kept = 1
	}
	dst = append(dst, kept)
	return binary.BigEndian.AppendUint32(dst, uint32(m.End))
}

var errRecord = errors.New("substring: a record is not as this version writes it: remove the work folder and run again")

// ParseMark reads what AppendMark wrote.
func ParseMark(rec []byte) (Mark, error) {
	if len(rec) != markBytes || rec[12] > 1 {
		return Mark{}, errRecord
	}
	m := Mark{
		Doc:  int64(binary.BigEndian.Uint64(rec)),
		Span: Span{Start: int32(binary.BigEndian.Uint32(rec[8:])), End: int32(binary.BigEndian.Uint32(rec[13:]))},
		Kept: rec[12] == 1,
	}
	if m.Doc < 0 || m.Start < 0 || m.End <= m.Start {
		return Mark{}, errRecord
	}
	return m, nil
}

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
