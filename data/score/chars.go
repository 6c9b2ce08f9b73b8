package score

import (
	"math"
	"slices"
	"unicode/utf8"
)

const charGram = 10

// charPower is the hash of a character that ten more have been read behind.
var charPower = func() uint64 {
	p := uint64(1)
	for range charGram {
		p *= hashStep
	}
	return p
}()

// charNGrams finds repeated runs of ten characters.
type charNGrams struct {
	hashes      []uint64
	once, twice bitset // hashes seen, and seen again, by their low bits
	seen        table
	repeated    []uint32 // first places of repeated ones, then how often those occur
}

// measure returns the share that the most frequent 10-grams have of all in a
// text of so many characters, as Data-Juicer's character_repetition_filter takes
// it: of the D different ones the floor(sqrt(D)) most frequent, as far as they
// occur more than once.
func (c *charNGrams) measure(s string, chars int) float64 {
	n := chars - charGram + 1
	if n <= 0 {
		return 0
	}
	size := 1024
	for size < 8*n {
		size *= 2
	}
	mask := uint64(size - 1)
	again := c.roll(s, mask)
	// Only hashes whose bit was set twice can be copies: few, in natural text.
	c.seen.reset(min(n, 2*again), n)
	different := n
	c.repeated = c.repeated[:0]
	for i, h := range c.hashes {
		if c.twice.has(int(h & mask)) {
			if count, first := c.seen.add(h, i); count > 1 {
				different--
				if count == 2 {
					c.repeated = append(c.repeated, uint32(first))
				}
			}
		}
	}
	for i, first := range c.repeated {
		c.repeated[i] = c.seen.copies[first]
	}
	slices.Sort(c.repeated)
	top := min(int(math.Sqrt(float64(different))), len(c.repeated))
	sum := 0
	for _, count := range c.repeated[len(c.repeated)-top:] {
		sum += int(count)
	}
	return ratio(sum, n)
}

// roll hashes the 10-grams of characters of s and marks them by the bits of mask.
// It returns how often a bit was on already. The hashes are differences of
// polynomials modulo 2^64, one for each prefix of s.
func (c *charNGrams) roll(s string, mask uint64) (again int) {
	c.once, c.twice = c.once.cleared(int(mask)), c.twice.cleared(int(mask))
	hashes, h := append(c.hashes[:0], 0), uint64(0)
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			if r, size = hanAt(s, i), 3; r == 0 {
				r, size = utf8.DecodeRuneInString(s[i:])
			}
		}
		i += size
		h = h*hashStep + uint64(r) + 1
		hashes = append(hashes, h)
		if k := len(hashes) - 1 - charGram; k >= 0 {
			x := (h - hashes[k]*charPower) * 0xff51afd7ed558ccd // the last characters alone reach the high bits so
			x ^= x >> 32
			hashes[k] = x
			if j := int(x & mask); c.once.has(j) {
				c.twice.set(j)
				again++
			} else {
				c.once.set(j)
			}
		}
	}
	c.hashes = hashes[:len(hashes)-charGram]
	return again
}
