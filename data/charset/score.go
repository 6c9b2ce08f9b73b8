package charset

import (
	"sync"
	"unicode/utf8"
)

// Classes of characters, as bits.
const (
	simplified = 1 << iota
	traditional
	hangul
)

type commonTables struct{ class map[rune]uint8 }

var tables = sync.OnceValue(func() commonTables {
	t := commonTables{map[rune]uint8{}}
	for list, bits := range map[string]uint8{
		commonHan: simplified, commonTraditional: traditional, commonHangul: hangul,
	} {
		for _, r := range list {
			t.class[r] |= bits
		}
	}
	// Most characters are the same in both scripts.
	for _, r := range commonHan {
		t.class[r] |= traditional
	}
	return t
})

// candidate is a multi-byte encoding that detection knows.
type candidate struct {
	name string
	fits func(r rune) bool
}

var candidates = []candidate{
	{"gb18030", func(r rune) bool { return tables().class[r]&(simplified|traditional) != 0 }},
	{"big5", func(r rune) bool { return tables().class[r]&traditional != 0 }},
	{"shift_jis", japaneseFits},
	{"euc-jp", japaneseFits},
	{"euc-kr", func(r rune) bool { return tables().class[r]&hangul != 0 }},
}

func japaneseFits(r rune) bool {
	return r >= 0x3041 && r <= 0x3093 || r >= 0x30a1 && r <= 0x30f6 || r == 'ー' || tables().class[r]&traditional != 0
}

// cjkPunctuation lies at the same place in several code tables and says nothing.
func cjkPunctuation(r rune) bool {
	return r >= 0x3000 && r <= 0x303f && r != '々' || r >= 0xff01 && r <= 0xff5e || r >= 0x2010 && r <= 0x2026 || r == '·' || r == 0xa0
}

// The least share of frequent characters, and how many there must be at least.
const (
	leastFit  = 0.45
	leastHigh = 4
	margin    = 0.15 // to the second best
)

// bestOf judges the sample under every candidate.
func bestOf(w, sample []byte) (Decision, bool) {
	var best, second float64
	name := ""
	for _, c := range candidates {
		fit := c.fit(sample)
		if fit > best {
			best, second, name = fit, best, c.name
		} else if fit > second {
			second = fit
		}
	}
	if best >= leastFit && best-second >= margin {
		return Decision{name, Detected}, true
	}
	if best >= leastFit { // two fit about equally well
		return Decision{}, false
	}
	if name := hanHeavy(w); name != "" {
		return Decision{name, Detected}, true
	}
	if name := singleByte(sample); name != "" {
		return Decision{name, Detected}, true
	}
	return Decision{}, false
}

// fit is the share of frequent characters among those beyond ASCII that are not
// punctuation, or 0 when the sample does not decode or has too few of them.
func (c candidate) fit(sample []byte) float64 {
	out, err := Decision{Name: c.name}.decode(sample)
	if err != nil {
		return 0
	}
	high, good, bad := 0, 0, 0
	for _, r := range string(out) {
		switch {
		case r < utf8.RuneSelf || cjkPunctuation(r):
		case r == utf8.RuneError:
			bad++
		case c.fits(r):
			high++
			good++
		default:
			high++
		}
	}
	// A sample may end inside a character; besides, one in a hundred is damage.
	if high < leastHigh || (bad-1)*100 > high {
		return 0
	}
	return float64(good) / float64(high)
}

// hanHeavy recognises UTF-16 without a single ASCII character, and names it.
func hanHeavy(w []byte) string {
	if len(w) < 32 {
		return ""
	}
	for _, name := range []string{UTF16LE, UTF16BE} {
		out, err := Decision{Name: name}.decode(w[:min(len(w), 4<<10)&^1])
		if err != nil {
			continue
		}
		all, good, broken := 0, 0, 0
		for _, r := range string(out) {
			all++
			switch {
			case tables().class[r] != 0 || cjkPunctuation(r) || r == '\n' || r == '\r':
				good++
			case r == utf8.RuneError:
				broken++
			}
		}
		if broken <= 1 && 2*good >= all {
			return name
		}
	}
	return ""
}

func latinSign(r rune) bool {
	switch r {
	case '‘', '’', '“', '”', '–', '—', '…', '•', '€', '™', 0xa0, '«', '»', '°', '©', '®', '£', '§', '·', '½', '¡', '¿', '×', '²', '³', '´':
		return true
	}
	return false
}
