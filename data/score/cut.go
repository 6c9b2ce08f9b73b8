package score

import "unicode/utf8"

// This file cuts words the way spaCy's English tokenizer does, which datatrove
// counts words with, as far as that needs no list of abbreviations or units.

// Kinds of ASCII characters that words are made of, as bits.
const (
	kindSmall = 1 << iota
	kindCapital
	kindDigit
	kindUnderscore
	kindWide // any letter beyond ASCII

	kindLetter = kindSmall | kindCapital | kindWide
)

// asciiKind holds the kinds; 0 is for all other bytes.
var asciiKind = func() (t [256]uint8) {
	for b := byte('a'); b <= 'z'; b++ {
		t[b], t[b-'a'+'A'] = kindSmall, kindCapital
	}
	for b := byte('0'); b <= '9'; b++ {
		t[b] = kindDigit
	}
	t['_'] = kindUnderscore
	return t
}()

// word takes the word that starts at i and returns where it ends.
func (e *Extractor) word(i int) int {
	s, start := e.text, i
	e.wordRun()
	w := unit{}
	for i < len(s) {
		run := i
		for i < len(s) && asciiKind[s[i]] != 0 {
			w.kinds |= asciiKind[s[i]]
			i++
		}
		w.chars += i - run
		e.count(run, i, w.kinds)
		if i == len(s) {
			break
		}
		if s[i] >= utf8.RuneSelf {
			n, more := e.wideInWord(start, i, &w)
			if !more {
				if n > 0 {
					return n
				}
				break
			}
			i += n
			continue
		}
		if insideOf[s[i]] == splits || !e.joinsAt(i) {
			break
		}
		if s[i] == '\'' {
			if end := e.clitic(start, i, 1, w); end > 0 {
				return end
			}
		}
		e.markInWord(&w, 1)
		i++
	}
	e.emit(start, i, w)
	return i
}

// unit is a word as it is read.
type unit struct {
	chars int
	marks int   // ASCII punctuation inside, but underscores
	kinds uint8 // of all its characters
	odd   bool  // a mark inside
}

// count counts the ASCII characters from..to-1 of a word.
func (e *Extractor) count(from, to int, kinds uint8) {
	f := &e.f
	n := to - from
	f.Chars += n
	f.NonBlank += n
	if kinds&(kindDigit|kindUnderscore) != 0 {
		for _, b := range []byte(e.text[from:to]) {
			switch asciiKind[b] {
			case kindDigit:
				f.Digits++
				n--
			case kindUnderscore:
				f.Punct++
				n--
			}
		}
	}
	f.Letters += n
	f.Latin += n
	if n > 0 && !e.alphaRun {
		e.alphaRun = true
		e.alphaRuns++
	}
}

// markInWord counts a mark inside a word, which splits runs all the same.
func (e *Extractor) markInWord(w *unit, ascii int) {
	e.f.Chars++
	e.f.NonBlank++
	e.f.Punct++
	w.chars++
	w.marks += ascii
	w.odd = true
	e.runs += 2
	e.alphaRun = false
}

// wideInWord takes the character beyond ASCII at i, inside a word that started
// at start, and returns its length and true; or false when the word ends before
// it, with the end of the clitic that followed, if one did.
func (e *Extractor) wideInWord(start, i int, w *unit) (n int, more bool) {
	f := &e.f
	r, n := utf8.DecodeRuneInString(e.text[i:])
	switch c := classOf(r); c {
	case classAccent, classOther, classHangul:
		f.Letters++
		switch c {
		case classAccent:
			f.Latin++
			f.Accents++
		case classHangul:
			f.Hangul++
		}
		w.kinds |= kindWide
	case classDigit:
		f.Digits++
		w.kinds |= kindDigit
	case classMark:
		if i == start {
			return 0, false
		}
	case classJoiner:
		if i == start || e.kindAt(i+n) == 0 {
			return 0, false
		}
		if end := e.clitic(start, i, n, *w); end > 0 {
			return end, false
		}
		e.markInWord(w, 0)
		return n, true
	default:
		return 0, false
	}
	f.Chars++
	f.NonBlank++
	w.chars++
	return n, true
}

// kindAt returns the kind of the character at i, 0 if it cannot stand in a word.
func (e *Extractor) kindAt(i int) uint8 {
	if i >= len(e.text) {
		return 0
	}
	if b := e.text[i]; b < utf8.RuneSelf {
		return asciiKind[b]
	}
	r, _ := utf8.DecodeRuneInString(e.text[i:])
	switch classOf(r) {
	case classAccent, classOther, classHangul:
		return kindWide
	case classDigit:
		return kindDigit
	}
	return 0
}

// emit adds the word from start to end-1.
func (e *Extractor) emit(start, end int, w unit) {
	f := &e.f
	f.Words++
	f.WordChars += w.chars
	raw, folded := e.hashAt(start, end)
	gopher := false
	if k := known(folded); k != nil {
		gopher = e.knownWord(k, start, raw, folded)
	}
	if w.kinds&kindLetter == kindCapital && w.chars > 1 {
		f.CapitalWords++
	}
	if w.kinds&kindLetter == 0 {
		f.DigitWords++
	}
	t := e.openToken(start)
	t.words++
	t.hash = join(t.hash, raw)
	t.chars += w.chars
	t.plain += w.chars - w.marks
	if w.kinds&kindUnderscore != 0 {
		for _, b := range []byte(e.text[start:end]) {
			if b == '_' {
				t.plain--
			}
		}
		w.odd = true
	}
	t.odd = t.odd || w.odd
	if t.words == 1 {
		t.first, t.stop = folded, gopher
	}
	if w.kinds&kindLetter != 0 {
		t.alpha = true
	}
	e.fineWords++
	e.fineWordChars += w.chars
	if w.kinds&kindLetter != 0 {
		e.fineAlpha++
	}
	if e.Need&NeedDatatrove != 0 {
		e.fine.add(raw, w.chars, uint32(len(e.own.hash)))
	}
	e.own.add(folded, w.chars)
}
