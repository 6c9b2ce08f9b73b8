package pii

import (
	"math"
	"strings"
)

// secretUpper looks for keys that are known by a capital at byte i: AKIA, eyJ,
// -----BEGIN, and the capitalFormats. It returns where to go on.
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
			if end-i == 20 && !s.wordAt(end) && !strings.HasSuffix(t[i:end], "EXAMPLE") && drawn(t[i+4:end], 2.5, true) {
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
		if !s.wordBefore(i) && strings.HasPrefix(t[i:], "Bearer ") {
			start := i + len("Bearer ")
			end := s.run(start, clKeyDot|clBase64)
			for end > start && t[end-1] == '.' {
				end--
			}
			// A JSON web token is found by its own form.
			if end-start >= 20 && !strings.HasPrefix(t[start:], "eyJ") && random(t[start:end]) {
				s.add(Secret, start, end)
				return end
			}
		}
		if i >= 5 && t[i-5:i] == "-----" && strings.HasPrefix(t[i:], "BEGIN ") {
			if end := s.pem(i); end > 0 {
				s.add(Secret, i-5, end)
				return end
			}
		}
	}
	switch s.text[i] {
	case 'A', 'L', 'S':
		for _, f := range capitalFormats {
			if f.prefix[0] == s.text[i] && strings.HasPrefix(s.text[i:], f.prefix) {
				if end := s.key(i, f); end > 0 {
					return end
				}
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

// random tells whether a value looks drawn by lot: it has a digit and a letter and
// 3.5 bits of entropy per character.
func random(v string) bool { return drawn(v, 3.5, false) }

// drawn tells whether a value looks drawn by lot, with the least entropy per
// character in bits: it has a letter, and a digit unless letters may do, does not
// call itself an example and does not count up like abcdef or 123456.
func drawn(v string, bits float64, letters bool) bool {
	var count [256]int
	digit, letter, steps := false, false, 0
	for i := range len(v) {
		count[v[i]]++
		digit = digit || is(v[i], clDigit)
		letter = letter || is(v[i], clLetter)
		if i > 0 && (v[i]|0x20 == v[i-1]|0x20 || v[i]|0x20 == (v[i-1]|0x20)+1) {
			steps++
		}
	}
	if !letter || !digit && !letters || 4*steps > 3*len(v) {
		return false
	}
	if !digit && strings.ToLower(v) == v {
		return false // words
	}
	h := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(v))
			h -= p * math.Log2(p)
		}
	}
	if h < bits {
		return false
	}
	low := strings.ToLower(v)
	for _, w := range []string{"example", "placeholder", "password", "xxxxx", "your_", "your-", "yourtoken", "yourkey", "redacted", "changeme", "dummy"} {
		if strings.Contains(low, w) {
			return false
		}
	}
	return true
}

// published tells whether a secret is one that a vendor's documentation prints for
// everybody: the account of the Azure storage emulator, the bot of Telegram's
// documentation, the UUID of RFC examples.
func published(v string) bool {
	switch v {
	case "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
		"110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "123e4567-e89b-12d3-a456-426614174000":
		return true
	}
	return false
}
