package linear

import (
	"unicode"
	"unicode/utf8"
)

// eos is the token that ends every text.
const eos = "</s>"

// labelPrefix begins the names of labels inside files.
const labelPrefix = "__label__"

const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

// hashByte takes one byte into an FNV-1a hash as fastText does: as a signed
// number, so that bytes from 0x80 change the upper 24 bits too.
func hashByte(h uint32, b byte) uint32 { return (h ^ uint32(int32(int8(b)))) * fnvPrime }

func hashToken(s string) uint32 {
	h := uint32(fnvOffset)
	for i := range len(s) {
		h = hashByte(h, s[i])
	}
	return h
}

// splitter cuts a text into tokens. After next, token (valid until the next
// call) and hash describe the token.
type splitter struct {
	mode  Tokens
	text  string
	pos   int
	token []byte
	hash  uint32
}

// start begins a new text and keeps the buffer.
func (s *splitter) start(mode Tokens, text string) {
	s.mode, s.text, s.pos = mode, text, 0
}

// next finds the next token and tells whether there was one.
func (s *splitter) next() bool {
	s.token, s.hash = s.token[:0], fnvOffset
	if s.mode == Spaces {
		return s.nextSpaced()
	}
	return s.nextUnit()
}

func (s *splitter) nextSpaced() bool {
	text, pos, h := s.text, s.pos, s.hash
	for pos < len(text) && spaces[text[pos]] {
		pos++
	}
	start := pos
	for ; pos < len(text) && !spaces[text[pos]]; pos++ {
		h = hashByte(h, text[pos])
	}
	s.token = append(s.token, text[start:pos]...)
	s.pos, s.hash = pos, h
	return pos > start
}

// spaces are the bytes that part tokens in fastText.
var spaces = [256]bool{' ': true, '\n': true, '\r': true, '\t': true, '\v': true, '\f': true, 0: true}

// kind is what a character is to units.
type kind uint8

const (
	blank  kind = iota
	sign        // a token of its own
	unit        // Han or Kana: a token of its own
	letter      // part of a word
)

// ascii holds the kind of each ASCII character; lowered its lower case.
var ascii, lowered = func() (k [utf8.RuneSelf]kind, low [utf8.RuneSelf]byte) {
	for c := range k {
		r := rune(c)
		low[c] = byte(unicode.ToLower(r))
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			k[c] = letter
		case unicode.IsGraphic(r) && r != ' ':
			k[c] = sign
		}
	}
	return k, low
}()

func kindOf(r rune) kind {
	switch {
	case r >= 0x4e00 && r <= 0x9fff, r >= 0x3400 && r <= 0x4dbf, r >= 0x20000 && r <= 0x3ffff, r >= 0xf900 && r <= 0xfaff,
		r >= 0x3005 && r <= 0x3007, r >= 0x3041 && r <= 0x3096, r >= 0x30a1 && r <= 0x30ff && r != 0x30fb, r >= 0xff66 && r <= 0xff9d:
		return unit
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r):
		return letter
	case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return blank
	}
	return sign
}

func (s *splitter) nextUnit() bool {
	for s.pos < len(s.text) {
		if c := s.text[s.pos]; c < utf8.RuneSelf {
			switch ascii[c] {
			case letter:
				s.word()
				return true
			case sign:
				s.pos++
				s.put(c)
				return true
			}
			s.pos++
			continue
		}
		r, n := utf8.DecodeRuneInString(s.text[s.pos:])
		switch kindOf(r) {
		case letter:
			s.word()
			return true
		case blank:
			s.pos += n
		default:
			s.pos += n
			s.putRune(r)
			return true
		}
	}
	return false
}

// word takes letters up to the first character of another kind.
func (s *splitter) word() {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c < utf8.RuneSelf {
			if ascii[c] != letter {
				return
			}
			s.put(lowered[c])
			s.pos++
			continue
		}
		r, n := utf8.DecodeRuneInString(s.text[s.pos:])
		if kindOf(r) != letter {
			return
		}
		s.putRune(unicode.ToLower(r))
		s.pos += n
	}
}

func (s *splitter) put(b byte) {
	s.token = append(s.token, b)
	s.hash = hashByte(s.hash, b)
}

func (s *splitter) putRune(r rune) {
	from := len(s.token)
	s.token = utf8.AppendRune(s.token, r)
	for _, b := range s.token[from:] {
		s.hash = hashByte(s.hash, b)
	}
}
