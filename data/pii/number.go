package pii

// number looks at a run of digits that begins at byte i and returns where to go
// on: behind what was found, or behind the run.
func (s *scan) number(i int) int {
	end := s.run(i, clDigit)
	n := end - i
	on := &s.f.on
	if s.wordBefore(i) {
		if on[Passport] && n >= 7 && n <= 9 {
			s.passport(i, end)
		}
		return end
	}
	if b := s.byteAt(i - 1); (b == '.' || b == ',') && s.digitAt(i-2) {
		return end // decimals, or thousands
	}
	if on[IP] && n <= 3 && s.byteAt(end) == '.' && s.digitAt(end+1) {
		if stop := s.ipv4(i); stop > 0 {
			s.add(IP, i, stop)
			return stop
		}
	}
	if on[IDCard] {
		if stop := s.idCard(i, end); stop > 0 {
			s.add(IDCard, i, stop)
			return stop
		}
	}
	if on[CreditCode] && n >= 8 {
		if stop := s.creditCode(i); stop > 0 {
			s.add(CreditCode, i, stop)
			return stop
		}
	}
	if on[IMEI] && (n == 15 || n == 2) {
		if stop := s.imei(i, end); stop > 0 {
			s.add(IMEI, i, stop)
			return stop
		}
	}
	if on[Phone] {
		if start, stop := s.phone(i, end); stop > 0 {
			s.add(Phone, start, stop)
			return stop
		}
	}
	if on[BankCard] && n >= 4 {
		if stop := s.bankCard(i, end); stop > 0 {
			s.add(BankCard, i, stop)
			return stop
		}
	}
	if on[QQ] && n >= 5 && n <= 11 && s.text[i] != '0' && !s.wordAt(end) && s.byteAt(end) != '@' && s.behindAny(i, qqWords) {
		s.add(QQ, i, end)
	}
	return end
}

// provinces are the first two digits of identity numbers: GB/T 2260, with 81 to
// 83 for residents from Hong Kong, Macau and Taiwan and 91 for foreigners.
var provinces = func() (t [100]bool) {
	for _, p := range []int{
		11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46,
		50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83, 91,
	} {
		t[p] = true
	}
	return t
}()

// idCard returns the end of the identity number at i, or -1.
func (s *scan) idCard(i, end int) int {
	n := end - i
	if n == 17 && (s.byteAt(end) == 'X' || s.byteAt(end) == 'x') {
		end, n = end+1, 18
	}
	if s.wordAt(end) || s.byteAt(end) == '.' && s.digitAt(end+1) || !provinces[s.value(i, i+min(n, 2))] {
		return -1
	}
	switch {
	case n == 18 && checkDigit(s.text[i:end-1]) == upper(s.text[end-1]):
		if validDate(s.value(i+6, i+10), s.value(i+10, i+12), s.value(i+12, i+14)) {
			return end
		}
	case n == 15 && s.f.id15 && validDate(1900+s.value(i+6, i+8), s.value(i+8, i+10), s.value(i+10, i+12)):
		return end
	}
	return -1
}

// value returns the number that the digits text[i:j] spell.
func (s *scan) value(i, j int) int {
	v := 0
	for ; i < j; i++ {
		v = v*10 + int(s.text[i]-'0')
	}
	return v
}

func upper(c byte) byte {
	if c == 'x' {
		return 'X'
	}
	return c
}

// checkDigit returns the check character of 17 digits: ISO 7064 MOD 11-2, as GB
// 11643 uses it. The sum of digits times 2^(17-i), i from 0, and of the check
// value is 1 mod 11.
func checkDigit(digits string) byte {
	sum := 0
	for _, c := range []byte(digits) {
		sum = (sum + int(c-'0')) * 2 % 11
	}
	return "10X98765432"[sum]
}

func validDate(year, month, day int) bool {
	if year < 1900 || year > 2099 || month < 1 || month > 12 || day < 1 {
		return false
	}
	days := [12]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		days = 29
	}
	return day <= days
}

// bankCard returns the end of the card number at i, or -1: one run of digits, or
// groups of four.
func (s *scan) bankCard(i, end int) int {
	var digits [20]byte
	n := copy(digits[:], s.text[i:end])
	if end-i == 4 {
		sep := s.byteAt(end)
		for (sep == ' ' || sep == '-') && s.byteAt(end) == sep && s.digitAt(end+1) {
			stop := s.run(end+1, clDigit)
			if stop-end-1 > 4 || n+stop-end-1 > 19 {
				return -1
			}
			n += copy(digits[n:], s.text[end+1:stop])
			end = stop
			if stop-end < 4 && n%4 != 0 {
				break
			}
		}
	}
	if n < 13 || n > 19 || s.wordAt(end) || s.digitAfterSep(end) || s.byteAt(i-1) == '-' || s.inURL(i) {
		return -1
	}
	if !cardBrand(string(digits[:6]), n) || !luhn(digits[:n]) {
		return -1
	}
	return end
}

// cardBrand tells whether a brand has numbers that begin so and are that long.
func cardBrand(prefix string, n int) bool {
	p2 := int(prefix[0]-'0')*10 + int(prefix[1]-'0')
	p4 := p2*100 + int(prefix[2]-'0')*10 + int(prefix[3]-'0')
	switch {
	case prefix[0] == '4':
		return n == 13 || n == 16 || n == 19
	case p2 >= 51 && p2 <= 55, p4 >= 2221 && p4 <= 2720:
		return n == 16
	case p2 == 34, p2 == 37:
		return n == 15
	case p2 == 62, p2 == 65, p4 == 6011, p2 == 35:
		return n >= 16
	}
	return false
}

// luhn checks the last digit (ISO/IEC 7812-1).
func luhn(digits []byte) bool {
	sum := 0
	for k := range digits {
		d := int(digits[len(digits)-1-k] - '0')
		if k%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// digitAfterSep tells whether the number goes on behind a separator.
func (s *scan) digitAfterSep(end int) bool {
	switch s.byteAt(end) {
	case '-', '.', ',', '/', '_':
		return s.digitAt(end + 1)
	}
	return false
}
