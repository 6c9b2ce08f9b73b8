package pii

import "strings"

// secretNames end the names of values that nobody should see.
var secretNames = []string{
	"apikey", "secret", "secretkey", "token", "privatekey", "accesskey", "accesstoken", "authtoken", "clientsecret", "signingkey", "encryptionkey",
	"accesskeysecret", "secretaccesskey", "secretid", "accesskeyid", "password", "passwd",
}

// assigned looks for name = value where the = or : stands at byte i: quoted with
// 16 characters or more, or, behind = alone, unquoted with 20 or more as in
// environment and credential files.
func (s *scan) assigned(i int) int {
	open := i + 1
	for open < len(s.text) && (s.text[open] == ' ' || s.text[open] == '=' || s.text[open] == '>') && open-i < 5 {
		open++
	}
	q := s.byteAt(open)
	quoted := q == '"' || q == '\'' || q == '`'
	if !quoted && (s.text[i] != '=' || !is(q, clKey)) {
		return i + 1
	}
	if c := s.byteAt(i - 1); !quoted && (c == 'y' || c == 'g') && s.azure(i) {
		return i + 1
	}
	start, least := open, 20
	if quoted {
		start, least = open+1, 16
	}
	end := start
	for end < len(s.text) && (is(s.text[end], clKey) || strings.IndexByte("+/=.~", s.text[end]) >= 0) {
		end++
	}
	if end-start < least || !s.secretName(i) {
		return i + 1
	}
	ends := s.byteAt(end) == q
	if !quoted {
		ends = !s.inURL(i) && (end == len(s.text) || is(s.text[end], clBlank))
		if strings.IndexByte(s.text[start:end], '.') >= 0 {
			return i + 1 // a call or a member of something
		}
	}
	if ends && !opensNothing(s.text[start:end]) && random(s.text[start:end]) {
		s.add(Secret, start, end)
	}
	return i + 1
}

// opensNothing knows the keys that Stripe makes for tests and for publishing.
func opensNothing(v string) bool {
	for _, p := range []string{"sk_test_", "rk_test_", "pk_test_", "pk_live_"} {
		if strings.HasPrefix(v, p) {
			return true
		}
	}
	return false
}

// azure looks for the keys of Azure behind the = at byte i and tells whether it
// added one: AccountKey of a storage account (64 bytes in base64), SharedAccessKey
// of a queue or hub (32 bytes), and sig of a shared access signature (32 bytes,
// escaped for URLs).
func (s *scan) azure(i int) bool {
	name, start := s.text[:i], i+1
	switch {
	case strings.HasSuffix(name, "AccountKey"), strings.HasSuffix(name, "SharedAccessKey"):
		end := s.run(start, clBase64)
		for s.byteAt(end) == '=' {
			end++
		}
		if n := end - start; n != 88 && n != 44 || published(s.text[start:end]) || !drawn(s.text[start:end], 3.5, false) {
			return false
		}
		s.add(Secret, start, end)
		return true
	case strings.HasSuffix(name, "&sig"), strings.HasSuffix(name, "?sig"):
		end := start
		for end < len(s.text) && (is(s.text[end], clBase64) || s.text[end] == '%') {
			end++
		}
		v := s.text[start:end]
		if s.byteAt(end) == '=' {
			end++
		} else if !strings.HasSuffix(v, "%3D") && !strings.HasSuffix(v, "%3d") {
			return false
		}
		if len(v) < 43 || len(v) > 90 || !drawn(v, 3.5, false) || !strings.Contains(s.text[max(0, i-400):min(len(s.text), end+200)], "sv=") {
			return false
		}
		s.add(Secret, start, end)
		return true
	}
	return false
}

// azureClient looks for the secret of an application in Microsoft Entra around the ~
// at byte i: three characters, a digit, Q and ~, and 31 to 34 characters more.
func (s *scan) azureClient(i int) int {
	start := i - 5
	if start < 0 || s.text[i-1] != 'Q' || !s.digitAt(i-2) || s.wordBefore(start) {
		return i + 1
	}
	for k := start; k < i; k++ {
		if c := s.text[k]; !is(c, clKeyDot) && c != '~' {
			return i + 1
		}
	}
	end := i + 1
	for end < len(s.text) && (is(s.text[end], clKeyDot) || s.text[end] == '~') {
		end++
	}
	for end > i && s.text[end-1] == '.' {
		end--
	}
	if n := end - i - 1; n < 31 || n > 34 || !drawn(s.text[i+1:end], 3.2, true) {
		return i + 1
	}
	s.add(Secret, start, end)
	return end
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
