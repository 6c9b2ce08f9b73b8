package pii

// Country codes of ITU-T E.164: of one digit, of two digits; all other first
// digits of these begin codes of three digits.
var (
	oneDigitCodes = "17"
	twoDigitCodes = [...]string{
		"20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
		"51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66",
		"81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
	}
	// threeDigitGroups are the first two digits of codes of three digits.
	threeDigitGroups = [...]string{"21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69", "85", "87", "88", "96", "97", "99"}
)

// countryCode returns the length of the country code that digits begin with, or 0.
func countryCode(digits string) int {
	if len(digits) < 3 {
		return 0
	}
	for _, c := range []byte(oneDigitCodes) {
		if digits[0] == c {
			return 1
		}
	}
	for _, c := range twoDigitCodes {
		if digits[:2] == c {
			return 2
		}
	}
	for _, c := range threeDigitGroups {
		if digits[:2] == c {
			return 3
		}
	}
	return 0
}

// international returns the number behind the + before byte i: a country code and
// digits in groups of two or more, 8 to 15 digits in all, or 10 to 15 in one run.
func (s *scan) international(i, end int) (start, stop int) {
	start = i - 1
	// A plus behind a word or a bracket is an operator.
	if s.wordBefore(start) || s.byteAt(start-1) == ')' || s.byteAt(start-1) == '.' || s.byteAt(start-1) == '+' {
		return 0, -1
	}
	var digits [16]byte
	n := copy(digits[:], s.text[i:end])
	groups := 1
	for n < 16 {
		next, open := end, false
		if b := s.byteAt(next); b == ' ' || b == '-' || b == '.' {
			next++
		}
		if s.byteAt(next) == '(' {
			next, open = next+1, true
		}
		after := s.run(next, clDigit)
		size := after - next
		if next == end || size < 2 || size > 11 || n+size > 15 {
			break
		}
		copy(digits[n:], s.text[next:after])
		n, end, groups = n+size, after, groups+1
		if open {
			if s.byteAt(end) != ')' {
				return 0, -1
			}
			end++
		}
	}
	least := 10
	if groups > 1 {
		least = 8
	}
	code := countryCode(string(digits[:min(n, 3)]))
	if n < least || n > 15 || code == 0 || s.wordAt(end) || s.digitAfterSep(end) || s.byteAt(end) == '@' || s.byteAt(end) == '%' {
		return 0, -1
	}
	if allZero(digits[max(code, n-7):n]) {
		return 0, -1
	}
	return start, end
}

func allZero(digits []byte) bool {
	for _, d := range digits {
		if d != '0' {
			return false
		}
	}
	return true
}
