package pii

import (
	"cmp"
	"slices"
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
	trigX
	trigDash
	trigUnder
)

// triggers says which scanner a byte starts.
var triggers = func() (t [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		t[c] = trigDigit
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c] = trigUpper
	}
	t['@'], t[':'], t['='], t['x'], t['-'], t['_'] = trigAt, trigColon, trigAssign, trigX, trigDash, trigUnder
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
		if on[IP] && i > 0 && i+1 < len(s.text) && hexOrColon(s.text[i-1]) && hexOrColon(s.text[i+1]) {
			return s.ipv6(i)
		}
		if on[Secret] {
			s.assigned(i)
		}
	case trigAssign:
		if on[Secret] {
			s.assigned(i)
		}
	case trigUpper:
		if on[Plate] && i > 2 && s.text[i-1] >= 0x80 {
			s.plate(i)
		}
		if on[Secret] {
			return s.secretUpper(i)
		}
	case trigX, trigDash, trigUnder:
		if on[Secret] {
			return s.secretLower(t, i)
		}
	}
	return i + 1
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
)

var classes = func() (t [256]uint8) {
	set := func(chars string, class uint8) {
		for _, c := range []byte(chars) {
			t[c] |= class
		}
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c] |= clLetter | clLocal | clDomain | clKey
		t[c-'a'+'A'] |= clLetter | clLocal | clDomain | clKey
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] |= clDigit | clHex | clLocal | clDomain | clKey
	}
	set("abcdefABCDEF", clHex)
	set("_", clUnder|clLocal|clKey)
	set("-", clLocal|clDomain|clKey)
	set(".", clLocal|clDomain)
	set("%+'", clLocal)
	set(" \t\r\n", clBlank)
	return t
}()

func is(c byte, class uint8) bool { return classes[c]&class != 0 }

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
func (s *scan) run(i int, class uint8) int {
	for i < len(s.text) && is(s.text[i], class) {
		i++
	}
	return i
}
