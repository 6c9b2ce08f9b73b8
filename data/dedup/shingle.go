package dedup

import (
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"huihai/data/clean"

	"github.com/zeebo/xxh3"
)

// shingler cuts texts into shingles, keeping its buffers between texts.
type shingler struct {
	Splitter
	words, chars int // n-gram lengths
	out          []uint32
	numbers      []uint32
}

// shingles returns the shingle hashes of text, with repetitions, valid until the
// next call. There is always at least one.
func (s *shingler) shingles(text string) []uint32 {
	_, han := s.Split(text)
	s.out = s.out[:0]
	n := s.words
	if han*2 > len(s.units) {
		n = s.chars
	}
	if len(s.units) == 0 {
		s.out = append(s.out, uint32(xxh3.HashString(strings.TrimSpace(text))>>32))
		return s.out
	}
	s.roll(min(n, len(s.units)))
	return s.out
}

// numberSet returns the hashes of the numbers of text, sorted, each once, valid until
// the next call. A number is a row of digits, whatever their script and width, without
// zeros in front.
func (s *shingler) numberSet(text string) []uint32 {
	out, h, in := s.numbers[:0], uint64(0), false
	end := func() {
		if in {
			out, h, in = append(out, scramble(unit(h))), 0, false
		}
	}
	for i := 0; i < len(text); {
		if b := text[i]; b < utf8.RuneSelf {
			i++
			if b < '0' || b > '9' {
				if in {
					end()
				}
				continue
			}
			if in = true; b != '0' || h != 0 {
				h = letter(h, rune(b))
			}
			continue
		}
		r, n := decode(text, i)
		i += n
		switch {
		case ideographic(r) || !unicode.IsDigit(r):
			end()
		default:
			if in = true; digit(r) != '0' || h != 0 {
				h = letter(h, digit(r))
			}
		}
	}
	end()
	slices.Sort(out)
	s.numbers = slices.Compact(out)
	return s.numbers
}

// p61 is the prime of the rolling hash, and base the point its polynomials are
// evaluated at.
const (
	p61  = 1<<61 - 1
	base = 0x15d3_9f0b_8a61_c2e7 // below p61
)

// roll appends the hash of every n units in a row: the polynomial
// u_0 B^(n-1) + ... + u_(n-1) mod 2^61-1, of which the next one follows in two
// multiplications, scrambled to 32 bits.
func (s *shingler) roll(n int) {
	power := uint64(1) // B^n
	h := uint64(0)
	for _, u := range s.units[:n] {
		h = mulAdd(h, base, 0, 0, u)
		power = mulAdd(power, base, 0, 0, 0)
	}
	leave := p61 - power // adding u*leave takes u*B^n away
	s.out = append(s.out, scramble(h))
	old := s.units[:len(s.units)-n]
	for i, u := range s.units[n:] {
		h = mulAdd(h, base, old[i], leave, u)
		s.out = append(s.out, scramble(h))
	}
}

// mulAdd returns a*b + c*d + e mod 2^61-1, all below 2^61.
func mulAdd(a, b, c, d, e uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	hi2, lo2 := bits.Mul64(c, d)
	lo, carry := bits.Add64(lo, lo2, 0)
	hi += hi2 + carry
	lo, carry = bits.Add64(lo, e, 0)
	hi += carry
	x := lo&p61 + (hi<<3 | lo>>61) // 2^61 is 1
	x = x&p61 + x>>61
	if x >= p61 {
		x -= p61
	}
	return x
}

// scramble makes 32 well-mixed bits of 64 (the finaliser of SplitMix64).
func scramble(h uint64) uint32 {
	h = (h ^ h>>30) * 0xbf58_476d_1ce4_e5b9
	h = (h ^ h>>27) * 0x94d0_49bb_1331_11eb
	return uint32(h >> 32)
}

// unit ends a unit: the state of its letters becomes a number in [1, 2^61).
func unit(h uint64) uint64 {
	h = (h ^ h>>32) * 0x9fb2_1c65_1e98_df25
	return max((h^h>>29)>>3, 1)
}

// letter takes a letter into the state of a unit, which starts at 0. Each step
// is a bijection of the state, so no two words of one length that differ in one
// letter collide.
func letter(h uint64, r rune) uint64 { return (h ^ uint64(r)) * 0xd6e8_feb8_6659_fd93 }

