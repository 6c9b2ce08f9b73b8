package tokenizer

import "unicode/utf8"

// joinSet holds the pairs of neighbouring characters inside symbols: where the
// text has another pair, nothing merges across, which makes a border. It may say
// yes wrongly, which costs time only, never no.
type joinSet struct {
	ascii [utf8.RuneSelf][2]uint64 // exact, for two ASCII characters
	bits  []uint64                 // hashed, for all others
}

const joinBits = 20

func newJoinSet() joinSet { return joinSet{bits: make([]uint64, 1<<(joinBits-6))} }

func joinHash(a, b uint32) uint64 {
	return (uint64(a)<<32 | uint64(b)) * 0x9E3779B97F4A7C15 >> (64 - joinBits)
}

// add adds all pairs of a text.
func (s *joinSet) add(text string) {
	for pos := 1; pos < len(text); pos++ {
		if !utf8.RuneStart(text[pos]) {
			continue
		}
		if a, b := text[pos-1], text[pos]; a|b < utf8.RuneSelf {
			s.ascii[a][b>>6] |= 1 << (b & 63)
			continue
		}
		h := joinHash(codeBefore([]byte(text), pos), codeAt([]byte(text), pos))
		s.bits[h>>6] |= 1 << (h & 63)
	}
}

// has looks up the characters before and after pos in valid UTF-8.
func (s *joinSet) has(text []byte, pos int) bool {
	a, b := text[pos-1], text[pos]
	if a|b < utf8.RuneSelf {
		return s.ascii[a][b>>6]>>(b&63)&1 == 1
	}
	h := joinHash(codeBefore(text, pos), codeAt(text, pos))
	return s.bits[h>>6]>>(h&63)&1 == 1
}

// codeAt returns a number that stands for the character at pos: up to three of
// its bytes.
func codeAt(text []byte, pos int) uint32 {
	c := uint32(text[pos])
	switch {
	case c < utf8.RuneSelf:
		return c
	case c < 0xE0:
		return c<<8 | uint32(text[pos+1])
	}
	return c<<16 | uint32(text[pos+1])<<8 | uint32(text[pos+2])
}

// codeBefore returns the number of the character that ends at pos: up to three
// bytes of its end.
func codeBefore(text []byte, pos int) uint32 {
	c := uint32(text[pos-1])
	if c < utf8.RuneSelf {
		return c
	}
	d := uint32(text[pos-2])
	if d >= 0xC0 {
		return d<<8 | c
	}
	return uint32(text[pos-3])<<16 | d<<8 | c
}
