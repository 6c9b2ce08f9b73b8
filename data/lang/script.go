package lang

import (
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"
)

// script is a row of scripts; 0 is what belongs to none.
type script uint8

// scripts are those told apart: ISO 15924 code, Unicode's table, and the
// language where the script has but one here.
var scripts = []struct {
	code     string
	table    *unicode.RangeTable
	language string
}{
	{"Zyyy", nil, undetermined},
	{"Latn", unicode.Latin, ""},
	{"Hani", unicode.Han, "zh"},
	{"Hira", unicode.Hiragana, "ja"},
	{"Kana", unicode.Katakana, "ja"},
	{"Hang", unicode.Hangul, "ko"},
	{"Cyrl", unicode.Cyrillic, ""},
	{"Arab", unicode.Arabic, ""},
	{"Deva", unicode.Devanagari, ""},
	{"Grek", unicode.Greek, "el"},
	{"Hebr", unicode.Hebrew, "he"},
	{"Thai", unicode.Thai, "th"},
	{"Beng", unicode.Bengali, "bn"},
	{"Taml", unicode.Tamil, "ta"},
	{"Telu", unicode.Telugu, "te"},
	{"Knda", unicode.Kannada, "kn"},
	{"Mlym", unicode.Malayalam, "ml"},
	{"Gujr", unicode.Gujarati, "gu"},
	{"Guru", unicode.Gurmukhi, "pa"},
	{"Orya", unicode.Oriya, "or"},
	{"Sinh", unicode.Sinhala, "si"},
	{"Geor", unicode.Georgian, "ka"},
	{"Armn", unicode.Armenian, "hy"},
	{"Ethi", unicode.Ethiopic, "am"},
	{"Khmr", unicode.Khmer, "km"},
	{"Laoo", unicode.Lao, "lo"},
	{"Mymr", unicode.Myanmar, "my"},
	{"Tibt", unicode.Tibetan, "bo"},
	{"Mong", unicode.Mongolian, "mn"},
	{"Thaa", unicode.Thaana, "dv"},
	{"Bopo", unicode.Bopomofo, "zh"},
	{"Zzzz", nil, undetermined}, // letters of any other script
}

const (
	scriptNone script = 0
	latn       script = 1
	hani       script = 2
	hira       script = 3
	kana       script = 4
	hang       script = 5
)

// denseEnd ends the characters whose scripts are tabulated one by one.
const denseEnd = 0x3400

// scriptTable holds the script of every letter and mark below denseEnd.
var scriptTable = sync.OnceValue(func() *[denseEnd]script {
	t := &[denseEnd]script{}
	for r := range rune(denseEnd) {
		t[r] = slowScript(r)
	}
	return t
})

// slowScript returns the script of a letter or mark, and scriptNone for all else.
func slowScript(r rune) script {
	if !unicode.IsLetter(r) && !unicode.IsMark(r) {
		return scriptNone
	}
	for i, s := range scripts {
		if s.table != nil && unicode.Is(s.table, r) {
			return script(i)
		}
	}
	if unicode.IsMark(r) || unicode.Is(unicode.Common, r) {
		return scriptNone // goes with any script
	}
	return script(len(scripts) - 1)
}

// histogram counts letters by script.
type histogram struct {
	table   *[denseEnd]script
	letters [64]int
	total   int
	words   int // runs of letters but Han and Kana
	ascii   [utf8.RuneSelf]bool
}

func newHistogram() *histogram {
	h := &histogram{table: scriptTable()}
	for r := range rune(utf8.RuneSelf) {
		h.ascii[r] = h.table[r] == latn
	}
	return h
}

func (h *histogram) reset() {
	h.letters = [64]int{}
	h.total, h.words = 0, 0
}

// add counts the letters of s.
func (h *histogram) add(s string) {
	inside, latin := false, 0
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			if h.ascii[b] {
				latin++
				if !inside {
					h.words++
					inside = true
				}
			} else {
				inside = inside && b == '\''
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		sc := h.scriptOf(r)
		h.letters[sc]++
		switch {
		case sc == hani || sc == hira || sc == kana:
			inside = false
		case sc == scriptNone:
			inside = inside && unicode.IsMark(r)
		case !inside:
			h.words++
			inside = true
		}
	}
	h.letters[latn] += latin
}

// scriptOf returns the script of r.
func (h *histogram) scriptOf(r rune) script {
	switch {
	case r >= 0x3400 && r <= 0x9fff || r >= 0x20000 && r <= 0x323af:
		return hani
	case r >= 0xac00 && r <= 0xd7a3:
		return hang
	case r < denseEnd:
		return h.table[r]
	}
	return slowScript(r)
}

// Share is a script and its part of the letters.
type Share struct {
	Script string  `json:"script"` // ISO 15924
	Share  float32 `json:"share"`
}

// shares appends the scripts that occur to dst, the most frequent first.
func (h *histogram) shares(dst []Share) []Share {
	for i, n := range h.letters {
		if n > 0 && script(i) != scriptNone {
			dst = append(dst, Share{scripts[i].code, float32(n) / float32(h.total)})
		}
	}
	slices.SortStableFunc(dst, func(a, b Share) int {
		switch {
		case a.Share > b.Share:
			return -1
		case a.Share < b.Share:
			return 1
		}
		return 0
	})
	return dst
}

// deciding returns the script that decides and its share. A Han or Kana character
// weighs as much as a word of another script, since either is about one unit of
// meaning.
func (h *histogram) deciding() (script, float64) {
	h.total = 0
	best, most := scriptNone, 0
	for i, n := range h.letters {
		if script(i) == scriptNone {
			continue
		}
		h.total += n
		if script(i) == hang {
			n *= 2 // a syllable is about two letters
		}
		if sc := script(i); n > most && sc != hani && sc != hira && sc != kana {
			best, most = sc, n
		}
	}
	han, syllables := h.letters[hani], h.letters[hira]+h.letters[kana]
	all := han + syllables + h.words
	switch {
	case h.total == 0:
		return scriptNone, 0
	case syllables*20 > han+syllables && syllables*5 > h.words:
		return hira, float64(han+syllables) / float64(all)
	case han*10 >= all*3:
		return hani, float64(han) / float64(all)
	}
	return best, float64(h.letters[best]) / float64(h.total)
}
