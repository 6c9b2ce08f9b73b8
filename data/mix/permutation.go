// Package mix decides the order in which samples are drawn: seeded permutations
// that are evaluated at any place in constant time and memory, and the schedule
// of several sources by weight.
//
// The package knows nothing of files.
package mix

import "math/bits"

// Permutation is a seeded permutation of 0..n-1. It is a Feistel network over the
// next even power of two with cycle walking (Black and Rogaway 2002): a place
// that falls outside is sent through the network again, fewer than four times
// on average.
type Permutation struct {
	n    uint64
	half uint // bits of each half
	mask uint64
	keys [rounds]uint64
}

// rounds is such that permutations of eight places pass a chi-squared test, which
// six rounds do not. It need not withstand an attacker.
const rounds = 10

// NewPermutation returns the permutation of n places that seed and stream name.
func NewPermutation(n int64, seed, stream uint64) *Permutation {
	p := &Permutation{n: uint64(max(n, 0))}
	width := uint(bits.Len64(max(p.n, 2) - 1))
	p.half = (width + 1) / 2
	p.mask = 1<<p.half - 1
	x := splitmix(splitmix(seed) ^ stream)
	for i := range p.keys {
		x = splitmix(x)
		p.keys[i] = x
	}
	return p
}

// At returns where place i (in 0..n-1) is sent.
func (p *Permutation) At(i int64) int64 {
	x := uint64(i)
	if x >= p.n {
		panic("mix: place outside the permutation")
	}
	for {
		l, r := x>>p.half, x&p.mask
		for _, k := range p.keys {
			l, r = r, l^(splitmix(r^k)&p.mask)
		}
		if x = l<<p.half | r; x < p.n {
			return int64(x)
		}
	}
}

// splitmix is the mixing function of SplitMix64 (Steele et al. 2014).
func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
