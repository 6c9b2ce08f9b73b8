package lang

import (
	_ "embed"
	"sync"
	"unicode/utf8"
)

// Characters that only one of the two writings of Chinese has.
//
//go:embed model/hans.txt
var hansOnly string

//go:embed model/hant.txt
var hantOnly string

// hanTable holds 1 for characters of simplified, 2 of traditional writing only.
var hanTable = sync.OnceValue(func() *[0xa000 - 0x3400]uint8 {
	t := &[0xa000 - 0x3400]uint8{}
	for i, list := range []string{hansOnly, hantOnly} {
		for _, r := range list {
			if r >= 0x3400 && r < 0xa000 {
				t[r-0x3400] = uint8(i + 1)
			}
		}
	}
	return t
})

// variantOf returns "Hans" or "Hant", whichever has at least twice the characters of
// the other, or nothing.
func variantOf(parts []string) string {
	t := hanTable()
	var seen [3]int
	for _, s := range parts {
		for i := 0; i < len(s); {
			if s[i] < 0xe3 {
				i++
				continue
			}
			r, n := utf8.DecodeRuneInString(s[i:])
			i += n
			if r >= 0x3400 && r < 0xa000 {
				seen[t[r-0x3400]]++
			}
		}
	}
	switch hans, hant := seen[1], seen[2]; {
	case hans > 0 && hans >= 2*hant:
		return "Hans"
	case hant > 0 && hant >= 2*hans:
		return "Hant"
	}
	return ""
}
