package dedup

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

// shingler cuts texts into shingles, keeping its buffers between texts.
type shingler struct {
	words, chars int // n-gram lengths
	simple       []byte
	starts       []int32 // where each unit starts in simple
	ends         []int32
	out          []uint32
}

// shingles returns the shingle hashes of text, with repetitions, valid until the
// next call. There is always at least one.
func (s *shingler) shingles(text string) []uint32 {
	han := s.simplify(text)
	s.out = s.out[:0]
	units := len(s.starts)
	n := s.words
	if han*2 > units {
		n = s.chars
	}
	if units == 0 {
		return append(s.out, hash32([]byte(strings.TrimSpace(text))))
	}
	if units <= n {
		s.out = append(s.out, hash32(s.simple[s.starts[0]:s.ends[units-1]]))
		return s.out
	}
	for i := 0; i+n <= units; i++ {
		s.out = append(s.out, hash32(s.simple[s.starts[i]:s.ends[i+n-1]]))
	}
	return s.out
}

func hash32(b []byte) uint32 { return uint32(xxh3.Hash(b) >> 32) }

// simplify writes the simplified text to simple, units parted by one blank, and
// returns how many units are single Han or Kana characters.
func (s *shingler) simplify(text string) (han int) {
	s.simple, s.starts, s.ends = s.simple[:0], s.starts[:0], s.ends[:0]
	in := false
	end := func() {
		if in {
			s.ends = append(s.ends, int32(len(s.simple)))
			s.simple = append(s.simple, ' ')
			in = false
		}
	}
	begin := func() {
		if !in {
			s.starts = append(s.starts, int32(len(s.simple)))
			in = true
		}
	}
	for i := 0; i < len(text); {
		if b := text[i]; b < utf8.RuneSelf {
			i++
			switch {
			case b >= 'a' && b <= 'z':
			case b >= 'A' && b <= 'Z':
				b |= 0x20
			case b >= '0' && b <= '9':
				b = '0'
			default:
				end()
				continue
			}
			begin()
			s.simple = append(s.simple, b)
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		i += n
		switch {
		case ideographic(r):
			end()
			begin()
			s.simple = append(s.simple, text[i-n:i]...)
			end()
			han++
		case unicode.IsLetter(r):
			begin()
			s.simple = utf8.AppendRune(s.simple, unicode.ToLower(r))
		case unicode.IsDigit(r):
			begin()
			s.simple = append(s.simple, '0')
		case unicode.IsMark(r): // accents apart from their letters do not matter
		default:
			end()
		}
	}
	end()
	return han
}

// ideographic tells whether a character is a unit of its own.
func ideographic(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3040 && r <= 0x30ff || r >= 0x3400 && r <= 0x4dbf ||
		r >= 0x20000 && r <= 0x323af || r >= 0xf900 && r <= 0xfaff
}
