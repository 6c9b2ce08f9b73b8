package pii

import "strings"

// Limits of RFC 5321.
const (
	maxLocal  = 64
	maxDomain = 255
)

// email looks for an address around the @ at byte i.
func (s *scan) email(i int) {
	start := i
	for start > 0 && i-start < maxLocal && is(s.text[start-1], clLocal) {
		start--
	}
	// An address begins with a letter, digit or underscore: quotes, hyphens and
	// dots before it belong to the sentence.
	for start < i && !is(s.text[start], clWord) {
		start++
	}
	if s.userInfo(start) {
		return
	}
	local := s.text[start:i]
	if local == "" || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return
	}
	end := s.domain(i + 1)
	if end < 0 {
		return
	}
	domain := s.text[i+1 : end]
	if local == "git" && s.byteAt(end) == ':' {
		return // the address of a repository
	}
	if reservedDomain(domain) || scaledImage(domain) {
		return
	}
	s.add(Email, start, end)
}

// userInfo tells whether byte i stands between the :// of a URL and its host, where
// an @ makes no e-mail address.
func (s *scan) userInfo(i int) bool {
	for j := i - 1; j >= 2 && i-j < maxAuthority; j-- {
		switch c := s.text[j]; {
		case c == '/':
			return s.text[j-1] == '/' && s.text[j-2] == ':'
		case c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '=' || c == '"' || c == ',' || c == '\'':
			return false
		}
	}
	return false
}

// domain returns the end of the domain that begins at i, or -1. Its last label
// has letters only, so that labels which the sentence adds are given back.
func (s *scan) domain(i int) int {
	end := -1
	labels := 0
	for start := i; start < len(s.text) && start-i < maxDomain; {
		stop, letters := start, true
		for stop < len(s.text) && (is(s.text[stop], clLetter|clDigit) || s.text[stop] == '-') {
			letters = letters && is(s.text[stop], clLetter)
			stop++
		}
		n := stop - start
		if n == 0 || n > 63 || s.text[start] == '-' {
			break
		}
		labels++
		if trimmed := strings.TrimRight(s.text[start:stop], "-"); len(trimmed) != n {
			// A hyphen behind the domain, as in a dash after an address.
			if labels > 1 && len(trimmed) >= 2 && onlyLetters(trimmed) {
				end = start + len(trimmed)
			}
			break
		}
		if labels > 1 && letters && n >= 2 && n <= 24 {
			end = stop
		}
		if s.byteAt(stop) != '.' {
			break
		}
		start = stop + 1
	}
	if end >= 0 && s.byteAt(end) == '_' {
		return -1
	}
	return end
}

func onlyLetters(s string) bool {
	for i := range len(s) {
		if !is(s[i], clLetter) {
			return false
		}
	}
	return true
}

// reservedDomain tells whether nobody can own the domain (RFC 2606).
func reservedDomain(d string) bool {
	d = strings.ToLower(d)
	for _, r := range []string{"example.com", "example.org", "example.net"} {
		if d == r || strings.HasSuffix(d, "."+r) {
			return true
		}
	}
	top := d[strings.LastIndexByte(d, '.')+1:]
	return top == "example" || top == "test" || top == "invalid" || top == "localhost"
}

// scaledImage knows names such as icon@2x.png.
func scaledImage(d string) bool {
	return len(d) > 2 && is(d[0], clDigit) && d[1] == 'x' && d[2] == '.'
}
