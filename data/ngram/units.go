package ngram

import (
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

// Encoder is what the package needs of a tokenizer for [UnitsPieces]. It must
// be safe for use by several goroutines.
type Encoder interface {
	// AppendEncodeUser appends the ids of a text that somebody wrote to dst: control
	// pieces in it are text.
	AppendEncodeUser(dst []int32, text string) []int32
	// VocabSize is one more than the largest id.
	VocabSize() int
	// Piece is the text of an id. Ids of the same text are the same unit.
	Piece(id int32) string
	// Fingerprint names the tokenizer; a model is for one tokenizer only.
	Fingerprint() string
}

// maxWordBytes is where longer words are cut. It keeps scripts without blanks,
// and noise, from filling the memory with words that occur once.
const maxWordBytes = 128

// What a splitter finds.
const (
	endText = iota
	endLine
	aWord
)

// splitter cuts a text into words and line ends.
type splitter struct {
	text       string
	pos        int
	fold       bool
	whitespace bool
	word       []byte // the word found; its memory is used again
}

func (s *splitter) reset(text string) { s.text, s.pos = text, 0 }

// next finds the next unit; for aWord it is in s.word until the next call.
func (s *splitter) next() int {
	if s.whitespace {
		return s.nextBlankParted()
	}
	for s.pos < len(s.text) {
		b := s.text[s.pos]
		if b < utf8.RuneSelf {
			switch asciiKinds[b] {
			case kindBlank:
				s.pos++
				if b == '\n' {
					return endLine
				}
			case kindWord:
				s.run()
				return aWord
			default:
				s.word = append(s.word[:0], b)
				s.pos++
				return aWord
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s.text[s.pos:])
		switch kindOf(r) {
		case kindBlank:
			s.pos += n
		case kindWord:
			s.run()
			return aWord
		default:
			s.word = utf8.AppendRune(s.word[:0], r) // U+FFFD for a broken byte
			s.pos += n
			return aWord
		}
	}
	return endText
}

// run takes a word of letters, marks, digits and apostrophes between letters.
func (s *splitter) run() {
	s.word = s.word[:0]
	text, i := s.text, s.pos
	for i < len(text) {
		b := text[i]
		if b < utf8.RuneSelf {
			if asciiKinds[b] != kindWord && !(b == '\'' && s.joins(i, 1)) {
				break
			}
			i++
			if s.fold {
				b = asciiFold[b]
			}
			if len(s.word) < maxWordBytes {
				s.word = append(s.word, b)
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '’' && s.joins(i, n):
			r = '\''
		case kindOf(r) != kindWord:
			s.pos = i
			return
		}
		i += n
		s.appendRune(r)
	}
	s.pos = i
}

// joins tells whether an apostrophe of n bytes at i stands between letters.
func (s *splitter) joins(i, n int) bool {
	if len(s.word) == 0 || i+n >= len(s.text) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s.text[i+n:])
	return unicode.IsLetter(r) && (r < utf8.RuneSelf || kindOf(r) == kindWord)
}

// nextBlankParted finds units between blanks, those of KenLM.
func (s *splitter) nextBlankParted() int {
	text, i := s.text, s.pos
	for i < len(text) && parts(text[i]) {
		if text[i] == '\n' {
			s.pos = i + 1
			return endLine
		}
		i++
	}
	if i == len(text) {
		s.pos = i
		return endText
	}
	s.word = s.word[:0]
	for i < len(text) && !parts(text[i]) {
		r, n := utf8.DecodeRuneInString(text[i:])
		s.appendRune(r)
		i += n
	}
	s.pos = i
	return aWord
}

func parts(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' || b == 0 }

func (s *splitter) appendRune(r rune) {
	if s.fold {
		switch {
		case r < utf8.RuneSelf:
			r = rune(asciiFold[r])
		case unicode.IsDigit(r):
			r = '0'
		default:
			r = unicode.ToLower(r)
		}
	}
	if len(s.word)+utf8.UTFMax <= maxWordBytes {
		s.word = utf8.AppendRune(s.word, r)
	}
}

// kind is what a character is to the splitter.
type kind uint8

const (
	kindSymbol kind = iota // a unit of its own, as ideographs are
	kindBlank
	kindWord
)

var asciiKinds = func() (t [utf8.RuneSelf]kind) {
	for i := range t {
		switch r := rune(i); {
		case r <= ' ' || r == 0x7f:
			t[i] = kindBlank
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			t[i] = kindWord
		}
	}
	return t
}()

var asciiFold = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		t[i] = byte(unicode.ToLower(rune(i)))
		if i >= '0' && i <= '9' {
			t[i] = '0'
		}
	}
	return t
}()

// kindOf classifies a character beyond ASCII; the ranges come first that are
// frequent in CJK text.
func kindOf(r rune) kind {
	switch {
	case r >= 0x4e00 && r <= 0x9fff, r >= 0x3001 && r <= 0x30ff, r >= 0x3400 && r <= 0x4dbf,
		r >= 0xf900 && r <= 0xfaff, r >= 0x20000 && r <= 0x323af:
		return kindSymbol // Han, Kana and CJK punctuation
	case r == 0x3000, r == 0xa0, r >= 0x2000 && r <= 0x200f, r >= 0x2028 && r <= 0x202f, r == 0xfeff:
		return kindBlank
	case r >= 0x2010 && r <= 0x2fff, r >= 0xff66 && r <= 0xff9d, r == utf8.RuneError:
		return kindSymbol
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r):
		return kindWord
	case unicode.IsSpace(r), unicode.IsControl(r):
		return kindBlank
	}
	return kindSymbol
}

// wordHash is the key of a word in a model's vocabulary. 0 marks a free place
// in a table.
func wordHash(word []byte) uint64 { return max(xxh3.Hash(word), 1) }
