package score

import (
	"math/bits"
	"unicode/utf8"

	"huihai/data/fluency"
)

// Extractor measures texts one after the other and keeps its tables between
// them; it is for one goroutine.
type Extractor struct {
	// Need chooses what is measured beside the package's own measures.
	Need Need

	f    Features
	text string

	latest            []int32         // by first place: the latest of that line or paragraph
	sense, page       *fluency.Scorer // nil: the text's language has no model
	evidence          fluency.Evidence
	paragraphEvidence fluency.Evidence

	own    units    // the package's units: words, Han and Kana characters
	fine   sequence // the same in their own case, and punctuation
	tokens sequence // what blanks separate
	plain  sequence // the same in lower case, without ASCII punctuation
	grams  ngrams
	ownTop [5]int  // characters of all copies of the most frequent n-gram of own, joined by blanks
	ownDup [14]int // characters of copies of n-grams of own
	single bitset  // own units that occur more than once
	pair   bitset  // pairs of them that do
	chars  charNGrams

	seen          table
	seenSentences table
	whole         shape   // of the paragraph being read
	weighted      float32 // its sentences' qualities times their characters
	inHan         bool    // the text is in Han
	ends          int     // marks that a sentence may end with

	marks   []int32 // where words stand that may mark boilerplate
	fold    []byte  // text as it is hashed
	lowered []byte  // a line
	par     []Span
	sen     []Span

	token         token
	inWord        bool // the character before is one of a word
	alphaRun      bool // with an ASCII letter in it
	runs          int  // of word characters, and of others but blanks
	alphaRuns     int
	inMarks       bool // the character before is neither of a word nor a blank
	fineWords     int
	fineWordChars int
	fineAlpha     int
	symbolTokens  int
	stopTokens    int
	gopher        uint8
	exactGopher   uint8
	stops         uint32
	inner         bitset // hashes, by twelve bits, of plain tokens that are not one plain word
	lengths       lengths
}

// token is the one being read.
type token struct {
	start  int    // < 0: none
	hash   uint64 // of its units
	chars  int
	plain  int    // characters but ASCII punctuation
	words  int    // own units
	first  uint64 // hash of the first own unit
	units  uint32 // own units before the token
	odd    bool   // no plain word with ASCII punctuation around it
	alpha  bool
	symbol bool // has # or …
	stop   bool // is one of Gopher's words
}

// Extract measures text. The result and the spans of paragraphs and sentences
// are valid until the next call.
func (e *Extractor) Extract(text string) (f *Features, paragraphs, sentences []Span) {
	e.basic(text)
	e.peers(e.Need)
	return &e.f, e.par, e.sen
}

// pageBytes is how much of a text tells what kind of page it is.
const pageBytes = 16 << 10

// basic takes all measures but those of Need, which peers adds.
func (e *Extractor) basic(text string) {
	e.f = Features{Bytes: len(text)}
	e.text = text
	e.own.reset()
	e.fine.reset()
	e.tokens.reset()
	e.plain.reset()
	e.ownTop, e.ownDup = [5]int{}, [14]int{}
	e.evidence = fluency.Evidence{}
	e.marks, e.par, e.sen = e.marks[:0], e.par[:0], e.sen[:0]
	e.token = token{start: -1}
	e.ends = 0
	e.inWord, e.alphaRun, e.inMarks, e.runs, e.alphaRuns = false, false, false, 0, 0
	e.fineWords, e.fineWordChars, e.fineAlpha, e.symbolTokens, e.stopTokens = 0, 0, 0, 0, 0
	e.gopher, e.exactGopher, e.stops = 0, 0, 0
	if e.Need&(NeedDolma|NeedRPV2) != 0 {
		e.inner = e.inner.cleared(4095)
		clear(e.lengths[:])
	}
	e.characters()
	e.lineMeasures()
	e.paragraphs()
	e.repetition()
	e.f.fluency, e.f.page = noFluency, noFluency
	if e.sense != nil {
		e.f.fluency = e.sense.Score(e.evidence)
	}
	if e.page != nil {
		e.f.page = e.page.Score(e.page.Evidence(text[:min(len(text), pageBytes)]))
	}
}

// characters is the pass that counts characters and cuts words and tokens.
func (e *Extractor) characters() {
	f, s := &e.f, e.text
	for i := 0; i < len(s); {
		b := s[i]
		if b >= utf8.RuneSelf {
			if r := hanAt(s, i); r != 0 {
				i = e.hanRun(i, r)
			} else {
				i = e.wide(i)
			}
			continue
		}
		switch c := asciiClass[b]; c {
		case classLetter, classDigit:
			i = e.word(i)
		case classBlank:
			f.Chars++
			e.endToken(i)
			i++
		case classNewline:
			f.Chars++
			f.Newlines++
			e.endToken(i)
			i++
		default:
			i = e.asciiMark(i, c)
		}
	}
	e.endToken(len(s))
	f.GopherStops = bits.OnesCount8(e.gopher)
	e.inHan = f.Han*10 >= f.Letters*3
	f.ChineseStops = bits.OnesCount32(e.stops)
}

