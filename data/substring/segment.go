package substring

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Segment is a part of a document whose windows all have the same anchor.
type Segment struct {
	Hash uint64 // of the anchor's bytes
	Span        // of the windows together, at least MinBytes
}

// Segmenter cuts documents into segments; it is for one goroutine.
//
// The anchor of a window of MinBytes bytes is the substring of half that length
// in it whose hash is least, the leftmost among equals. It depends on the bytes
// of the window alone, so equal windows have anchors of equal hash, wherever they
// occur: windows whose anchors differ need not be compared. Neighbouring windows
// mostly share their anchor; a segment is a maximal run of such windows, and every
// window of a document lies in exactly one segment.
type Segmenter struct {
	size, gram int
	out        [256]uint64 // what a byte adds to the hash when it leaves
	ring       []entry     // ascending candidates, a deque
	mask       int
	segs       []Segment
	local      []Span
	seen       map[uint64]copies
}

// entry is the hash of the gram at a position.
type entry struct {
	hash uint64
	pos  int32
}

// copies says how often in a row a segment was met among those of its anchor.
type copies struct {
	last  Span
	times int
}

// hashFactor multiplies the rolling hash for every byte.
const hashFactor = 0x9e3779b97f4a7c15

// NewSegmenter returns a segmenter for windows of cfg.MinBytes.
func NewSegmenter(cfg Config) *Segmenter {
	s := &Segmenter{size: cfg.MinBytes, gram: cfg.MinBytes / 2, seen: map[uint64]copies{}}
	s.ring = make([]entry, 1<<bits.Len(uint(s.size-s.gram+1)))
	s.mask = len(s.ring) - 1
	power := uint64(1)
	for range s.gram - 1 {
		power *= hashFactor
	}
	for b := range s.out {
		s.out[b] = spread(byte(b)) * power
	}
	return s
}

// spread makes a byte's value odd and wide.
func spread(b byte) uint64 { return (uint64(b) + 1) * 0xd6e8feb86659fd93 }

// mix spreads the bits of a rolling hash (the finaliser of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// Segments cuts a text; one of 2 GiB or more has no segments. They are in order of
// their starts.
//
// local are parts of the text that repeat earlier parts of it and of which no
// occurrence can be the one that stays; they are in no segment. A long run of one
// pattern would otherwise make a segment for each of its periods. Both slices
// are valid until the next call.
func (s *Segmenter) Segments(text string) (segs []Segment, local []Span) {
	s.segs, s.local = s.segs[:0], s.local[:0]
	clear(s.seen)
	if len(text) < s.size || len(text) > math.MaxInt32 {
		return nil, nil
	}
	head, tail := 0, 0 // of the deque, counting up
	hash := uint64(0)
	for i := range s.gram - 1 {
		hash = hash*hashFactor + spread(text[i])
	}
	anchor, from := entry{pos: -1}, int32(0)
	span := s.size - s.gram // from the first gram of a window to its last
	for pos := 0; pos+s.gram <= len(text); pos++ {
		hash = hash*hashFactor + spread(text[pos+s.gram-1])
		e := entry{mix(hash), int32(pos)}
		for tail > head && s.ring[(tail-1)&s.mask].hash > e.hash {
			tail--
		}
		s.ring[tail&s.mask] = e
		tail++
		hash -= s.out[text[pos]]
		window := int32(pos - span)
		if window < 0 {
			continue
		}
		if s.ring[head&s.mask].pos < window {
			head++
		}
		if least := s.ring[head&s.mask]; least.pos != anchor.pos {
			if anchor.pos >= 0 {
				s.add(text, anchor.hash, Span{from, window - 1 + int32(s.size)})
			}
			anchor, from = least, window
		}
	}
	s.add(text, anchor.hash, Span{from, int32(len(text))})
	return s.segs, s.local
}

// add appends a segment, or a local span when the last two segments of this
// anchor were the same: the earlier of the two has a copy anyway, and so has this
// one, which is behind both.
func (s *Segmenter) add(text string, hash uint64, x Span) {
	c := s.seen[hash]
	if c.times > 0 && text[c.last.Start:c.last.End] == text[x.Start:x.End] {
		if c.times++; c.times > 2 {
			s.seen[hash] = c
			s.local = append(s.local, x)
			return
		}
	} else {
		c = copies{x, 1}
	}
	s.seen[hash] = c
	s.segs = append(s.segs, Segment{hash, x})
}

// AppendAnchor appends the record of the segment with the given index among those
// of document doc. Where one hash occurs in a single record of the corpus, the
// windows of that segment occur once and the segment need not be matched.
func AppendAnchor(dst []byte, s Segment, doc int64, index int) []byte {
	dst = binary.BigEndian.AppendUint64(dst, s.Hash)
	dst = binary.BigEndian.AppendUint64(dst, uint64(doc))
	return binary.BigEndian.AppendUint32(dst, uint32(index))
}

// AppendSegment appends the record that a [Matcher] takes: sorted bytewise, equal
// segments are neighbours, the best first.
func AppendSegment(dst []byte, s Segment, text string, doc int64, quality float32) []byte {
	part := text[s.Start:s.End]
	dst = binary.BigEndian.AppendUint64(dst, s.Hash)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(part)))
	dst = append(dst, part...)
	dst = binary.BigEndian.AppendUint32(dst, ^ascending(quality))
	dst = binary.BigEndian.AppendUint64(dst, uint64(doc))
	return binary.BigEndian.AppendUint32(dst, uint32(s.Start))
}

// ascending maps floats to integers of the order of cmp.Compare: one zero, and
// what is no number comes first.
func ascending(f float32) uint32 {
	if f != f {
		return 0
	}
	b := math.Float32bits(f + 0)
	if b>>31 != 0 {
		return ^b
	}
	return b | 1<<31
}

func fromAscending(b uint32) float32 {
	switch {
	case b == 0:
		return float32(math.NaN())
	case b>>31 != 0:
		return math.Float32frombits(b &^ (1 << 31))
	}
	return math.Float32frombits(^b)
}
