package pii

import (
	"cmp"
	"slices"
	"strings"
)

// Finder finds the kinds that are switched on.
type Finder struct {
	on         [numKinds]bool
	publicOnly bool
	id15       bool
}

// Bytes that start a scanner.
const (
	trigAt = 1 + iota
	trigDigit
	trigColon
	trigAssign
	trigUpper
	trigDash
	trigUnder
	trigTilde
)

// triggers says which scanner a byte starts.
var triggers = func() (t [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		t[c] = trigDigit
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c] = trigUpper
	}
	t['@'], t[':'], t['='], t['-'], t['_'], t['~'] = trigAt, trigColon, trigAssign, trigDash, trigUnder, trigTilde
	return t
}()

// Find returns what looks like personal data of the kinds switched on, in order
// and without overlaps.
func (f *Finder) Find(text string) []Match {
	s := scan{text: text, f: f}
	for i := 0; i < len(text); {
		t := triggers[text[i]]
		if t == 0 {
			i++
			continue
		}
		i = s.at(t, i)
	}
	if f.on[WeChat] {
		s.wechat()
	}
	return s.resolve()
}

// scan is one pass over a text.
type scan struct {
	text string
	f    *Finder
	out  []Match
}

// at runs the scanners of a trigger at byte i and returns where to go on.
func (s *scan) at(t uint8, i int) int {
	on := &s.f.on
	switch t {
	case trigAt:
		if on[Email] {
			s.email(i)
		}
	case trigDigit:
		return s.number(i)
	case trigColon:
		if on[Secret] && s.digitAt(i-1) {
			if end := s.telegram(i); end > 0 {
				return end
			}
		}
		if on[MAC] && i+1 < len(s.text) && is(s.text[i+1], clHex) {
			if end := s.mac(i); end > 0 {
				return end
			}
		}
		if on[IP] && i > 0 && i+1 < len(s.text) && hexOrColon(s.text[i-1]) && hexOrColon(s.text[i+1]) {
			return s.ipv6(i)
		}
		if on[Secret] {
			return s.secretColon(i)
		}
	case trigAssign:
		if on[Secret] {
			return s.assigned(i)
		}
	case trigUpper:
		return s.capital(i)
	case trigTilde:
		if on[Secret] {
			return s.azureClient(i)
		}
	case trigDash, trigUnder:
		if on[MAC] && t == trigDash && i > 1 && i+1 < len(s.text) && is(s.text[i-1], clHex) && is(s.text[i+1], clHex) {
			if end := s.mac(i); end > 0 {
				return end
			}
		}
		if on[Secret] {
			return s.vendorKey(i)
		}
	}
	return i + 1
}

// capital runs the scanners that a capital at byte i starts and returns where to go
// on.
func (s *scan) capital(i int) int {
	on := &s.f.on
	if on[Plate] && i > 2 && s.text[i-1] >= 0x80 {
		s.plate(i)
	}
	if on[Secret] {
		if end := s.secretUpper(i); end > i+1 {
			return end
		}
	}
	// The other kinds begin with a letter or two and a digit.
	if i+2 >= len(s.text) || !is(s.text[i+1], clDigit) && !is(s.text[i+2], clDigit) || s.wordBefore(i) {
		return i + 1
	}
	return max(i+1, s.numbered(CreditCode, i), s.numbered(IBAN, i), s.numbered(HKID, i), s.numbered(TWID, i))
}

// numbered looks for the number of a kind that begins with a letter at byte i and
// returns its end, or -1.
func (s *scan) numbered(k Kind, i int) int {
	end := -1
	switch {
	case !s.f.on[k]:
		return -1
	case k == CreditCode:
		end = s.creditCode(i)
	case k == IBAN:
		end = s.iban(i)
	case k == HKID:
		end = s.hkID(i)
	case k == TWID:
		end = s.twID(i)
	}
	if end > 0 {
		s.add(k, i, end)
	}
	return end
}

// secretColon looks for the secrets around a colon at byte i, in addresses and in
// values with a name. It returns where to go on.
func (s *scan) secretColon(i int) int {
	if strings.HasPrefix(s.text[i+1:], "//") {
		return s.url(i)
	}
	return s.assigned(i)
}

func (s *scan) add(k Kind, start, end int) { s.out = append(s.out, Match{k, start, end}) }

// resolve orders the matches and removes overlaps.
func (s *scan) resolve() []Match {
	if len(s.out) < 2 {
		return s.out
	}
	slices.SortStableFunc(s.out, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.Kind, b.Kind))
	})
	kept := s.out[:1]
	for _, m := range s.out[1:] {
		last := &kept[len(kept)-1]
		switch {
		case m.Start >= last.End:
			kept = append(kept, m)
		case m.Kind < last.Kind:
			*last = m
		}
	}
	return kept
}

// Classes of ASCII bytes. Other bytes belong to none.
const (
	clLetter = 1 << iota
	clDigit
	clUnder
	clHex
	clLocal  // inside the local part of an e-mail address
	clDomain // inside its domain
	clKey    // inside keys and tokens
	clBlank
	clLowerHex
	clBase64 // the usual alphabet and that of URLs
	clDot

	clAlnum  = clLetter | clDigit
	clKeyDot = clKey | clDot
)

var classes = func() (t [256]uint16) {
	set := func(chars string, class uint16) {
		for _, c := range []byte(chars) {
			t[c] |= class
		}
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c] |= clLetter | clLocal | clDomain | clKey | clBase64
		t[c-'a'+'A'] |= clLetter | clLocal | clDomain | clKey | clBase64
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] |= clDigit | clHex | clLocal | clDomain | clKey | clLowerHex | clBase64
	}
	set("abcdefABCDEF", clHex)
	set("abcdef", clLowerHex)
	set("_", clUnder|clLocal|clKey|clBase64)
	set("-", clLocal|clDomain|clKey|clBase64)
	set("+/", clBase64)
	set(".", clLocal|clDomain|clDot)
	set("%+'", clLocal)
	set(" \t\r\n", clBlank)
	return t
}()

func is(c byte, class uint16) bool { return classes[c]&class != 0 }

func hexOrColon(c byte) bool { return c == ':' || is(c, clHex) }

const clWord = clLetter | clDigit | clUnder

// wordBefore tells whether a letter, digit or underscore (ASCII) ends at i.
func (s *scan) wordBefore(i int) bool { return i > 0 && is(s.text[i-1], clWord) }

// wordAt tells whether a letter, digit or underscore (ASCII) begins at i.
func (s *scan) wordAt(i int) bool { return i < len(s.text) && is(s.text[i], clWord) }

// byteAt returns the byte at i, or 0 outside the text.
func (s *scan) byteAt(i int) byte {
	if i < 0 || i >= len(s.text) {
		return 0
	}
	return s.text[i]
}

// digitAt tells whether a digit stands at i.
func (s *scan) digitAt(i int) bool { return i >= 0 && i < len(s.text) && is(s.text[i], clDigit) }

// run returns the end of the characters of a class that begin at i.
func (s *scan) run(i int, class uint16) int {
	for i < len(s.text) && is(s.text[i], class) {
		i++
	}
	return i
}
