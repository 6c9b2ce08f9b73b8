package substring

import (
	"encoding/binary"
	"math"
)

// Segment is a part of a document whose windows all have the same anchor.
type Segment struct {
	Hash uint64 // of the anchor's bytes
	Span        // of the windows together, at least MinBytes
}

// Segmenter cuts documents into segments; it is for one goroutine.
//
// The anchor of a window of MinBytes bytes is the substring of half that length
// in it whose hash is least (by its upper half), the leftmost among equals. It depends on the bytes
// of the window alone, so equal windows have anchors of equal hash, wherever they
// occur: windows whose anchors differ need not be compared. Neighbouring windows
// mostly share their anchor; a segment is a maximal run of such windows, and every
// window of a document lies in exactly one segment.
type Segmenter struct {
	size, gram int
	spread     [256]uint64 // what a byte adds to the rolling hash
	out        [256]uint64 // what it has become when it leaves
	here, next []uint64    // hashes of the grams of two blocks
	behind     []uint64    // least keys from each gram of a block to its end
	segs       []Segment
	local      []Span
	seen       map[uint64]copies
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
	s := &Segmenter{size: cfg.MinBytes, gram: cfg.MinBytes / 3, seen: map[uint64]copies{}}
	grams := s.size - s.gram + 1
	s.here, s.next, s.behind = make([]uint64, grams), make([]uint64, grams), make([]uint64, grams)
	power := uint64(1)
	for range s.gram - 1 {
		power *= hashFactor
	}
	for b := range s.out {
		s.spread[b] = mix(uint64(b) + 1)
		s.out[b] = s.spread[b] * power
	}
	return s
}

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
	n, windows := len(s.behind), len(text)-s.size+1
	hash := uint64(0)
	for i := range s.gram - 1 {
		hash = hash*hashFactor + s.spread[text[i]]
	}
	hash = s.roll(text, hash, 0, s.next)
	from, anchor, anchorHash := 0, uint64(math.MaxUint64), uint64(0)
	// The least gram of a window is the least of the end of one block, as long as
	// the grams of a window, and of the beginning of the next.
	for block := 0; block < windows; block += n {
		s.here, s.next = s.next, s.here
		hash = s.roll(text, hash, block+n, s.next)
		least := uint64(math.MaxUint64)
		for i := n - 1; i >= 0; i-- {
			least = min(least, key(s.here[i], block+i))
			s.behind[i] = least
		}
		ahead := uint64(math.MaxUint64)
		for i, least := range s.behind[:min(n, windows-block)] {
			if i > 0 {
				ahead = min(ahead, key(s.next[i-1], block+n+i-1))
			}
			least = min(least, ahead)
			if least == anchor {
				continue
			}
			if window := block + i; window > 0 {
				s.add(text, anchorHash, Span{Start: int32(from), End: int32(window - 1 + s.size)})
				from = window
			}
			anchor = least
			if at := int(uint32(anchor)) - block; at < n {
				anchorHash = s.here[at]
			} else {
				anchorHash = s.next[at-n]
			}
		}
	}
	s.add(text, anchorHash, Span{Start: int32(from), End: int32(len(text))})
	return s.segs, s.local
}

// key orders grams by 32 bits of their hashes, then by place.
func key(hash uint64, pos int) uint64 { return hash&^math.MaxUint32 | uint64(pos) }

// roll puts the hashes of the grams from pos on into dst, as far as there are any.
// hash is that of the gram before without its first byte, and so is the result.
func (s *Segmenter) roll(text string, hash uint64, pos int, dst []uint64) uint64 {
	first := text[min(pos, len(text)):]
	last := text[min(pos+s.gram-1, len(text)):]
	for i := range min(len(dst), len(last)) {
		hash = hash*hashFactor + s.spread[last[i]]
		dst[i] = mix(hash)
		hash -= s.out[first[i]]
	}
	return hash
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
