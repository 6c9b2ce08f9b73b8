package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"huihai/internal/rng"
)

// spoiler makes bad text of good one. Its tables come from the good texts.
type spoiler struct {
	r       *rng.Stream
	chinese bool
	pairs   map[[2]rune]int32
	single  map[rune]int32
	total   int
	words   []string // as they occur, for draws by frequency
	filler  []string
}

func newSpoiler(r *rng.Stream, chinese bool, texts []string) *spoiler {
	s := &spoiler{r: r, chinese: chinese, pairs: map[[2]rune]int32{}, single: map[rune]int32{}}
	s.filler = strings.Split("of the|to|a|is|with the|it|for the|in|that|very|can|be|and|which", "|")
	if chinese {
		s.filler = strings.Split("的|的|一个|它|是|在|这|那个|和|会|到|对于|有|你的|它的|被", "|")
		for _, t := range texts {
			last := rune(0)
			for _, c := range t {
				s.single[c]++
				s.pairs[[2]rune{last, c}]++
				s.total++
				last = c
			}
		}
	}
	for _, t := range texts {
		for _, w := range s.cut(t) {
			if !isSign(w) && len(s.words) < 400_000 {
				s.words = append(s.words, w)
			}
		}
	}
	return s
}

func isSign(w string) bool {
	c, _ := utf8.DecodeRuneInString(w)
	return !unicode.IsLetter(c) && !unicode.IsDigit(c)
}

// cut cuts a text into words and signs. Chinese has no blanks: characters stay
// together that meet thirty times as often as chance would have it.
func (s *spoiler) cut(text string) (out []string) {
	if !s.chinese {
		for _, w := range strings.Fields(text) {
			end := strings.TrimRight(w, ".,;:!?\")")
			if out = append(out, end); len(end) < len(w) {
				out = append(out, w[len(end):])
			}
		}
		return slices.DeleteFunc(out, func(w string) bool { return w == "" })
	}
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, string(word))
		}
		word = word[:0]
	}
	for _, c := range text {
		if !unicode.Is(unicode.Han, c) {
			flush()
			out = append(out, string(c))
			continue
		}
		if n := len(word); n > 0 {
			a := word[n-1]
			if n >= 4 || s.pairs[[2]rune{a, c}] < 2 || float64(s.pairs[[2]rune{a, c}])*float64(s.total) < 30*float64(s.single[a])*float64(s.single[c]) {
				flush()
			}
		}
		word = append(word, c)
	}
	flush()
	return out
}

