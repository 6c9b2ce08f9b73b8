package score

import "math"

// table finds the first place of each key, in open addressing. A slot holds 32
// bits of the key that are not in its address, so two keys of a text of n units
// are taken for one with a chance of about n/2^33. Places count on from text to
// text, and a slot of an earlier text is told by its place: clearing is free, and
// a text costs only its own length.
type table struct {
	slots  []slot
	copies []uint32 // by place: how often the key whose first place it is was seen
	mask   uint64
	base   uint32 // place 0 of this text; slots below it are empty
	next   uint32
	unique int
}

type slot struct {
	tag   uint32
	place uint32 // of the first copy, plus base
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
	if len(t.copies) < limit {
		t.copies = make([]uint32, limit+limit/2)
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
	slots, mask, tag := t.slots, t.mask, uint32(key>>32)
	for i := key & mask; ; i = (i + 1) & mask {
		s := &slots[i]
		if s.place < t.base {
			*s = slot{tag, t.base + uint32(place)}
			t.copies[place] = 1
			t.unique++
			return 1, place
		}
		if s.tag == tag {
			first = int(s.place - t.base)
			t.copies[first]++
			return t.copies[first], first
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
