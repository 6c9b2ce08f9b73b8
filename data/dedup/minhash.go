package dedup

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"huihai/internal/rng"
)

// Signer computes signatures; it is for one goroutine.
type Signer struct {
	cfg  Config
	sh   shingler
	fns  []affine // of row r those from 2*Bands*r on, one per round
	bins [256]uint64
	sig  []uint32
	key  []byte
	set  []uint32
}

// affine is the hash function x -> the high half of a*x + b mod 2^64.
type affine struct{ a, b uint64 }

// NewSigner draws the hash functions from the configuration's seed.
func NewSigner(cfg Config) *Signer {
	s := &Signer{cfg: cfg, sh: shingler{Splitter: Splitter{Digits: !cfg.FoldDigits}, words: cfg.WordNGram, chars: cfg.CharNGram},
		fns: make([]affine, 2*cfg.Bands*cfg.Rows), sig: make([]uint32, cfg.Bands*cfg.Rows)}
	stream := rng.New(cfg.Seed, "data/dedup/minhash")
	for i := range s.fns {
		s.fns[i] = affine{stream.Uint64(), stream.Uint64()}
	}
	return s
}

// Signature returns the MinHash signature of a text, Bands*Rows values, band
// after band, valid until the next call.
func (s *Signer) Signature(text string) []uint32 { return s.sign(s.sh.shingles(text)) }

// sign returns the signature of a set, which may repeat its elements.
func (s *Signer) sign(set []uint32) []uint32 {
	for row := range s.cfg.Rows {
		rounds := 2 * s.cfg.Bands
		s.sketch(set, s.fns[row*rounds:(row+1)*rounds])
		for band, v := range s.bins[:s.cfg.Bands] {
			s.sig[band*s.cfg.Rows+row] = uint32(v) ^ uint32(v>>32)*0x9e37_79b9
		}
	}
	return s.sig
}

// empty marks a bin that nothing has fallen into yet.
const empty = ^uint64(0)

// sketch fills one bin per band with the least (round, hash) that falls there.
// In the first rounds a function throws every element into one bin; a round more
// follows while a bin is empty. After as many rounds as bins, which only sets of
// few elements reach, one function per bin settles it.
func (s *Signer) sketch(set []uint32, fns []affine) {
	n := uint64(s.cfg.Bands)
	for i := range n {
		s.bins[i] = empty
	}
	for round, f := range fns[:n] {
		throw(&s.bins, set, f, uint64(round)<<32, n)
		if !slices.Contains(s.bins[:n], empty) {
			return
		}
	}
	for bin, f := range fns[n:] {
		if s.bins[bin] == empty {
			for _, x := range set {
				s.bins[bin] = min(s.bins[bin], (n+uint64(bin))<<32|(f.a*uint64(x)+f.b)>>32)
			}
		}
	}
}

// throw puts every element of set into the bin that the upper part of its hash
// chooses, where the lower part competes.
func throw(bins *[256]uint64, set []uint32, f affine, round, n uint64) {
	for _, x := range set {
		place := (f.a*uint64(x) + f.b) >> 32 * n // the bin, and 32 bits behind the point
		bin := uint8(place >> 32)
		bins[bin] = min(bins[bin], round|place&0xffff_ffff) // no branch: it would be a toss in small sets
	}
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

// Numbers returns the sorted set of hashes of the numbers in a text, valid until the
// next call.
func (s *Signer) Numbers(text string) []uint32 { return s.sh.numberSet(text) }

// ExactHash identifies a cleaned text: 128 bits, so that no two texts of any
// corpus share it by chance. Blanks at the beginning of lines, and whether a blank is
// ideographic or non-breaking, make no difference.
func ExactHash(text string) [16]byte { return xxh3.HashString128(withoutIndent(text)).Bytes() }

// withoutIndent takes the blanks at the beginnings of lines out and makes all others
// ASCII. Most texts need neither and come back as they are.
func withoutIndent(text string) string {
	if text == "" || !blank(text, 0) && !strings.Contains(text, "\n ") && !strings.Contains(text, "\n\t") &&
		!strings.Contains(text, "\u3000") && !strings.Contains(text, "\u00a0") {
		return text
	}
	out := make([]byte, 0, len(text))
	start := true // of a line
	for i := 0; i < len(text); {
		if blank(text, i) {
			_, n := utf8.DecodeRuneInString(text[i:])
			i += n
			if !start {
				out = append(out, ' ')
			}
			continue
		}
		start = text[i] == '\n'
		out = append(out, text[i])
		i++
	}
	return string(out)
}

// blank reports whether a blank begins at text[i].
func blank(text string, i int) bool {
	switch text[i] {
	case ' ', '\t':
		return true
	case 0xc2, 0xe3:
		return strings.HasPrefix(text[i:], "\u00a0") || strings.HasPrefix(text[i:], "\u3000")
	}
	return false
}
