package substring

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// A matcher sorts the suffixes of about batchBytes of text at a time, which caches
// hold, and of at most groupBytes where one anchor brings more.
const (
	batchBytes = 1 << 20
	groupBytes = 32 << 20
)

// Matcher finds the repeated windows among segments that come as records in
// bytewise order. It is for one goroutine.
//
// Segments with equal text are compared once: the two best stand for all, and the
// rest gets its marks at once. Different segments around one anchor are compared
// together up to 32 MiB, which takes about 7 bytes of memory per byte; more of them
// are matched in parts, and what occurs in two parts only is not found.
// [MatchCounts] tells how often that was.
type Matcher struct {
	size         int
	batch, limit int
	emit         func(Mark) error
	find         repeats
	arena        []byte // texts of the pieces
	lengths      []int
	pieces       []piece // their texts are set before they are compared
	last         []byte  // hash, length and text of the record before
	times        int     // how often they came
	counts       MatchCounts
}

// MatchCounts says what a matcher saw.
type MatchCounts struct {
	Segments int64 `json:"segments"`       // records
	Copies   int64 `json:"segment_copies"` // of them, equal to two before
	Bytes    int64 `json:"matched_bytes"`  // of text that went into suffix arrays
	Split    int64 `json:"split_anchors"`  // how often the segments of an anchor were cut into parts
}

// Add adds the counts of another matcher.
func (c *MatchCounts) Add(o MatchCounts) {
	c.Segments += o.Segments
	c.Copies += o.Copies
	c.Bytes += o.Bytes
	c.Split += o.Split
}

// NewMatcher returns a matcher that hands every mark to emit, in no special order
// but the same one for the same records.
func NewMatcher(cfg Config, emit func(Mark) error) *Matcher {
	return &Matcher{size: cfg.MinBytes, batch: batchBytes, limit: groupBytes, emit: emit}
}

// Counts returns what was seen so far.
func (m *Matcher) Counts() MatchCounts { return m.counts }

const (
	segmentHead = 8 + 4     // hash, length
	segmentTail = 4 + 8 + 4 // quality, document, start
)

var errOrder = errors.New("substring: segments do not come in bytewise order of their records")

// Add takes the next record made by [AppendSegment]; it does not keep rec.
func (m *Matcher) Add(rec []byte) error {
	if len(rec) < segmentHead+segmentTail {
		return errRecord
	}
	n := int(binary.BigEndian.Uint32(rec[8:]))
	if n < m.size || n != len(rec)-segmentHead-segmentTail {
		return errRecord
	}
	head, tail := rec[:segmentHead+n], rec[segmentHead+n:]
	p := piece{
		quality: fromAscending(^binary.BigEndian.Uint32(tail)),
		doc:     int64(binary.BigEndian.Uint64(tail[4:])),
		start:   int32(binary.BigEndian.Uint32(tail[12:])),
	}
	if p.doc < 0 || p.start < 0 || int(p.start)+n > 1<<31-1 {
		return errRecord
	}
	m.counts.Segments++
	switch order := bytes.Compare(head, m.last); {
	case order < 0:
		return errOrder
	case order == 0:
		if m.times++; m.times > 2 {
			m.counts.Copies++
			return m.emit(Mark{p.doc, Span{Start: p.start, End: p.start + int32(n)}, false})
		}
	default:
		sameAnchor := len(m.last) > 0 && bytes.Equal(head[:8], m.last[:8])
		if err := m.makeRoom(n, sameAnchor); err != nil {
			return err
		}
		m.last, m.times = append(m.last[:0], head...), 1
	}
	m.arena = append(m.arena, head[segmentHead:]...)
	m.lengths = append(m.lengths, n)
	m.pieces = append(m.pieces, p)
	return nil
}

// makeRoom matches what is held before a different segment of n bytes comes, if
// there is a batch and another anchor begins, or no room for this one.
func (m *Matcher) makeRoom(n int, sameAnchor bool) error {
	// The segment may come twice, and the two must not be torn apart.
	switch full := len(m.arena)+2*n > m.limit; {
	case sameAnchor && full:
		m.counts.Split++
	case sameAnchor || len(m.arena) < m.batch:
		return nil
	}
	return m.flush()
}

// Close matches what is left.
func (m *Matcher) Close() error { return m.flush() }

func (m *Matcher) flush() error {
	m.counts.Bytes += int64(len(m.arena))
	at := 0
	for i, n := range m.lengths {
		m.pieces[i].text = m.arena[at : at+n]
		at += n
	}
	err := m.find.find(m.pieces, m.size, m.emit)
	clear(m.pieces)
	m.arena, m.lengths, m.pieces = m.arena[:0], m.lengths[:0], m.pieces[:0]
	return err
}