// plain maps the bytes that units are made of to their simplified form, and all
// others to 0.
var plain = func() (t [utf8.RuneSelf]byte) {
	for b := range t {
		switch b := byte(b); {
		case b >= 'a' && b <= 'z':
			t[b] = b
		case b >= 'A' && b <= 'Z':
			t[b] = b | 0x20
		case b >= '0' && b <= '9':
			t[b] = b
		}
	}
	return t
}()

// Splitter cuts texts into units, keeping its buffer between texts; the zero value
// is ready. A unit is a word of the simplified text, or a Han or Kana character; of
// traditional and simplified Han, and of common variants, it makes no difference.
type Splitter struct {
	// Digits keeps digits apart. Otherwise all are the same, and words that differ in
	// them alone are one unit.
	Digits bool

	units []uint64
}

// Split returns a hash in [1, 2^61) for every unit of the text, in order, and how
// many are single Han or Kana characters. The hashes are valid until the next
// call.
func (s *Splitter) Split(text string) (hashes []uint64, han int) {
	units, h := s.units[:0], uint64(0)
	for i := 0; i < len(text); {
		b := text[i]
		if b < utf8.RuneSelf {
			i++
			if c := plain[b]; c != 0 {
				if c <= '9' && !s.Digits {
					c = '0'
				}
				h = letter(h, rune(c))
			} else if h != 0 {
				units, h = append(units, unit(h)), 0
			}
			continue
		}
		r, n := decode(text, i)
		i += n
		simple, kind := simplify(r)
		switch kind {
		case partOfWord:
			if simple <= '9' && !s.Digits {
				simple = '0'
			}
			h = letter(h, simple)
			continue
		case nothing:
			continue
		}
		if h != 0 {
			units, h = append(units, unit(h)), 0
		}
		if kind == ownUnit {
			units = append(units, unit(letter(0, simple)))
			han++
		}
	}
	if h != 0 {
		units = append(units, unit(h))
	}
	s.units = units
	return units, han
}

// decode returns the rune at text[i], which is not ASCII, and its length. Three
// bytes beginning with E3 to E9, which nearly all Han and Kana are, need no more
// than two continuation bytes to be right.
func decode(text string, i int) (rune, int) {
	if i+2 < len(text) {
		if b, c, d := text[i], text[i+1], text[i+2]; b >= 0xe3 && b <= 0xe9 && c&0xc0 == 0x80 && d&0xc0 == 0x80 {
			return rune(b&0x0f)<<12 | rune(c&0x3f)<<6 | rune(d&0x3f), 3
		}
	}
	return utf8.DecodeRuneInString(text[i:])
}

// What a character is to units.
const (
	gap        = iota // ends one
	nothing           // as if it were not there
	partOfWord        // belongs to one
	ownUnit           // is one
)

// simplify returns the simplified form of a character beyond ASCII and what it
// is to units.
func simplify(r rune) (rune, int) {
	switch {
	case ideographic(r):
		return clean.FoldHan(r), ownUnit
	case r >= 0x2000 && r <= 0x206f, r >= 0x3000 && r <= 0x3004, r >= 0x3008 && r <= 0x3020,
		r >= 0xff01 && r <= 0xff0f, r >= 0xff1a && r <= 0xff20: // punctuation, which the tables are slow to find
		return 0, gap
	case unicode.IsLetter(r):
		return unicode.ToLower(r), partOfWord
	case unicode.IsDigit(r):
		return digit(r), partOfWord
	case unicode.IsMark(r): // accents apart from their letters do not matter
		return 0, nothing
	}
	return 0, gap
}

// digit returns the ASCII digit of the same value. Unicode keeps the ten digits of a
// script in a row, each row beginning at a character whose code the ranges below know.
func digit(r rune) rune {
	if r >= 0x1d7ce && r <= 0x1d7ff { // five rows of mathematical digits, without a gap
		return '0' + (r-0x1d7ce)%10
	}
	zero := r
	for n := 0; n < 9 && unicode.IsDigit(zero-1); n++ {
		zero--
	}
	return '0' + (r-zero)%10
}

// ideographic tells whether a character is a unit of its own.
func ideographic(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3040 && r <= 0x30ff || r >= 0x3400 && r <= 0x4dbf ||
		r >= 0x20000 && r <= 0x323af || r >= 0xf900 && r <= 0xfaff
}
