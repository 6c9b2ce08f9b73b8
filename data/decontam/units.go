package decontam

import (
	"unicode"
	"unicode/utf8"
)

// Lanes: items in words and items in Han or Kana have n-grams of different
// lengths.
const (
	laneWords = iota
	laneChars
	numLanes
)

// segmenter cuts texts into units, keeping its buffers between texts.
type segmenter struct {
	hash       []uint64 // of each unit, letters in lower case
	start, end []int32  // where each unit lies in the text
	chars      int      // units that are one Han or Kana character
	weak       int      // units of one or two bytes
}

// lane returns the lane of the text cut last.
func (s *segmenter) lane() int {
	if s.chars*2 > len(s.hash) {
		return laneChars
	}
	return laneWords
}

const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
)

// asciiWord maps letters and digits to what they count as; all else to 0.
var asciiWord = func() (t [utf8.RuneSelf]byte) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = c, c
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	return t
}()

// cut cuts a text into units: words, which are runs of letters and digits, and
// single Han and Kana characters. Punctuation and marks are nothing; an apostrophe
// ends a word.
func (s *segmenter) cut(text string) {
	s.hash, s.start, s.end = s.hash[:0], s.start[:0], s.end[:0]
	s.chars, s.weak = 0, 0
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf && asciiWord[c] == 0 {
			i++
			continue
		}
		begin, h := i, uint64(fnvOffset)
	word:
		for i < len(text) {
			if c := text[i]; c < utf8.RuneSelf {
				l := asciiWord[c]
				if l == 0 {
					break
				}
				h = (h ^ uint64(l)) * fnvPrime
				i++
				continue
			}
			r, n := utf8.DecodeRuneInString(text[i:])
			r = narrow(r)
			switch {
			case ideographic(r):
				if i > begin {
					break word
				}
				h = (h ^ uint64(r)) * fnvPrime
				i += n
				s.chars++
				break word
			case unicode.IsLetter(r), unicode.IsDigit(r):
				h = (h ^ uint64(unicode.ToLower(r))) * fnvPrime
			case unicode.IsMark(r):
			default:
				if i == begin {
					i += n
				}
				break word
			}
			i += n
		}
		if h != fnvOffset {
			s.add(begin, i, h)
		}
	}
}

func (s *segmenter) add(start, end int, h uint64) {
	s.hash = append(s.hash, mix(h))
	s.start = append(s.start, int32(start))
	s.end = append(s.end, int32(end))
	if end-start <= 2 {
		s.weak++
	}
}

// narrow maps full-width forms of ASCII to ASCII.
func narrow(r rune) rune {
	if r >= 0xff01 && r <= 0xff5e {
		return r - 0xff01 + '!'
	}
	return r
}

// ideographic tells whether a character is a unit of its own.
func ideographic(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3040 && r <= 0x30ff || r >= 0x3400 && r <= 0x4dbf ||
		r >= 0x20000 && r <= 0x323af || r >= 0xf900 && r <= 0xfaff
}

// mix spreads a hash over all bits (the finaliser of splitmix64, Vigna 2015).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// base of the polynomial hash of n-grams, odd.
const base = 0x9e3779b97f4a7c15

// roll appends to out the hashes of all n-grams of units: the polynomial of the
// unit hashes in base, mod 2^64, mixed. out[i] is the n-gram that begins at unit i.
func roll(out, units []uint64, n int) []uint64 {
	if len(units) < n {
		return out
	}
	var top uint64 = 1
	for range n - 1 {
		top *= base
	}
	var h uint64
	for _, u := range units[:n-1] {
		h = h*base + u
	}
	for i := n - 1; i < len(units); i++ {
		h = h*base + units[i]
		out = append(out, mix(h))
		h -= units[i-n+1] * top
	}
	return out
}
