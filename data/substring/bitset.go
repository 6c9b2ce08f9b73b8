package substring

import "math/bits"

// bitset is a set of positions below 64 times its length.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }

// next returns the least member from i on, or end when there is none before it.
func (b bitset) next(i, end int) int { return b.scan(i, end, 0) }

// nextOut returns the least number from i on that is no member, or end.
func (b bitset) nextOut(i, end int) int { return b.scan(i, end, ^uint64(0)) }

func (b bitset) scan(i, end int, flip uint64) int {
	for i < end {
		if w := (b[i>>6] ^ flip) >> (i & 63); w != 0 {
			return min(i+bits.TrailingZeros64(w), end)
		}
		i = (i | 63) + 1
	}
	return end
}

// runs calls fn for every maximal run of members from..to-1 within start..end-1.
func (b bitset) runs(start, end int, fn func(from, to int)) {
	for from := b.next(start, end); from < end; {
		to := b.nextOut(from, end)
		fn(from, to)
		from = b.next(to, end)
	}
}

// each calls fn for every member below end, in order.
func (b bitset) each(end int, fn func(i int)) {
	for w, word := range b {
		for ; word != 0; word &= word - 1 {
			if i := w<<6 | bits.TrailingZeros64(word); i < end {
				fn(i)
			}
		}
	}
}
