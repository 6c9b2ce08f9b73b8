package safety

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A text is fed to the automaton as symbols: one for each character that some term
// has, 0 for all other letters and characters, and border between words, which
// stands for any run of blanks and punctuation, for a change between letters and
// Han characters, and for both ends of the text.
const (
	unknown = 0
	border  = 1
)

// Classes of characters, in the two top bits of the table's entries.
const (
	clSeparator = iota << 14
	clWord
	clHan
	clSoft // separators that may hide a word

	symbolBits = 1<<14 - 1
)

// maxSymbols is how many different characters the terms may have.
const maxSymbols = symbolBits - 1

// alphabet maps characters to class and symbol.
type alphabet struct {
	table [1 << 16]uint16
	count uint16 // symbols, border among them
	*forms
}

// softMarks are put between characters to hide a word.
const softMarks = " .*-_·|/~+^"

// forms is what all alphabets begin with.
type forms struct {
	classes [1 << 16]uint16 // by character, no symbols
	others  [][2]rune       // characters and what they are in plain form, where that differs
	simple  map[rune]rune
}

// plainForms is made once, since it asks 65,536 characters what they are.
var plainForms = sync.OnceValue(func() *forms {
	f := &forms{simple: simplifiedForms()}
	for r := range rune(1 << 16) {
		f.classes[r] = class(r)
		if p := f.plain(r); p != r && p < 1<<16 {
			f.others = append(f.others, [2]rune{r, p})
		}
	}
	for _, r := range softMarks {
		f.classes[r] = clSoft
	}
	return f
})

// plain takes away width and case, and makes a character simplified.
func (f *forms) plain(r rune) rune {
	r = fold(r)
	if s, ok := f.simple[r]; ok {
		return s
	}
	return r
}

func newAlphabet() *alphabet {
	f := plainForms()
	return &alphabet{table: f.classes, count: 2, forms: f}
}

func class(r rune) uint16 {
	switch {
	case ideographic(fold(r)):
		return clHan
	case unicode.IsLetter(fold(r)), unicode.IsDigit(fold(r)), unicode.IsMark(r):
		return clWord
	}
	return clSeparator
}

// look returns the entry of a character.
func (a *alphabet) look(r rune) uint16 {
	if r < 1<<16 {
		return a.table[r]
	}
	return class(r)
}

// ideographic tells whether a character is a unit of its own.
func ideographic(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3040 && r <= 0x30ff || r >= 0x3400 && r <= 0x4dbf ||
		r >= 0x20000 && r <= 0x323af || r >= 0xf900 && r <= 0xfaff
}

// fold takes away width and case.
func fold(r rune) rune {
	if r >= 0xff01 && r <= 0xff5e {
		r -= 0xff01 - '!'
	}
	return unicode.ToLower(r)
}

// admit gives the characters of a term symbols; false means there are too many.
func (a *alphabet) admit(term string) bool {
	for _, r := range term {
		r = a.plain(r)
		if r >= 1<<16 || a.table[r]&symbolBits != 0 || a.table[r] != clWord && a.table[r] != clHan {
			continue
		}
		if a.count > maxSymbols {
			return false
		}
		a.table[r] |= a.count
		a.count++
	}
	return true
}

// close lets all forms of a character have its symbol. No term may be admitted
// after it.
func (a *alphabet) close() {
	for _, o := range a.others {
		if c := a.table[o[1]]; a.table[o[0]]&symbolBits == 0 && (c == clSoft || c&symbolBits != 0) {
			a.table[o[0]] = c
		}
	}
}

// feeder turns texts into symbols.
type feeder struct {
	alphabet   *alphabet
	obfuscated bool
	beginnings *beginnings // nil: all words are of interest
}

// beginnings are the first three letters of terms in ASCII letters: a bit for each
// triple. Most words of a text begin no term, and need no look at the automaton.
type beginnings [26*26*26/64 + 1]uint64

// triple returns the place of the three letters at byte i, in either case, or -1.
func triple(text string, i int) int {
	if i+3 > len(text) {
		return -1
	}
	a, b, c := text[i]|0x20-'a', text[i+1]|0x20-'a', text[i+2]|0x20-'a'
	if a >= 26 || b >= 26 || c >= 26 {
		return -1
	}
	return (int(a)*26+int(b))*26 + int(c)
}

// add notes the beginning of a term. One of fewer than three letters that may go on
// makes every word one of interest.
func (b *beginnings) add(term string, open bool) {
	if t := triple(term, 0); t >= 0 {
		b[t/64] |= 1 << (t % 64)
	} else if n := len(strings.TrimRight(term, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")); open && n == 0 {
		for i := range b {
			b[i] = ^uint64(0)
		}
	}
}

// no tells whether no term begins like the word at byte i.
func (b *beginnings) no(text string, i int) bool {
	t := triple(text, i)
	return t >= 0 && b[t/64]&(1<<(t%64)) == 0
}

// What the taker of a symbol has to say.
type wish uint8

const (
	goOn     wish = iota
	skipWord      // nothing can begin before the next border
	fresh         // behind this border only what begins a term matters
)

// symbols calls emit for each symbol of text with the byte range it comes from, and
// returns the number of units. What emit returns says what may be passed over.
func (f feeder) symbols(text string, emit func(symbol uint16, start, end int) wish) (units int) {
	a := f.alphabet
	want := emit(border, 0, 0)
	prev := uint16(clSeparator)
	gap, gapStart := 0, 0 // soft marks held back behind a Han character
	for i := 0; i < len(text); {
		r, n := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = decode(text, i)
		}
		entry := a.look(r)
		c := entry &^ symbolBits
		start := i
		i += n
		if c == clSoft {
			if f.obfuscated && prev == clHan && gap < maxGap {
				if gap == 0 {
					gapStart = start
				}
				gap++
				continue
			}
			c = clSeparator
		}
		if gap > 0 {
			gap = 0
			if c != clHan {
				want = emit(border, gapStart, start)
				prev = clSeparator
			}
		}
		if c == clSeparator {
			if prev != clSeparator {
				want = emit(border, start, start)
				prev = c
			}
			continue
		}
		if c != prev {
			if prev != clSeparator {
				want = emit(border, start, start)
			}
			prev = c
			units++
		} else if c == clHan {
			units++
		}
		if want == fresh && c == clWord && f.beginnings != nil && f.beginnings.no(text, start) {
			want = skipWord
		} else {
			want = emit(entry&symbolBits, start, i)
		}
		if want == skipWord && c == clWord {
			for i < len(text) && text[i] < utf8.RuneSelf && a.table[text[i]]&^symbolBits == clWord {
				i++
			}
		}
	}
	if gap > 0 || prev != clSeparator {
		emit(border, len(text), len(text))
	}
	return units
}

// decode is utf8.DecodeRuneInString for the character at i, quicker for most Han
// characters: behind the first bytes 0xe3 to 0xe9 any two continuation bytes are
// one.
func decode(text string, i int) (rune, int) {
	if b := text[i]; b >= 0xe3 && b <= 0xe9 && i+2 < len(text) && text[i+1]&0xc0 == 0x80 && text[i+2]&0xc0 == 0x80 {
		return rune(b&0x0f)<<12 | rune(text[i+1]&0x3f)<<6 | rune(text[i+2]&0x3f), 3
	}
	return utf8.DecodeRuneInString(text[i:])
}

// maxGap is how many marks between Han characters are passed over.
const maxGap = 2
