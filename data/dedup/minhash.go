package dedup

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/zeebo/xxh3"
)

// Signer computes signatures; it is for one goroutine.
type Signer struct {
	cfg  Config
	sh   shingler
	a, b []uint64
	sig  []uint32
	key  []byte
	set  []uint32
}

// NewSigner draws the hash functions from the configuration's seed.
func NewSigner(cfg Config) *Signer {
	n := cfg.Bands * cfg.Rows
	s := &Signer{cfg: cfg, sh: shingler{words: cfg.WordNGram, chars: cfg.CharNGram},
		a: make([]uint64, n), b: make([]uint64, n), sig: make([]uint32, n)}
	rng := rand.New(rand.NewPCG(cfg.Seed, 0x6d696e68617368)) // "minhash"
	for i := range n {
		s.a[i], s.b[i] = rng.Uint64(), rng.Uint64()
	}
	return s
}

// Signature returns the MinHash signature of a text, valid until the next call.
func (s *Signer) Signature(text string) []uint32 {
	set := s.sh.shingles(text) // repetitions do not change a minimum
	for i := range s.sig {
		s.sig[i] = minOf(set, s.a[i], s.b[i])
	}
	return s.sig
}

// minOf returns the least high half of a*x+b over the set.
func minOf(set []uint32, a, b uint64) uint32 {
	m0, m1, m2, m3 := ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)
	i := 0
	for ; i+4 <= len(set); i += 4 { // four chains, since each waits for its own minimum
		x := set[i : i+4 : i+4]
		m0 = min(m0, a*uint64(x[0])+b)
		m1 = min(m1, a*uint64(x[1])+b)
		m2 = min(m2, a*uint64(x[2])+b)
		m3 = min(m3, a*uint64(x[3])+b)
	}
	for ; i < len(set); i++ {
		m0 = min(m0, a*uint64(set[i])+b)
	}
	return uint32(min(m0, m1, m2, m3) >> 32)
}

// Shingles returns the sorted set of shingle hashes of a text, valid until the
// next call.
func (s *Signer) Shingles(text string) []uint32 {
	s.set = append(s.set[:0], s.sh.shingles(text)...)
	slices.Sort(s.set)
	s.set = slices.Compact(s.set)
	return s.set
}

// BandKeys appends one key per band of the signature to dst. Texts with an equal
// key in the same band are candidates.
func (s *Signer) BandKeys(dst []uint64, sig []uint32) []uint64 {
	for band := range s.cfg.Bands {
		s.key = append(s.key[:0], byte(band))
		for _, v := range sig[band*s.cfg.Rows : (band+1)*s.cfg.Rows] {
			s.key = binary.LittleEndian.AppendUint32(s.key, v)
		}
		dst = append(dst, xxh3.Hash(s.key))
	}
	return dst
}

// ExactHash identifies a cleaned text: 128 bits, so that no two texts of any
// corpus share it by chance.
func ExactHash(text string) [16]byte { return xxh3.HashString128(text).Bytes() }

// Jaccard returns the similarity of two sorted sets.
func Jaccard(a, b []uint32) float64 {
	if len(a) == 0 && len(b) == 0 {
		return 1
	}
	both := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			both++
			i++
			j++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
