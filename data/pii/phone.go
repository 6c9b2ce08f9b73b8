package pii

import (
	"strconv"
	"strings"
)

var (
	phoneWords = []string{
		"电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "联系电话", "热线", "传真", "致电", "拨打", "短信", "号码为", "電話", "手機",
		"tel", "phone", "mobile", "cell", "call", "fax", "whatsapp", "telephone", "phone number",
	}
	orderWords = []string{
		"订单", "单号", "订单号", "编号", "流水号", "序列号", "学号", "工号", "卡号", "序号", "案号", "群号", "批号", "許可證", "许可证", "字第",
		"id", "uid", "order", "no", "number #", "serial", "sku", "isbn", "issn", "doi", "pmid", "qq",
	}
)

// phone looks for a telephone number one of whose parts begins at i, where a run
// of digits ends at end. It returns the whole number, or 0, -1.
func (s *scan) phone(i, end int) (start, stop int) {
	n := end - i
	switch prev := s.byteAt(i - 1); {
	case prev == '+':
		if start, stop = s.international(i, end); stop > 0 {
			return start, stop
		}
		return 0, -1
	case prev == '(':
		start = i - 1
		if n == 3 || n == 4 {
			if stop = s.bracketed(i, end); stop > 0 && !s.wordBefore(start) {
				return start, stop
			}
		}
	case prev == '-' || prev == '/' || prev == '.' || prev == '#' || prev == '$' || prev == '%' || prev == '&' || prev == '\\' || prev == '{' || prev == '^':
		return 0, -1
	case prev == ' ' && s.digitAt(i-2):
		return 0, -1 // one number of a row of numbers
	}
	if wide := "（"; (n == 3 || n == 4) && strings.HasSuffix(s.text[:i], wide) {
		if stop = s.bracketed(i, end); stop > 0 {
			return i - len(wide), stop
		}
	}
	switch {
	case n == 2 && s.text[i:end] == "86", n == 4 && s.text[i:end] == "0086":
		if b := s.byteAt(end); b == '-' || b == ' ' {
			stop = s.mobile(end+1, s.run(end+1, clDigit), true)
		}
	case n == 13 && strings.HasPrefix(s.text[i:end], "86"):
		stop = s.mobile(i+2, end, true)
	case n == 15 && strings.HasPrefix(s.text[i:end], "0086"):
		stop = s.mobile(i+4, end, true)
	case n == 11 && s.text[i] == '1', n == 3 && s.text[i] == '1':
		stop = s.mobile(i, end, false)
	case n >= 3 && s.text[i] == '0':
		stop = s.landline(i, end)
	case n == 3:
		stop = s.american(i, end)
	}
	if stop <= 0 {
		return 0, -1
	}
	return i, stop
}

// endsNumber tells whether a telephone number may end at i.
func (s *scan) endsNumber(i int) bool {
	if s.wordAt(i) || s.byteAt(i) == '@' || s.byteAt(i) == '%' {
		return false
	}
	return !s.digitAfterSep(i) && !(s.byteAt(i) == ' ' && s.digitAt(i+1))
}

// mobile returns the end of the Chinese mobile number whose first digits are
// text[i:end], or -1: eleven digits, or 3-4-4. Blanks as separators need a country
// code or a word before the number.
func (s *scan) mobile(i, end int, country bool) int {
	if end-i < 3 || s.text[i] != '1' || s.text[i+1] < '3' {
		return -1
	}
	first := i
	if end-i == 3 {
		sep := s.byteAt(end)
		if sep != '-' && sep != ' ' || sep == ' ' && !country && !s.behindAny(i, phoneWords) {
			return -1
		}
		for range 2 {
			if s.byteAt(end) != sep {
				return -1
			}
			start := end + 1
			if end = s.run(start, clDigit); end-start != 4 {
				return -1
			}
		}
	} else if end-i != 11 {
		return -1
	}
	if strings.HasSuffix(s.text[i:end], "000000") || !s.endsNumber(end) {
		return -1
	}
	if !country && !s.behindAny(first, phoneWords) && (s.behindAny(first, orderWords) || s.inURL(first) || pages(s.text[i:end]) || s.reckoned(end)) {
		return -1
	}
	return end
}

