package score

import (
	"strings"
	"unicode/utf8"
)

// neverEnd are abbreviations that stand before what they belong to.
var neverEnd = wordSet("mr mrs ms dr prof gen rep sen gov capt lt col sgt maj cmdr rev hon pres st mt messrs mme mlle vs viz cf eg ie e.g i.e ca approx")

// beforeNumber are abbreviations only before a number.
var beforeNumber = wordSet("no nos p pp vol vols fig figs ch sec art eq eqs par para ed eds op")

// mayStop are abbreviations that may end a sentence too.
var mayStop = wordSet("etc inc ltd co corp jr sr bros al dept est ave blvd rd ph.d m.d b.a m.a " +
	"jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun a.m p.m u.s u.k u.n d.c")

// starters are words that begin sentences rather than names.
var starters = wordSet("the a an in on at it he she they we i you this that these those there but and or if when as for to with by from of " +
	"his her our its their my your after before while although though however since until because once during what who how why where which so yet also " +
	"many some most all no not each every both another such then now here today")

func wordSet(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// abbreviated tells whether the dot after before does not end the sentence,
// which goes on, or is followed by, rest.
func abbreviated(before, rest string) bool {
	word := lastWord(before)
	switch {
	case word == "" || len(word) > 8:
		return false
	case numeric(word):
		return strings.TrimLeft(before[:len(before)-len(word)], " \t\r\n\u3000([") == "" // 1. the number of an item
	}
	var buf [8]byte
	low := buf[:len(word)]
	for i := range low {
		low[i] = lower(word[i])
	}
	single := len(word) == 1 && asciiKind[word[0]] == kindCapital
	switch {
	case neverEnd[string(low)]:
		return true
	case beforeNumber[string(low)]:
		return rest != "" && asciiKind[rest[0]] == kindDigit
	case single || mayStop[string(low)] || initials(word):
		return !starts(rest)
	}
	return false
}

// lastWord returns the letters, digits, dots and & that s ends with.
func lastWord(s string) string {
	start := len(s)
	for start > 0 {
		if b := s[start-1]; asciiKind[b] == 0 && b != '.' && b != '&' {
			break
		}
		start--
	}
	return s[start:]
}

func numeric(word string) bool { return word != "" && strings.Trim(word, "0123456789.") == "" }

// initials tells whether a word is letters with dots between, such as U.S.A
func initials(word string) bool {
	if len(word) < 3 || len(word)%2 == 0 {
		return false
	}
	for i := range len(word) {
		if i%2 == 0 && asciiKind[word[i]]&kindLetter == 0 || i%2 == 1 && word[i] != '.' {
			return false
		}
	}
	return true
}

// starts tells whether rest begins like a new sentence: not with a name, as far
// as one can see.
func starts(rest string) bool {
	if rest == "" {
		return true
	}
	if b := rest[0]; b < utf8.RuneSelf && asciiKind[b]&kindLetter == 0 {
		return asciiKind[b] != kindDigit
	}
	n := 0
	for n < len(rest) && asciiKind[rest[n]]&kindLetter != 0 && n < 12 {
		n++
	}
	if n == 0 {
		return true // not in Latin letters
	}
	var buf [12]byte
	low := buf[:n]
	for i := range low {
		low[i] = lower(rest[i])
	}
	return starters[string(low)]
}
