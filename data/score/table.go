package score

import "math"

// table counts keys in open addressing and remembers where each was seen first.
// Places count on from text to text, so that a slot of an earlier text is told
// by its place: clearing is free, and a text costs only its own length.
type table struct {
	slots  []slot
	mask   uint64
	base   uint32 // place 0 of this text; slots below it are empty
	next   uint32
	unique int
}

type slot struct {
	key   uint64
	place uint32 // of the first copy, plus base
	count uint32
}

// reset empties the table and makes room for n keys at places 0 to limit-1.
func (t *table) reset(n, limit int) {
	size := 64
	for size < 2*n {
		size *= 2
	}
	if len(t.slots) < size {
		t.slots, t.next = make([]slot, size), 1
	}
	if t.next == 0 || uint64(t.next)+uint64(limit) > math.MaxUint32 { // new, or after 2^32 units
		clear(t.slots)
		t.next = 1
	}
	t.base = t.next
	t.next += uint32(limit)
	t.mask = uint64(size - 1)
	t.unique = 0
}

// add counts key, seen at place. It returns how often it has been seen now and
// where first.
func (t *table) add(key uint64, place int) (count uint32, first int) {
	slots, mask := t.slots, t.mask
	for i := key & mask; ; i = (i + 1) & mask {
		s := &slots[i]
		if s.place < t.base {
			*s = slot{key, t.base + uint32(place), 1}
			t.unique++
			return 1, place
		}
		if s.key == key {
			s.count++
			return s.count, int(s.place - t.base)
		}
	}
}

// bitset marks places of a text.
type bitset []uint64

// cleared returns a bitset of n bits that are all off, reusing b's memory.
func (b bitset) cleared(n int) bitset {
	words := n/64 + 1
	if cap(b) < words {
		return make(bitset, words, 2*words)
	}
	b = b[:words]
	clear(b)
	return b
}

func (b bitset) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }
