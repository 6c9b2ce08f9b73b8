package score

import "unicode"

// class is what a character is to the extractor.
type class uint8

const (
	classSymbol class = iota
	classBlank
	classNewline
	classLetter // Latin, ASCII
	classDigit
	classPunct
	classJoiner // inside words: ' - _
	classAccent // Latin beyond ASCII
	classHan
	classKana
	classHangul
	classOther // letters of other scripts
	classMark  // combining marks: part of the word before
)

var asciiClass = func() (t [128]class) {
	for i := range t {
		r := rune(i)
		switch {
		case r == '\n':
			t[i] = classNewline
		case r == ' ' || r == '\t' || r == '\r' || r == '\v' || r == '\f':
			t[i] = classBlank
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			t[i] = classLetter
		case r >= '0' && r <= '9':
			t[i] = classDigit
		case r == '\'' || r == '-' || r == '_':
			t[i] = classJoiner
		case unicode.IsPunct(r):
			t[i] = classPunct
		}
	}
	for _, r := range "#*@&%\\" { // punctuation to Unicode, symbols in prose
		t[r] = classSymbol
	}
	return t
}()

// classOf classifies a character beyond ASCII.
func classOf(r rune) class {
	switch {
	case r >= 0x4e00 && r <= 0x9fff:
		return classHan
	case r < 0x3100 && r>>8 < rune(len(lowClass)) && lowClass[r>>8] != nil:
		return lowClass[r>>8][r&0xff]
	case r >= 0xff00 && r < 0xfff0:
		return fullWidthClass[r-0xff00]
	}
	return slowClass(r)
}

// lowClass and fullWidthClass hold the classes of the blocks that Latin and
// Chinese text has most of its characters in.
var (
	lowClass       [0x31]*[256]class
	fullWidthClass [0xf0]class
)

func init() {
	for _, high := range []rune{0, 1, 2, 0x20, 0x30} {
		var t [256]class
		for i := range t {
			t[i] = slowClass(high<<8 + rune(i))
		}
		lowClass[high] = &t
	}
	for i := range fullWidthClass {
		fullWidthClass[i] = slowClass(0xff00 + rune(i))
	}
}

func slowClass(r rune) class {
	switch {
	case r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0x20000 && r <= 0x323af || r >= 0xf900 && r <= 0xfaff || r == 0x3007:
		return classHan
	case r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef:
		return cjkForm(r)
	case r >= 0x3040 && r <= 0x30ff && r != 0x30fb:
		return classKana
	case r >= 0xac00 && r <= 0xd7a3 || r >= 0x1100 && r <= 0x11ff:
		return classHangul
	case r >= 0xc0 && r <= 0x24f && r != 0xd7 && r != 0xf7:
		return classAccent
	case r == 0x2019:
		return classJoiner
	case r == 0xa0 || r >= 0x2000 && r <= 0x200a || r == 0x202f:
		return classBlank
	case unicode.IsLetter(r):
		return classOther
	case unicode.IsDigit(r):
		return classDigit
	case unicode.IsPunct(r):
		return classPunct
	case unicode.IsMark(r):
		return classMark
	}
	return classSymbol
}

// cjkForm classifies CJK punctuation and the full-width forms.
func cjkForm(r rune) class {
	switch {
	case r == 0x3000:
		return classBlank
	case r >= 0xff10 && r <= 0xff19:
		return classDigit
	case r >= 0xff21 && r <= 0xff3a || r >= 0xff41 && r <= 0xff5a:
		return classAccent
	case r >= 0xff66 && r <= 0xff9d:
		return classKana
	case unicode.IsPunct(r):
		return classPunct
	case r == 0x3005 || r == 0x3006:
		return classHan
	}
	return classSymbol
}

// terminal tells whether a line that ends in r ends like a sentence.
func terminal(r rune) bool {
	switch r {
	case '.', '!', '?', '"', '\'', '”', '’', '。', '！', '？', '…', '」', '』', '；', '．':
		return true
	}
	return false
}

// bullet tells whether a line that starts with r is an item of a list.
func bullet(r rune) bool {
	switch r {
	case '•', '-', '*', '●', '·', '◆', '■', '▪', '‣':
		return true
	}
	return false
}

// datatroveMark tells whether r is in datatrove's list of punctuation: what is
// not counts as a word there.
func datatroveMark(r rune) bool {
	switch r {
	case '—', '”', '：', '％', '〈', '、', '━', '【', '「', '」', '，', '】', '；', '“', '《', '„', '’', '∶', '´', '（', '–', '？', '！', '«', '〉', '》', '）', '。', '…', '►', '»':
		return true
	}
	return r >= 0x80 && r < 0xa0
}
