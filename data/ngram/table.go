package ngram

import (
	"encoding/binary"
	"math/bits"
)

// Hashes of n-grams grow from the last word to the first, as scoring looks them
// up.

// hashFirst returns the hash of the last word.
func hashFirst(w uint32) uint64 { return hashNext(0x6a09e667f3bcc908, w) }

// hashNext returns the hash of an n-gram with w before it.
func hashNext(h uint64, w uint32) uint64 {
	h += (uint64(w) + 1) * 0x9e3779b97f4a7c15
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	return h ^ h>>29
}

// hashOf returns the hash of a key of n words; 0 marks a free place.
func (k *key) hashOf(n int) uint64 {
	h := hashFirst(k.word(0))
	for i := 1; i < n; i++ {
		h = hashNext(h, k.word(i))
	}
	return max(h, 1)
}

// wide is a table of entries of 16 bytes.
type wide struct {
	data  []byte
	slots uint64
}

// find returns the value of a hash.
func (t *wide) find(h uint64) (uint64, bool) {
	slot, _ := bits.Mul64(h, t.slots)
	for d := t.data[min(slot*16, uint64(len(t.data))):]; len(d) >= 16; d = d[16:] {
		switch k := binary.LittleEndian.Uint64(d); {
		case k == h:
			return binary.LittleEndian.Uint64(d[8:]), true
		case k == 0 || k > h:
			return 0, false
		}
	}
	return 0, false
}

// narrow is a table of entries of 8 bytes.
type narrow struct {
	data  []byte
	slots uint64
}

// A quantized entry holds, from the highest bit, 45 bits of the n-gram's hash, a
// 1, whether it extends to the left and to the right, and the codes of
// probability and backoff. The place in the table comes from other bits of the
// hash, so that two n-grams are taken for each other about once in 2^44.
type quantized uint64

const (
	quantizedHash  = 1<<64 - 1<<19
	quantizedTaken = 1 << 18
	quantizedLeft  = 1 << 17
	quantizedRight = 1 << 16
)

func newQuantized(h uint64, e entry, c *codes) quantized {
	q := h<<19 | quantizedTaken | uint64(c.code(0, e.prob()))<<8
	if e.extendsLeft() {
		q |= quantizedLeft
	}
	if e.extendsRight() {
		q |= quantizedRight | uint64(c.code(1, e.backoff()))
	}
	return quantized(q)
}

// entry returns the n-gram's values as entries of 16 bytes have them.
func (q quantized) entry(c *codes) entry {
	var backoff float32
	right := q&quantizedRight != 0
	if right {
		backoff = c[1][byte(q)]
	}
	return newEntry(c[0][byte(q>>8)], backoff, q&quantizedLeft != 0, right)
}

// find returns the entry of a hash.
func (t *narrow) find(h uint64) (quantized, bool) {
	slot, _ := bits.Mul64(h, t.slots)
	for d := t.data[min(slot*8, uint64(len(t.data))):]; len(d) >= 8; d = d[8:] {
		switch q := binary.LittleEndian.Uint64(d); {
		case q == 0:
			return 0, false
		case (q^h<<19)&quantizedHash == 0:
			return quantized(q), true
		}
	}
	return 0, false
}
