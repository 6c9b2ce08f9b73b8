package substring

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// piece is a text among others in which repeated windows are sought: a document,
// or a segment of one.
type piece struct {
	quality float32
	doc     int64
	start   int32 // of the text in its document
	text    []byte
}

// before orders pieces as occurrences are ranked: the best document first, the
// lowest number among equals, then by place.
func (p piece) before(q piece) int {
	return cmp.Or(cmp.Compare(q.quality, p.quality), cmp.Compare(p.doc, q.doc), cmp.Compare(p.start, q.start))
}

// repeats finds repeated windows by the suffix array of all pieces in a row. Its
// buffers are used again: 5.4 bytes per byte of text, and 0.2 more for a while.
type repeats struct {
	text []byte
	sa   []int32
	sets [3]bitset
}

// find calls emit with the marks of all windows of size bytes that occur more
// than once in the pieces, which it sorts. Windows do not cross pieces.
func (r *repeats) find(pieces []piece, size int, emit func(Mark) error) error {
	slices.SortFunc(pieces, piece.before)
	r.text = r.text[:0]
	for _, p := range pieces {
		r.text = append(r.text, p.text...)
	}
	n := len(r.text)
	if n >= math.MaxInt32 {
		return fmt.Errorf("substring: %d bytes of text at once; suffix arrays here take less than 2 GiB: find repeats in parts", n)
	}
	inside, again, first := r.reset(n)
	at := 0
	for _, p := range pieces {
		for i := at; i+size <= at+len(p.text); i++ {
			inside.set(i)
		}
		at += len(p.text)
	}
	suffixArray(r.text, r.sa)
	r.classes(size, inside, again, first)
	at = 0
	for _, p := range pieces {
		for _, set := range []struct {
			bits bitset
			kept bool
		}{{again, false}, {first, true}} {
			var err error
			set.bits.runs(at, at+len(p.text), func(from, to int) {
				s := Span{Start: p.start + int32(from-at), End: p.start + int32(to-1-at+size)}
				if err == nil {
					err = emit(Mark{p.doc, s, set.kept})
				}
			})
			if err != nil {
				return err
			}
		}
		at += len(p.text)
	}
	return nil
}

func (r *repeats) reset(n int) (inside, again, first bitset) {
	if cap(r.sa) < n {
		r.sa = make([]int32, n)
	}
	r.sa = r.sa[:n]
	for i := range r.sets {
		if words := (n + 63) / 64; cap(r.sets[i]) < words {
			r.sets[i] = newBitset(n)
		} else {
			r.sets[i] = r.sets[i][:words]
			clear(r.sets[i])
		}
	}
	return r.sets[0], r.sets[1], r.sets[2]
}

// window is a place in the suffix order and the last bytes of its window.
type window struct {
	at   int32
	tail uint64
}

// classes walks the windows in suffix order, where equal ones are neighbours. Of
// each class of at least two the least position goes to first, the others to
// again. Comparing neighbours takes no memory, where an array of common prefix
// lengths takes four bytes per byte of text. The last eight bytes decide almost
// always; they are fetched for many windows at a time, since each is a cache miss
// that need not wait for the one before.
func (r *repeats) classes(size int, inside, again, first bitset) {
	before, least, open := window{}, 0, false
	started := false
	var block [256]window
	for sa := r.sa; len(sa) > 0; {
		n := min(len(sa), len(block))
		found := block[:0]
		for _, p := range sa[:n] {
			if inside.has(int(p)) {
				found = append(found, window{p, binary.LittleEndian.Uint64(r.text[int(p)+size-8:])})
			}
		}
		sa = sa[n:]
		for _, w := range found {
			p, q := int(w.at), int(before.at)
			switch {
			case started && w.tail == before.tail && bytes.Equal(r.text[q:q+size], r.text[p:p+size]):
				if !open {
					least, open = q, true
				}
				again.set(max(p, least))
				least = min(p, least)
			case open:
				first.set(least)
				open = false
			}
			before, started = w, true
		}
	}
	if open {
		first.set(least)
	}
}
