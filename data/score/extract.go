package score

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Extractor measures texts one after the other and keeps its tables between
// them; it is for one goroutine.
type Extractor struct {
	f     Features
	text  string
	units []uint64 // hashes
	ends  []int32  // characters of units up to and including each, so that a span's length is a difference
	seen  table
	at    []int32 // places that may start a repeated n-gram
	grams []uint64
	marks []int32 // where words stand that may mark boilerplate
	fold  []byte  // a paragraph as it is hashed
	spans []Span

	word     wordState
	gopher   uint8
	stops    uint32
	sentence bool // letters since the last sentence end
}

// Span is a paragraph's byte range in the text, with what is known of it.
type Span struct {
	Start, End int32
	Quality    float32
	Flags      ParagraphFlags
	Hash       uint64 // of the normalised paragraph, for counting copies in the corpus
}

// wordState is the word and the token being read.
type wordState struct {
	start, chars int // start < 0: no word
	alpha        bool
	token        int // start of the token, < 0: none
	tokenAlpha   bool
}

// Extract measures text. The result and the spans are valid until the next call.
func (e *Extractor) Extract(text string) (*Features, []Span) {
	e.f = Features{Bytes: len(text)}
	e.text, e.units, e.ends, e.spans, e.marks = text, e.units[:0], e.ends[:0], e.spans[:0], e.marks[:0]
	e.gopher, e.stops, e.sentence = 0, 0, false
	e.word = wordState{start: -1, token: -1}
	e.characters()
	e.lineMeasures()
	e.paragraphs()
	e.repetition()
	return &e.f, e.spans
}