// asciiMark takes the punctuation or symbol at i, together with those like it
// where dots or hyphens follow each other, and returns where they end.
func (e *Extractor) asciiMark(i int, c class) int {
	f, s := &e.f, e.text
	b := s[i]
	n := 1
	switch b {
	case '!', '?':
		e.ends++
	case '.', '-':
		e.ends++
		for i+n < len(s) && s[i+n] == b {
			n++
		}
		if b == '.' {
			f.Ellipses += n / 3
		}
	case '{':
		f.Braces++
	case '#':
		f.Hashes++
		e.openToken(i).symbol = true
	}
	f.Chars += n
	f.NonBlank += n
	if c == classSymbol {
		f.Symbols += n
	} else {
		f.Punct += n
	}
	e.mark(i, markHash(b, n), n)
	return i + n
}

func markHash(b byte, n int) uint64 { return mix(uint64(b)<<32 + uint64(n)) }

// openToken starts a token at i unless one is open.
func (e *Extractor) openToken(i int) *token {
	if e.token.start < 0 {
		e.token = token{start: i, units: uint32(len(e.own.hash))}
	}
	return &e.token
}

// mark adds a unit of n characters that is no word.
func (e *Extractor) mark(i int, hash uint64, n int) {
	t := e.openToken(i)
	t.hash = join(t.hash, hash)
	t.chars += n
	if !e.inMarks {
		e.runs++
	}
	e.inWord, e.inMarks = false, true
	if e.Need&NeedDatatrove != 0 {
		e.fine.add(hash, n, uint32(len(e.own.hash)))
	}
}

// wide takes the character beyond ASCII at i and returns where it ends.
func (e *Extractor) wide(i int) int {
	f := &e.f
	r, n := utf8.DecodeRuneInString(e.text[i:])
	c := classOf(r)
	switch c {
	case classHan, classKana:
		e.ideograph(c, r, i)
		return i + n
	case classAccent, classHangul, classOther:
		return e.word(i)
	case classDigit:
		return e.word(i)
	case classBlank:
		f.Chars++
		e.endToken(i)
		return i + n
	}
	f.Chars++
	f.NonBlank++
	if c == classPunct || c == classJoiner {
		f.Punct++
	} else {
		f.Symbols++
	}
	t := e.openToken(i)
	switch r {
	case '…':
		f.Ellipses++
		t.symbol = true
	case '【', '】':
		f.Brackets++
	case '·':
		e.stops |= middleDot
	case utf8.RuneError:
		f.ReplacementRune++
	}
	if endMark(r) {
		e.ends++
	}
	t.odd = true
	t.plain++
	if !datatroveMark(r) {
		e.fineWords++
		e.fineWordChars++
	}
	e.mark(i, mix(uint64(r)<<8+uint64(n)), 1)
	return i + n
}

// wordRun says that the character being read is one of a word.
func (e *Extractor) wordRun() {
	if !e.inWord {
		e.runs++
		e.inWord, e.inMarks, e.alphaRun = true, false, false
	}
}

// endToken ends the token before i, if one is open.
func (e *Extractor) endToken(i int) {
	t := &e.token
	e.inWord, e.inMarks = false, false
	if t.start < 0 {
		return
	}
	f := &e.f
	f.Tokens++
	if t.alpha {
		f.AlphaTokens++
	}
	f.LongestToken = max(f.LongestToken, i-t.start)
	if e.Need&NeedDolma != 0 {
		e.tokens.add(t.hash, t.chars, t.units)
		e.lengths.add(t.chars)
		if t.symbol {
			e.symbolTokens++
		}
		if t.stop && t.words == 1 && i-t.start == t.chars && t.plain == t.chars {
			e.stopTokens++
		}
	}
	if e.Need&NeedRPV2 != 0 && t.plain > 0 {
		h := t.first
		if t.odd || t.words != 1 {
			h = e.plainHash(e.text[t.start:i])
			e.inner.set(int(h >> 52))
		}
		e.plain.add(h, t.plain, t.units)
	}
	t.start = -1
}

// plainHash hashes a token as if it had no ASCII punctuation.
func (e *Extractor) plainHash(s string) uint64 {
	if e.token.plain == e.token.chars {
		return hashWord(s)
	}
	fold := e.fold[:0]
	for i := 0; i < len(s); i++ {
		if b := s[i]; b >= utf8.RuneSelf || asciiKind[b]&^kindUnderscore != 0 {
			fold = append(fold, b)
		}
	}
	e.fold = fold
	return hashWord(fold)
}
