package pii

import (
	"math"
	"strings"
)

// secretUpper looks for keys that are known by a capital at byte i: AKIA, AIza,
// eyJ, -----BEGIN. It returns where to go on.
func (s *scan) secretUpper(i int) int {
	switch t := s.text; t[i] {
	case 'A':
		rest := t[i:]
		switch {
		case s.wordBefore(i):
		case strings.HasPrefix(rest, "AKIA"), strings.HasPrefix(rest, "ASIA"):
			end := i
			for end < len(t) && (t[end] >= 'A' && t[end] <= 'Z' || t[end] >= '2' && t[end] <= '7') {
				end++
			}
			if end-i == 20 && !s.wordAt(end) && !strings.HasSuffix(t[i:end], "EXAMPLE") {
				s.add(Secret, i, end)
				return end
			}
		case strings.HasPrefix(rest, "AIza"):
			if end := s.run(i, clKey); end-i == 39 {
				s.add(Secret, i, end)
				return end
			}
		}
	case 'J':
		if i >= 2 && t[i-2:i] == "ey" && !s.wordBefore(i-2) && s.byteAt(i-3) != '-' {
			if end := s.jwt(i - 2); end > 0 {
				s.add(Secret, i-2, end)
				return end
			}
		}
	case 'B':
		if i >= 5 && t[i-5:i] == "-----" && strings.HasPrefix(t[i:], "BEGIN ") {
			if end := s.pem(i); end > 0 {
				s.add(Secret, i-5, end)
				return end
			}
		}
	}
	return i + 1
}

// jwt returns the end of a JSON web token at i, or -1: three parts, of which the
// first two are JSON objects in base64.
func (s *scan) jwt(i int) int {
	for part := range 3 {
		end := s.run(i, clKey)
		if end-i < 10 || part == 1 && !strings.HasPrefix(s.text[i:], "eyJ") {
			return -1
		}
		if part == 2 {
			return end
		}
		if s.byteAt(end) != '.' {
			return -1
		}
		i = end + 1
	}
	return -1
}

// pem returns the end of the private key whose BEGIN stands at i, or -1.
func (s *scan) pem(i int) int {
	const mark = "PRIVATE KEY-----"
	line := s.text[i:min(len(s.text), i+80)]
	at := strings.Index(line, mark)
	if at < 0 || strings.ContainsAny(line[:at], "\n") {
		return -1
	}
	body := i + at + len(mark)
	end, chars := body, 0
	for end < len(s.text) {
		c := s.text[end]
		// Headers (Proc-Type) and escaped line ends are part of the block.
		if is(c, clLetter|clDigit|clBlank) || c == '+' || c == '/' || c == '=' || c == '\\' || c == ':' || c == ',' || c == '-' && !strings.HasPrefix(s.text[end:], "-----") {
			if !is(c, clBlank) {
				chars++
			}
			end++
			continue
		}
		break
	}
	if chars < 40 {
		return -1 // a placeholder
	}
	if strings.HasPrefix(s.text[end:], "-----END ") {
		if stop := strings.Index(s.text[end:min(len(s.text), end+80)], mark); stop >= 0 {
			return end + stop + len(mark)
		}
	}
	for end > body && is(s.text[end-1], clBlank) {
		end--
	}
	return end
}

// secretLower looks for ghp_, github_pat_, sk- and xoxb- around byte i.
func (s *scan) secretLower(t uint8, i int) int {
	text := s.text
	start, least := -1, 0
	switch {
	case t == trigUnder && i >= 3 && text[i-3:i-1] == "gh" && strings.IndexByte("pousr", text[i-1]) >= 0:
		start, least = i-3, 36
	case t == trigUnder && i >= 10 && text[i-10:i] == "github_pat":
		start, least = i-10, 22
	case t == trigDash && i >= 2 && text[i-2:i] == "sk":
		start, least = i-2, 20
	case t == trigX && strings.HasPrefix(text[i:], "xox") && len(text) > i+4 && text[i+4] == '-' && strings.IndexByte("abeprs", text[i+3]) >= 0:
		start, least, i = i, 20, i+4
	}
	if start < 0 || s.wordBefore(start) || s.byteAt(start-1) == '-' {
		return i + 1
	}
	end := s.run(i+1, clKey)
	if end-i-1 >= least && random(text[i+1:end]) {
		s.add(Secret, start, end)
		return end
	}
	return i + 1
}

// random tells whether a value looks drawn by lot: it has a digit and a letter and
// 3.5 bits of entropy per character, and does not call itself an example.
func random(v string) bool {
	var count [256]int
	digit, letter := false, false
	for i := range len(v) {
		count[v[i]]++
		digit = digit || is(v[i], clDigit)
		letter = letter || is(v[i], clLetter)
	}
	if !digit || !letter {
		return false
	}
	h := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(v))
			h -= p * math.Log2(p)
		}
	}
	return h >= 3.5 && !strings.Contains(strings.ToLower(v), "example")
}

// secretNames end the names of values that nobody should see.
var secretNames = []string{"apikey", "secret", "secretkey", "token", "privatekey", "accesskey", "accesstoken", "authtoken", "clientsecret", "signingkey", "encryptionkey"}

// assigned looks for name = "value" where the = or : stands at byte i.
func (s *scan) assigned(i int) {
	open := i + 1
	for open < len(s.text) && (s.text[open] == ' ' || s.text[open] == '=' || s.text[open] == '>') && open-i < 5 {
		open++
	}
	q := s.byteAt(open)
	if q != '"' && q != '\'' && q != '`' || !s.secretName(i) {
		return
	}
	start := open + 1
	end := start
	for end < len(s.text) && (is(s.text[end], clKey) || strings.IndexByte("+/=.~", s.text[end]) >= 0) {
		end++
	}
	if end-start >= 16 && s.byteAt(end) == q && random(s.text[start:end]) {
		s.add(Secret, start, end)
	}
}

// secretName tells whether the name before byte i ends in one of secretNames,
// hyphens, underscores, capitals and a closing quote apart.
func (s *scan) secretName(i int) bool {
	var name [20]byte
	n := len(name)
	for i > 0 && (s.text[i-1] == ' ' || s.text[i-1] == '"' || s.text[i-1] == '\'' || s.text[i-1] == ':') {
		i--
	}
	for i > 0 && n > 0 {
		c := s.text[i-1]
		if is(c, clLetter|clDigit) {
			n--
			name[n] = c | 0x20
		} else if c != '_' && c != '-' {
			break
		}
		i--
	}
	for _, w := range secretNames {
		if strings.HasSuffix(string(name[n:]), w) {
			return true
		}
	}
	return false
}
