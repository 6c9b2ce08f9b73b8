package rng

import "math/bits"

// Multipliers and key increments of Philox4x32 (the increments are the golden
// ratio and sqrt(3)-1 in 32 bits).
const (
	philoxM0 = 0xD2511F53
	philoxM1 = 0xCD9E8D57
	philoxW0 = 0x9E3779B9
	philoxW1 = 0xBB67AE85

	philoxRounds = 10
)

// philox encrypts one counter under a key: ten rounds of Philox4x32.
func philox(ctr [4]uint32, key [2]uint32) [4]uint32 {
	for range philoxRounds {
		hi0, lo0 := bits.Mul32(philoxM0, ctr[0])
		hi1, lo1 := bits.Mul32(philoxM1, ctr[2])
		ctr = [4]uint32{hi1 ^ ctr[1] ^ key[0], lo1, hi0 ^ ctr[3] ^ key[1], lo0}
		key[0] += philoxW0
		key[1] += philoxW1
	}
	return ctr
}

// block returns the two 64-bit values of one counter.
func block(seed, lane, n uint64) (first, second uint64) {
	out := philox(
		[4]uint32{uint32(n), uint32(n >> 32), uint32(lane), uint32(lane >> 32)},
		[2]uint32{uint32(seed), uint32(seed >> 32)},
	)
	return uint64(out[0]) | uint64(out[1])<<32, uint64(out[2]) | uint64(out[3])<<32
}

// laneOf hashes a stream's name to the upper half of the counter: FNV-1a, then
// the finaliser of SplitMix64, since FNV alone leaves short names close.
func laneOf(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
	h = (h ^ h>>27) * 0x94D049BB133111EB
	return h ^ h>>31
}