// characters is the pass that counts characters, words and units.
func (e *Extractor) characters() {
	f, s := &e.f, e.text
	for i := 0; i < len(s); {
		b := s[i]
		if b < utf8.RuneSelf {
			c := asciiClass[b]
			if c == classLetter {
				i = e.letters(i)
				continue
			}
			f.Chars++
			e.ascii(c, b, i)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		f.Chars++
		e.wide(classOf(r), r, i)
		i += n
	}
	e.endWord(len(s))
	e.endToken(len(s))
	if e.sentence {
		f.Sentences++
	}
	for g := e.gopher; g != 0; g &= g - 1 {
		f.GopherStops++
	}
	for g := e.stops; g != 0; g &= g - 1 {
		f.ChineseStops++
	}
}

// letters takes the run of ASCII letters that starts at i and returns its end.
func (e *Extractor) letters(i int) int {
	s, j := e.text, i+1
	for j < len(s) && s[j] < utf8.RuneSelf && asciiClass[s[j]] == classLetter {
		j++
	}
	n := j - i
	f := &e.f
	f.Chars += n
	f.NonBlank += n
	f.Letters += n
	f.Latin += n
	e.inWord(i, true)
	e.word.chars += n - 1
	if e.word.token < 0 {
		e.word.token = i
	}
	return j
}

func (e *Extractor) ascii(c class, b byte, i int) {
	f := &e.f
	switch c {
	case classDigit:
		f.Digits++
		e.inWord(i, false)
	case classBlank, classNewline:
		e.endWord(i)
		e.endToken(i)
		if c == classNewline {
			f.Newlines++
		}
		return
	case classJoiner:
		f.Punct++
		if e.word.start >= 0 && e.joins(i) {
			e.word.chars++
		} else {
			e.endWord(i)
		}
	case classPunct:
		f.Punct++
		e.endWord(i)
		e.punct(b, i)
	default:
		f.Symbols++
		e.endWord(i)
		if b == '#' {
			f.Hashes++
		}
	}
	f.NonBlank++
	if e.word.token < 0 {
		e.word.token = i
	}
}

// joins tells whether a joiner at i stands between two word characters.
func (e *Extractor) joins(i int) bool {
	if i+1 >= len(e.text) {
		return false
	}
	next := e.text[i+1]
	return next >= utf8.RuneSelf || asciiClass[next] == classLetter || asciiClass[next] == classDigit
}

func (e *Extractor) punct(b byte, i int) {
	f := &e.f
	switch b {
	case '{':
		f.Braces++
	case '.', '!', '?':
		if b == '.' && strings.HasPrefix(e.text[i:], "...") && (i == 0 || e.text[i-1] != '.') {
			f.Ellipses++
		}
		if e.sentence && (i+1 >= len(e.text) || asciiClass[e.text[i+1]&0x7f] != classLetter && asciiClass[e.text[i+1]&0x7f] != classDigit) {
			f.Sentences++
			e.sentence = false
		}
	}
}

func (e *Extractor) wide(c class, r rune, i int) {
	f := &e.f
	if c == classBlank {
		e.endWord(i)
		e.endToken(i)
		return
	}
	f.NonBlank++
	if e.word.token < 0 {
		e.word.token = i
	}
	switch c {
	case classHan, classKana:
		e.endWord(i)
		f.Letters++
		e.sentence, e.word.tokenAlpha = true, true
		if c == classHan {
			f.Han++
			if n := chineseStop(r); n >= 0 {
				e.stops |= 1 << n
			}
		} else {
			f.Kana++
		}
		e.unit(mix(uint64(r)+0x9e3779b97f4a7c15), 1)
	case classAccent, classHangul, classOther:
		f.Letters++
		switch c {
		case classAccent:
			f.Latin++
			f.Accents++
		case classHangul:
			f.Hangul++
		}
		e.inWord(i, true)
	case classDigit:
		f.Digits++
		e.inWord(i, false)
	case classMark:
		if e.word.start >= 0 {
			e.word.chars++
		}
	case classJoiner:
		f.Punct++
		if e.word.start < 0 || !e.joins(i+2) {
			e.endWord(i)
		}
	case classPunct:
		f.Punct++
		e.endWord(i)
		e.widePunct(r)
	default:
		f.Symbols++
		e.endWord(i)
		if r == utf8.RuneError {
			f.ReplacementRune++
		}
	}
}

func (e *Extractor) widePunct(r rune) {
	switch r {
	case '。', '！', '？', '．', '；':
		if e.sentence {
			e.f.Sentences++
			e.sentence = false
		}
	case '…':
		e.f.Ellipses++
	case '【', '】':
		e.f.Brackets++
	case '·':
		e.stops |= 1 << chineseStop(r)
	}
}

func (e *Extractor) inWord(i int, letter bool) {
	w := &e.word
	if w.start < 0 {
		w.start, w.chars, w.alpha = i, 0, false
	}
	w.chars++
	if letter {
		w.alpha, w.tokenAlpha, e.sentence = true, true, true
	}
}

func (e *Extractor) endWord(i int) {
	w := &e.word
	if w.start < 0 {
		return
	}
	h := hashWord(e.text[w.start:i])
	e.f.Words++
	e.f.WordChars += w.chars
	if !w.alpha {
		e.f.DigitWords++
	}
	if i-w.start <= 5 {
		if n := englishStop(h); n >= 0 {
			e.f.EnglishStops++
			if n < len(gopherStops) {
				e.gopher |= 1 << n
			}
		}
	}
	if isTrigger(h, i-w.start) {
		e.marks = append(e.marks, int32(w.start))
	}
	e.unit(h, w.chars)
	w.start = -1
}

func (e *Extractor) endToken(i int) {
	w := &e.word
	if w.token < 0 {
		return
	}
	e.f.Tokens++
	if w.tokenAlpha {
		e.f.AlphaTokens++
	}
	e.f.LongestToken = max(e.f.LongestToken, i-w.token)
	w.token, w.tokenAlpha = -1, false
}

func (e *Extractor) unit(h uint64, chars int) {
	e.f.UnitChars += chars
	e.units = append(e.units, h)
	e.ends = append(e.ends, int32(e.f.UnitChars))
}

// entropy is the Shannon entropy of the counted units in nats: ln n minus the
// mean of c ln c, to which units that occur once add nothing.
func (e *Extractor) entropy() float64 {
	sum := 0.0
	for _, i := range e.seen.used {
		if c := float64(e.seen.slots[i].count); c > 1 {
			sum += c * math.Log(c)
		}
	}
	n := float64(len(e.units))
	return max(0, math.Log(n)-sum/n) // rounding may leave a little less than none
}
