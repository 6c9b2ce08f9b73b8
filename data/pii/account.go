package pii

import "strings"

// ibanLengths are the lengths of account numbers by country, from the registry of
// ISO 13616.
var ibanLengths = func() map[string]int {
	m := map[string]int{}
	for n, countries := range map[int]string{
		15: "NO", 16: "BE", 18: "DK FO FI GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "HR LV LI CH",
		22: "BH BG CR GE DE IE ME RS GB VA", 23: "IL AE IQ TL OM SO GI", 24: "AD CZ MD PK RO SA SK ES SE TN VG DZ",
		25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV",
		29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
	} {
		for _, c := range strings.Fields(countries) {
			m[c] = n
		}
	}
	return m
}()

// iban returns the end of the international bank account number at byte i, or -1:
// a country, two check digits and the account, as a block or in groups of four. The
// digits, with the first four characters moved to the end and letters from 10, are
// 1 mod 97 (ISO 7064 MOD 97-10).
func (s *scan) iban(i int) int {
	if i+4 > len(s.text) || s.wordBefore(i) || !is(s.text[i+1], clLetter) || !s.digitAt(i+2) || !s.digitAt(i+3) || s.byteAt(i-1) == '-' || s.byteAt(i-1) == '/' {
		return -1
	}
	size, ok := ibanLengths[s.text[i:i+2]]
	if !ok {
		return -1
	}
	var code [34]byte
	n, end, grouped := 0, i, false
	for n < size {
		c := s.byteAt(end)
		if c == ' ' && n%4 == 0 && n > 0 && (grouped || n == 4) {
			grouped = true
			end++
			c = s.byteAt(end)
		} else if grouped && n%4 == 0 {
			return -1
		}
		if !is(c, clDigit) && (c < 'A' || c > 'Z') {
			return -1
		}
		code[n] = c
		n++
		end++
	}
	if s.wordAt(end) {
		return -1
	}
	sum := 0
	for k := range size {
		v := letterValue(code[(k+4)%size])
		if v < 10 {
			sum = (sum*10 + v) % 97
		} else {
			sum = (sum*100 + v) % 97
		}
	}
	if sum != 1 {
		return -1
	}
	return end
}

var imeiWords = []string{"imei", "imei1", "imei2", "串号", "串號", "串码", "串碼", "设备号", "国际移动设备", "國際行動裝置"}

// imei returns the end of the equipment number of a mobile phone at byte i, where a
// run of digits ends at end, or -1: 15 digits with a right Luhn digit (3GPP TS
// 23.003), in one run or as 2-6-6-1, behind a word that says so.
func (s *scan) imei(i, end int) int {
	var digits [15]byte
	n := copy(digits[:], s.text[i:end])
	if end-i == 2 {
		sep := s.byteAt(end)
		for _, size := range [3]int{6, 6, 1} {
			if sep != '-' && sep != ' ' || s.byteAt(end) != sep {
				return -1
			}
			start := end + 1
			if end = s.run(start, clDigit); end-start != size {
				return -1
			}
			n += copy(digits[n:], s.text[start:end])
		}
	} else if end-i != len(digits) {
		return -1
	}
	if n != len(digits) || s.wordAt(end) || strings.Trim(string(digits[:]), "0") == "" || !luhn(digits[:]) || !s.near(i, imeiWords) {
		return -1
	}
	return end
}

// mac looks for the hardware address of a device around the separator at byte i, its
// first: six pairs of hexadecimal digits, all separated by : or by -. Addresses of
// groups (the lowest bit of the first byte), those reserved for examples (RFC 7042)
// and times (no letter among the digits) do not count. It returns the end, or -1.
func (s *scan) mac(i int) int {
	sep := s.text[i]
	start := i - 2
	end := start + 17
	if start < 0 || end > len(s.text) || s.wordBefore(start) || s.wordAt(end) || s.byteAt(start-1) == sep || s.byteAt(start-1) == '.' || s.byteAt(end) == sep && is(s.byteAt(end+1), clHex) {
		return -1
	}
	letter, first, zero := false, 0, true
	for k := range 17 {
		c := s.text[start+k]
		if k%3 == 2 {
			if c != sep {
				return -1
			}
			continue
		}
		if !is(c, clHex) {
			return -1
		}
		letter = letter || is(c, clLetter)
		zero = zero && c == '0'
		if k < 2 {
			first = first<<4 | hexValue(c)
		}
	}
	reserved := strings.NewReplacer("-", ":").Replace(s.text[start:start+14]) == "00:00:5E:00:53"
	if first&1 != 0 || zero || reserved || !letter && !s.near(start, macWords) {
		return -1
	}
	s.add(MAC, start, end)
	return end
}

var macWords = []string{"mac", "物理地址", "硬件地址", "ether", "hwaddr"}

func hexValue(c byte) int {
	if c <= '9' {
		return int(c - '0')
	}
	return int(c|0x20-'a') + 10
}
