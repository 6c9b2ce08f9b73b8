package pii

import "strings"

// near tells whether one of the words stands before byte i on the same line, at
// most nearBytes away. ASCII words match in either case and not as part of a longer
// word.
func (s *scan) near(i int, words []string) bool {
	start := max(0, i-nearBytes)
	line := s.text[start:i]
	if k := strings.LastIndexByte(line, '\n'); k >= 0 {
		line = line[k+1:]
	}
	for _, w := range words {
		if w[0] >= 0x80 {
			if strings.Contains(line, w) {
				return true
			}
			continue
		}
		for k := 0; k+len(w) <= len(line); k++ {
			if strings.EqualFold(line[k:k+len(w)], w) && (k == 0 || !is(line[k-1], clLetter)) &&
				(k+len(w) == len(line) || !is(line[k+len(w)], clLetter)) {
				return true
			}
		}
	}
	return false
}

const nearBytes = 64

// creditAlphabet are the characters of a unified social credit code in the order of
// their values (GB 32100): no I, O, S, V and Z.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// creditCode returns the end of the unified social credit code of a Chinese
// organisation at byte i, or -1. It has 18 characters: who registered it, what it
// is, six digits of a place, nine characters of an organisation code with its own
// check character (GB 11714) and a check character over all (GB 32100).
func (s *scan) creditCode(i int) int {
	const size = 18
	end := i + size
	if end > len(s.text) || s.wordBefore(i) || s.wordAt(end) || s.byteAt(i-1) == '-' || s.byteAt(end) == '-' || s.byteAt(end) == '.' && s.digitAt(end+1) {
		return -1
	}
	code := s.text[i:end]
	if strings.IndexByte("123456789ANY", code[0]) < 0 || !is(code[1], clDigit) {
		return -1
	}
	for k := 2; k < 8; k++ {
		if !is(code[k], clDigit) {
			return -1
		}
	}
	if place := s.value(i+2, i+4); !provinces[place] && place != 10 {
		return -1
	}
	sum, weight := 0, 1
	for k := range size - 1 {
		v := strings.IndexByte(creditAlphabet, code[k])
		if v < 0 {
			return -1
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	if creditAlphabet[(31-sum%31)%31] != code[size-1] || orgCheck(code[8:16]) != code[16] {
		return -1
	}
	return end
}

// orgCheck returns the check character of the eight characters of an organisation
// code (GB 11714): weights 3 7 9 10 5 8 4 2, letters count from 10, and the sum and
// the check value are 0 mod 11.
func orgCheck(body string) byte {
	sum := 0
	for k, w := range [8]int{3, 7, 9, 10, 5, 8, 4, 2} {
		sum += letterValue(body[k]) * w
	}
	return "0X987654321"[sum%11]
}

// letterValue counts digits as they are and A to Z from 10.
func letterValue(c byte) int {
	if is(c, clDigit) {
		return int(c - '0')
	}
	return int(c-'A') + 10
}

var hkidWords = []string{"香港", "身份證", "身分證", "身份证", "hkid", "hong kong", "identity card", "id card", "id no", "identity"}

// hkID looks for the number of a Hong Kong identity card at byte i: a letter or two,
// six digits and a check character, in parentheses or behind a word that says what
// it is. The sum of the characters times 9 to 1 is 0 mod 11; a missing first letter
// counts 36, letters count from 10.
func (s *scan) hkID(i int) int {
	digits := i
	for digits < len(s.text) && s.text[digits] >= 'A' && s.text[digits] <= 'Z' {
		digits++
	}
	letters := digits - i
	end := digits + 6
	if letters < 1 || letters > 2 || end >= len(s.text) || s.wordBefore(i) || s.run(digits, clDigit) < end {
		return -1
	}
	sum := 36 * 9
	if letters == 2 {
		sum = letterValue(s.text[i]) * 9
	}
	sum += letterValue(s.text[digits-1]) * 8
	for k := range 6 {
		sum += int(s.text[digits+k]-'0') * (7 - k)
	}
	want := "0A987654321"[sum%11]
	for _, p := range [][2]string{{"(", ")"}, {"（", "）"}, {"", ""}} {
		rest, ok := strings.CutPrefix(s.text[end:], p[0])
		if !ok || rest == "" || rest[0] != want || !strings.HasPrefix(rest[1:], p[1]) {
			continue
		}
		stop := end + len(p[0]) + 1 + len(p[1])
		if p[0] == "" && (s.wordAt(stop) || s.byteAt(stop) == '-' || !s.near(i, hkidWords)) {
			return -1
		}
		return stop
	}
	return -1
}

// twLetters are the two digits of each first letter, A to Z.
var twLetters = [26]int{10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33}

var twidWords = []string{
	"身分證", "身份證", "身份证", "身分证", "統一證號", "统一证号", "居留證", "居留证", "統號", "證號", "證件", "证件", "台灣", "臺灣", "台湾", "國民", "戶籍",
	"taiwan", "identity", "id card", "national id", "id no", "id number", "roc id", "arc no", "id",
}

// twID looks for the number of a Taiwan identity card (or residence permit) at
// byte i, behind a word that says so: a letter, 1 or 2 (8, 9, or A to D on permits),
// seven digits and a check digit. The letter's digits times 1 and 9, the others
// times 8 to 1 and the check digit sum to 0 mod 10.
func (s *scan) twID(i int) int {
	end := i + 10
	if end > len(s.text) || s.wordBefore(i) || s.byteAt(i-1) == '-' || s.run(i+2, clDigit) != end || s.wordAt(end) || s.byteAt(end) == '-' || s.text[i] < 'A' || s.text[i] > 'Z' {
		return -1
	}
	sum := 0
	switch c := s.text[i+1]; {
	case c == '1' || c == '2' || c == '8' || c == '9':
		sum = int(c-'0') * 8
	case c >= 'A' && c <= 'D':
		sum = twLetters[c-'A'] % 10 * 8
	default:
		return -1
	}
	first := twLetters[s.text[i]-'A']
	sum += first/10 + first%10*9 + int(s.text[end-1]-'0')
	for k := 2; k < 9; k++ {
		sum += int(s.text[i+k]-'0') * (9 - k)
	}
	if sum%10 != 0 || s.inURL(i) || !s.near(i, twidWords) {
		return -1
	}
	return end
}