// reckoned tells whether an operator stands behind the number that ends at i.
func (s *scan) reckoned(i int) bool {
	rest := strings.TrimLeft(s.text[i:min(len(s.text), i+8)], " ")
	for _, op := range []string{"×", "÷", "=", "* ", "+ ", "^"} {
		if strings.HasPrefix(rest, op) {
			return true
		}
	}
	return false
}

// pages tells whether digits are a size in bytes, such as 17179869184: memory comes
// in pages of 4096, which divides one telephone number in 4096.
func pages(digits string) bool {
	n, err := strconv.ParseInt(digits, 10, 64)
	return err == nil && n%4096 == 0
}

// areaCode tells whether digits are a Chinese area code with its zero.
func areaCode(d string) bool {
	switch len(d) {
	case 3:
		return d == "010" || d[0] == '0' && d[1] == '2' && d[2] != '6'
	case 4:
		return d[0] == '0' && d[1] >= '3' && d[1] <= '9'
	}
	return false
}

// landline returns the end of a Chinese number with area code, a hyphen (or, behind
// a word such as 电话, a blank or nothing) and 7 or 8 digits.
func (s *scan) landline(i, end int) int {
	n := end - i
	named := s.behindAny(i, phoneWords)
	switch {
	case areaCode(s.text[i:end]) && (s.byteAt(end) == '-' || s.byteAt(end) == ' ' && named):
		return s.subscriber(end + 1)
	case named && n == 11 && areaCode(s.text[i:i+3]) && s.text[i+3] > '1',
		named && (n == 11 || n == 12) && areaCode(s.text[i:i+4]) && s.text[i+4] > '1':
		if s.endsNumber(end) {
			return end
		}
	}
	return -1
}

// subscriber returns the end of the 7 or 8 digits at i (4-4 and 3-4 groups too)
// and of an extension behind a hyphen, or -1.
func (s *scan) subscriber(i int) int {
	end := s.run(i, clDigit)
	if n := end - i; (n == 3 || n == 4) && (s.byteAt(end) == '-' || s.byteAt(end) == ' ') {
		if stop := s.run(end+1, clDigit); stop-end-1 == 4 {
			end = stop
		}
	} else if n != 7 && n != 8 {
		return -1
	}
	if end-i < 7 || s.text[i] < '2' {
		return -1
	}
	if s.byteAt(end) == '-' {
		if stop := s.run(end+1, clDigit); stop-end-1 >= 1 && stop-end-1 <= 5 {
			end = stop
		}
	}
	if !s.endsNumber(end) {
		return -1
	}
	return end
}

// bracketed returns the end of (010)12345678 or (555) 123-4567, where text[i:end]
// is the code, or -1.
func (s *scan) bracketed(i, end int) int {
	next := end + 1
	if strings.HasPrefix(s.text[end:], "）") {
		next = end + len("）")
	} else if s.byteAt(end) != ')' {
		return -1
	}
	if b := s.byteAt(next); b == ' ' || b == '-' {
		next++
	}
	if areaCode(s.text[i:end]) {
		return s.subscriber(next)
	}
	if end-i == 3 && nanp(s.text[i:end]) {
		return s.exchange(next, 0)
	}
	return -1
}

// american returns the end of 555-123-4567 or 555.123.4567, or -1.
func (s *scan) american(i, end int) int {
	sep := s.byteAt(end)
	if sep != '-' && sep != '.' && !(sep == ' ' && s.behindAny(i, phoneWords)) || !nanp(s.text[i:end]) {
		return -1
	}
	if s.behindAny(i, orderWords) || s.inURL(i) {
		return -1
	}
	return s.exchange(end+1, sep)
}

// exchange returns the end of 123-4567 at i, or -1. With sep 0 any of the usual
// separators will do.
func (s *scan) exchange(i int, sep byte) int {
	mid := s.run(i, clDigit)
	b := s.byteAt(mid)
	if mid-i != 3 || !nanp(s.text[i:mid]) || s.text[i+1:mid] == "11" || b != sep && (sep != 0 || b != '-' && b != ' ' && b != '.') {
		return -1
	}
	end := s.run(mid+1, clDigit)
	if end-mid-1 != 4 || !s.endsNumber(end) {
		return -1
	}
	return end
}

// nanp tells whether three digits can be an area or exchange code of the North
// American numbering plan: the first is 2 to 9. Area codes of toll-free numbers
// (8xx with equal digits) are businesses and do not count.
func nanp(d string) bool {
	return d[0] >= '2' && d[0] <= '9' && !(d[0] == '8' && d[1] == d[2])
}
