package safety

import (
	"slices"
	"strings"
)

// disguises knows the words of the terms behind digits and marks that stand for
// letters (k1ll, b!tch), stars in place of some (f*ck), blanks and dots between all
// (f u c k) and letters that go on (fuuuck).
type disguises struct {
	words  map[string]bool   // words of hits; an open one ends in a star
	single map[string]bool   // those that are a term alone
	masked map[byte][]string // the same by first letter, sorted
}

// Classes of bytes in a disguised word.
const (
	dgLetter = 1 << iota
	dgSign   // stands for a letter
	dgBetween
)

var disguiseClasses = func() (t [256]uint8) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = dgLetter, dgLetter
	}
	for _, c := range []byte("0134578@$!*") {
		t[c] = dgSign
	}
	for _, c := range []byte(" .-_*") {
		t[c] |= dgBetween
	}
	return t
}()

// readings are the letters that a sign may stand for; i is tried before l.
var readings = [2][256]byte{
	{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', '$': 's', '!': 'i'},
	{'0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', '$': 's', '!': 'l'},
}

func newDisguises(terms []Term) *disguises {
	d := &disguises{words: map[string]bool{}, single: map[string]bool{}, masked: map[byte][]string{}}
	for _, t := range terms {
		if t.Category == Allow || t.Category == Context {
			continue
		}
		words := strings.Fields(strings.ToLower(t.Text))
		for _, w := range words {
			bare := strings.TrimSuffix(w, "*")
			if len(bare) < 3 || strings.IndexFunc(bare, func(r rune) bool { return r < 'a' || r > 'z' }) >= 0 {
				continue
			}
			d.words[w] = true
			if len(words) == 1 && !d.single[bare] {
				d.single[bare] = true
				d.masked[bare[0]] = append(d.masked[bare[0]], bare)
			}
		}
	}
	for _, list := range d.masked {
		slices.Sort(list)
	}
	return d
}

// known tells whether a word in small letters is one of a term.
func (d *disguises) known(w []byte) bool {
	if d.words[string(w)] {
		return true
	}
	var open [maxWord + 1]byte
	for n := 3; n <= len(w) && n < maxWord; n++ {
		copy(open[:], w[:n])
		open[n] = '*'
		if d.words[string(open[:n+1])] {
			return true
		}
	}
	return false
}

// maxWord bounds the words that are looked at, in bytes.
const maxWord = 24

// uncover returns text with disguised words in plain letters, of the same length; a
// word that becomes shorter is filled up with blanks. Words that are in no term stay
// as they are.
func (d *disguises) uncover(text string) string {
	var out []byte
	put := func(start, end int, word []byte) {
		if out == nil {
			out = []byte(text)
		}
		n := copy(out[start:end], word)
		for k := start + n; k < end; k++ {
			out[k] = ' '
		}
	}
	for i := 0; i < len(text); {
		if disguiseClasses[text[i]]&(dgLetter|dgSign) == 0 {
			i++
			continue
		}
		start, seen, run, long := i, uint8(0), 0, false
		for i < len(text) && disguiseClasses[text[i]]&(dgLetter|dgSign) != 0 {
			seen |= disguiseClasses[text[i]]
			if i > start && text[i] == text[i-1] {
				run++
				long = long || run >= 2
			} else {
				run = 0
			}
			i++
		}
		if i-start == 1 {
			if end := d.spelled(text, start); end > 0 {
				put(start, end, joined(text[start:end]))
				i = end
			}
			continue
		}
		if !long && seen&dgSign == 0 || seen&dgLetter == 0 || i-start > maxWord {
			continue
		}
		from, to := trimMarks(text, start, i)
		if word := d.read(text[from:to], long); word != nil {
			put(from, to, word)
		}
	}
	if out == nil {
		return text
	}
	return string(out)
}

// trimMarks takes from a word the marks around it that belong to the sentence.
func trimMarks(text string, start, end int) (int, int) {
	stars := 0
	for start < end && (text[start] == '*' || text[start] == '!') {
		if text[start] == '*' {
			stars++
		}
		start++
	}
	for end > start && (text[end-1] == '!' || text[end-1] == '*' && stars > 0) {
		if text[end-1] == '*' {
			stars--
		}
		end--
	}
	return start, end
}

// read returns the word of a term behind a disguise, or nil; long says that a
// character stands three times in a row.
func (d *disguises) read(token string, long bool) []byte {
	letters, stars, signs := 0, 0, 0
	for i := range len(token) {
		switch c := token[i]; {
		case disguiseClasses[c] == dgLetter:
			letters++
		case c == '*':
			stars++
		default:
			signs++
		}
	}
	if stars > 0 {
		return d.behindStars(token, letters)
	}
	if signs > 0 && (letters < 2 || len(token) < 4 && signs > 1) {
		return nil
	}
	var buf [maxWord]byte
	for _, table := range readings {
		w := append(buf[:0], token...)
		for i, c := range w {
			if l := table[c]; l != 0 {
				w[i] = l
			} else {
				w[i] = c | 0x20
			}
		}
		if signs > 0 && d.known(w) {
			return append([]byte(nil), w...)
		}
		if !long {
			continue
		}
		for _, keep := range []int{1, 2} {
			if short := shorten(w, keep); len(short) < len(w) && d.known(short) {
				return short
			}
		}
	}
	return nil
}

// behindStars returns the first word, in alphabetical order, that fits f*ck: its
// length, and two letters or more, or the first and nothing else of four.
func (d *disguises) behindStars(token string, letters int) []byte {
	if letters < 2 && !(letters == 1 && len(token) == 4) || disguiseClasses[token[0]] != dgLetter {
		return nil
	}
	for _, w := range d.masked[token[0]|0x20] {
		if len(w) > len(token) || len(w) < len(token) && !d.words[w+"*"] {
			continue
		}
		fits := true
		for i := range len(w) {
			fits = fits && (token[i] == '*' || token[i]|0x20 == w[i] || readings[0][token[i]] == w[i])
		}
		if fits {
			rest := strings.ReplaceAll(token[len(w):], "*", "x")
			return []byte(w + rest)
		}
	}
	return nil
}

// shorten keeps of every run of three equal letters or more as many as said.
func shorten(w []byte, keep int) []byte {
	out := make([]byte, 0, len(w))
	for i := 0; i < len(w); {
		j := i
		for j < len(w) && w[j] == w[i] {
			j++
		}
		n := j - i
		if n > 2 {
			n = keep
		}
		out = append(out, w[i:i+n]...)
		i = j
	}
	return out
}

// spelled returns the end of a word of single letters with the same mark between
// them that begins at byte i, if it is a term, or 0.
func (d *disguises) spelled(text string, i int) int {
	if disguiseClasses[text[i]] != dgLetter || i+4 >= len(text) {
		return 0
	}
	sep := text[i+1]
	if disguiseClasses[sep]&dgBetween == 0 || i > 0 && text[i-1] == '\'' {
		return 0
	}
	var word [maxWord]byte
	n, end, best := 0, i, 0
	for n < maxWord && end < len(text) && disguiseClasses[text[end]] == dgLetter &&
		(end+1 == len(text) || disguiseClasses[text[end+1]]&dgLetter == 0) {
		word[n] = text[end] | 0x20
		n++
		if n >= 3 && d.single[string(word[:n])] {
			best = end + 1
		}
		if end+1 >= len(text) || text[end+1] != sep {
			break
		}
		end += 2
	}
	return best
}

// joined returns every other byte: the letters of a spelled word.
func joined(text string) []byte {
	var out []byte
	for i := 0; i < len(text); i += 2 {
		out = append(out, text[i])
	}
	return out
}
