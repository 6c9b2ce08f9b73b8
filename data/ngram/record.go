package ngram

import (
	"cmp"
	"encoding/binary"
)

// Ids of the words that every model has.
const (
	unkID = iota
	bosID
	eosID
	firstWord
)

// reserved are the names of the first ids.
var reserved = [firstWord]string{"<unk>", "<s>", "</s>"}

// key is an n-gram with its last word first, two words in each element, so that
// comparing keys is comparing n-grams from their ends: suffix order. Places
// beyond the order are zero.
//
// Leaving out the last place gives the n-gram without its first word, and
// leaving out the first place gives its context.
type key [3]uint64

func (k *key) word(i int) uint32 { return uint32(k[i>>1] >> (32 * (1 - i&1))) }

func (k *key) set(i int, w uint32) {
	shift := 32 * (1 - i&1)
	k[i>>1] = k[i>>1]&^(0xffffffff<<shift) | uint64(w)<<shift
}

// compare orders keys as their words in turn.
func (k *key) compare(o *key) int {
	if c := cmp.Compare(k[0], o[0]); c != 0 {
		return c
	}
	if c := cmp.Compare(k[1], o[1]); c != 0 {
		return c
	}
	return cmp.Compare(k[2], o[2])
}

// first returns the key of the first n places.
func (k *key) first(n int) key {
	out := *k
	for i := n; i < 2*len(k); i++ {
		out.set(i, 0)
	}
	return out
}

// context returns the key of an n-gram's context.
func (k *key) context(n int) (out key) {
	for i := 1; i < n; i++ {
		out.set(i-1, k.word(i))
	}
	return out
}

// rotated puts the first of n places last: n-grams of one context, one after
// the other, contexts in suffix order.
func (k *key) rotated(n int) key {
	out := k.context(n)
	out.set(n-1, k.word(0))
	return out
}

// unrotated undoes rotated.
func (k *key) unrotated(n int) (out key) {
	out.set(0, k.word(n-1))
	for i := 1; i < n; i++ {
		out.set(i, k.word(i-1))
	}
	return out
}

// same counts the places in which two keys of n words agree from the start.
func (k *key) same(o *key, n int) int {
	for i := range n {
		if k.word(i) != o.word(i) {
			return i
		}
	}
	return n
}

// record is an n-gram with two numbers; what they are depends on the stream.
type record struct {
	key  key
	a, b uint64
}

// codec is how records lie in temporary files: the words and b as varints, a as
// a varint too or as eight bytes.
type codec struct {
	words int
	fixed bool // a holds the bits of a float or a hash, which a varint would lengthen
}

// maxRecordBytes is the longest encoded record.
const maxRecordBytes = MaxOrder*binary.MaxVarintLen32 + 2*binary.MaxVarintLen64

func (c codec) append(dst []byte, r *record) []byte {
	for i := range c.words {
		dst = binary.AppendUvarint(dst, uint64(r.key.word(i)))
	}
	if c.fixed {
		dst = binary.LittleEndian.AppendUint64(dst, r.a)
	} else {
		dst = binary.AppendUvarint(dst, r.a)
	}
	return binary.AppendUvarint(dst, r.b)
}

// decode reads a record and returns its length, 0 if it is damaged.
func (c codec) decode(b []byte, r *record) int {
	at := 0
	uvarint := func() (v uint64, ok bool) {
		v, n := binary.Uvarint(b[at:])
		at += max(n, 0)
		return v, n > 0
	}
	r.key = key{}
	for i := range c.words {
		v, ok := uvarint()
		if !ok {
			return 0
		}
		r.key.set(i, uint32(v))
	}
	ok := true
	if c.fixed {
		if ok = len(b) >= at+8; ok {
			r.a = binary.LittleEndian.Uint64(b[at:])
			at += 8
		}
	} else {
		r.a, ok = uvarint()
	}
	if !ok {
		return 0
	}
	if r.b, ok = uvarint(); !ok {
		return 0
	}
	return at
}