func (s *spoiler) join(words []string) string {
	if s.chinese {
		return strings.Join(words, "")
	}
	var b strings.Builder
	for i, w := range words {
		if i > 0 && !isSign(w) {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

// spread applies f to the words of each run of n words, signs staying in place.
func (s *spoiler) spread(words []string, n int, f func(run []string)) {
	var at []int
	for i, w := range words {
		if !isSign(w) {
			at = append(at, i)
		}
	}
	for len(at) > 0 {
		k := min(n, len(at))
		run := make([]string, k)
		for i := range run {
			run[i] = words[at[i]]
		}
		f(run)
		for i := range run {
			words[at[i]] = run[i]
		}
		at = at[k:]
	}
}

func (s *spoiler) shuffle(run []string) {
	s.r.Shuffle(len(run), func(i, j int) { run[i], run[j] = run[j], run[i] })
}

// order gives the words another order: everywhere, in windows, in pairs, backwards.
func (s *spoiler) order(text string) string {
	words := s.cut(text)
	switch s.r.IntN(4) {
	case 0:
		s.spread(words, len(words), s.shuffle)
	case 1:
		s.spread(words, 4+s.r.IntN(4), s.shuffle)
	case 2:
		s.spread(words, 2, slices.Reverse)
	case 3:
		s.spread(words, 5+s.r.IntN(8), slices.Reverse)
	}
	return s.join(words)
}

// characters shuffles characters, or letters within words.
func (s *spoiler) characters(text string) string {
	if s.chinese {
		var words []string
		for _, c := range text {
			words = append(words, string(c))
		}
		s.spread(words, len(words), s.shuffle)
		return strings.Join(words, "")
	}
	words := s.cut(text)
	for i, w := range words {
		if len(w) > 3 && s.r.IntN(2) == 0 {
			b := []rune(w)
			s.r.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
			words[i] = string(b)
		}
	}
	return s.join(words)
}

// replace puts other words in the place of some.
func (s *spoiler) replace(text string) string {
	words := s.cut(text)
	share := 25 + s.r.IntN(75)
	for i, w := range words {
		if !isSign(w) && s.r.IntN(100) < share {
			words[i] = pick(s.r, s.words)
		}
	}
	return s.join(words)
}

// gloss imitates translation word by word: small words too many or too few, and
// the order of another language.
func (s *spoiler) gloss(text string) string {
	words := s.cut(text)
	s.spread(words, 2+s.r.IntN(4), func(run []string) {
		if s.r.IntN(2) == 0 {
			slices.Reverse(run)
		}
	})
	var out []string
	for _, w := range words {
		switch {
		case !s.chinese && s.r.IntN(10) < 7 && strings.Contains("|a|an|the|is|are|was|were|to|of|", "|"+strings.ToLower(w)+"|"):
			continue
		case !isSign(w) && s.r.IntN(4) == 0:
			out = append(out, pick(s.r, s.filler))
		}
		out = append(out, w)
	}
	return s.join(out)
}

// noise imitates bad recognition of characters.
func (s *spoiler) noise(text string) string {
	share := 8 + s.r.IntN(25)
	var b strings.Builder
	others := []rune("rnlI1|0OQ5S8B{}~^°«»_;:'`,.")
	for _, c := range text {
		if s.r.IntN(100) >= share || c == ' ' || c == '\n' {
			b.WriteRune(c)
			continue
		}
		switch s.r.IntN(5) {
		case 0:
			b.WriteRune(pick(s.r, others))
		case 1:
			b.WriteString(string(c) + " ")
		case 2:
		default:
			if s.chinese {
				b.WriteRune(rune(0x4e00 + s.r.IntN(0x51a5)))
			} else {
				b.WriteRune(rune('a' + s.r.IntN(26)))
			}
		}
	}
	return b.String()
}

// mojibake reads the bytes in another encoding.
func (s *spoiler) mojibake(text string) string {
	var out string
	if !s.chinese { // ASCII survives: give it signs that do not
		text = strings.NewReplacer("'", "’", ` "`, " “", `"`, "”", ", ", pick(s.r, []string{", ", " — ", "… ", ",\u00a0"}), "e", pick(s.r, []string{"e", "e", "é"})).Replace(text) + "…"
	}
	switch s.r.IntN(3) {
	case 0:
		out, _ = simplifiedchinese.GBK.NewDecoder().String(text)
	case 1:
		gbk, err := simplifiedchinese.GBK.NewEncoder().String(text)
		if err != nil {
			gbk = text
		}
		out, _ = charmap.Windows1252.NewDecoder().String(gbk)
	default:
		out, _ = charmap.Windows1252.NewDecoder().String(text)
		if s.r.IntN(2) == 0 {
			out, _ = charmap.Windows1252.NewDecoder().String(out)
		}
	}
	return out
}

// stuff repeats a few words as lists of keywords do.
func (s *spoiler) stuff(text string) string {
	words := slices.DeleteFunc(s.cut(text), func(w string) bool { return len(w) < 4 })
	if len(words) < 2 {
		return s.characters(text)
	}
	some := make([]string, 2+s.r.IntN(5))
	for i := range some {
		some[i] = pick(s.r, words)
	}
	glue := pick(s.r, []string{",", "，", " ", "|", "、", "-", "_", "/"})
	out := make([]string, 10+s.r.IntN(40))
	for i := range out {
		out[i] = pick(s.r, some)
	}
	return strings.Join(out, glue)
}

// list is lines of a machine: names, codes, dates, numbers.
func (s *spoiler) list(text string) string {
	words := slices.DeleteFunc(s.cut(text), func(w string) bool { return len(w) < 4 })
	if len(words) < 2 {
		return s.characters(text)
	}
	var b strings.Builder
	form := s.r.IntN(4)
	for i := range 6 + s.r.IntN(20) {
		w := pick(s.r, words) + pick(s.r, words)
		switch form {
		case 0:
			fmt.Fprintf(&b, "%s %d-%02d-%02d\n", w, 2000+s.r.IntN(24), 1+s.r.IntN(12), 1+s.r.IntN(28))
		case 1:
			fmt.Fprintf(&b, "%d. %s (%d)\n", i+1, w, s.r.IntN(9999))
		case 2:
			fmt.Fprintf(&b, "%s %s %x %d\n", w, pick(s.r, words), s.r.IntN(1<<20), s.r.IntN(1000))
		default:
			fmt.Fprintf(&b, "%s | %s | %s\n", pick(s.r, words), pick(s.r, words), pick(s.r, words))
		}
	}
	return b.String()
}

// markup leaves tags and scripts between the words.
func (s *spoiler) markup(text string) string {
	rests := []string{`<div class="item">`, `</div>`, `<a href="/p/12.html">`, `</a>`, `&nbsp;`, `<br/>`, `var _hmt = _hmt || [];`, `style="color:#333"`, `<td width=20>`, `</td></tr>`, `{{item.title}}`, `function(){return false;}`, `<img src="a.jpg">`, `[url=http]`, `[/b]`, `&gt;&gt;`, `<li>`, `</span>`, `$(document).ready(`, `document.write(`}
	var b strings.Builder
	for _, w := range s.cut(text) {
		if s.r.IntN(3) == 0 {
			b.WriteString(pick(s.r, rests))
		}
		if !s.chinese {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

// spoil makes bad text of one class, named beside it.
func (s *spoiler) spoil(text string) (string, string) {
	switch n := s.r.IntN(100); {
	case n < 38:
		return s.order(text), "order"
	case n < 45:
		return s.characters(text), "characters"
	case n < 62:
		return s.replace(text), "replace"
	case n < 80:
		return s.gloss(text), "gloss"
	case n < 86:
		return s.noise(text), "noise"
	case n < 89:
		return s.mojibake(text), "mojibake"
	case n < 93:
		return s.stuff(text), "stuff"
	case n < 97:
		return s.list(text), "list"
	default:
		return s.markup(text), "markup"
	}
}
