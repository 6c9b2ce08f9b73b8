package score

import "math/bits"

// Peer holds Gopher's measures as one published pipeline defines them: the
// comments name whose is whose where they differ. Shares are of what the peer
// divides by.
type Peer struct {
	Words      int     // datatrove: units but punctuation; dolma: tokens; rpv2: tokens that are more than ASCII punctuation
	WordLength float64 // characters; dolma: the median, the others: the mean
	Hashes     float64 // "#" per word; dolma and rpv2: all symbols per word
	Ellipses   float64 // "..." and "…" per word
	AlphaWords float64 // share of words with a letter
	StopWords  int     // of Gopher's eight; dolma: occurrences, datatrove: different ones

	BulletLines, EllipsisLines float64
	DupLines, DupLineChars     float64
	DupParagraphs              float64 // datatrove
	DupParagraphChars          float64 // datatrove

	TopNGram [5]float64  // n = 2..4: characters in the most frequent n-gram
	DupNGram [11]float64 // n = 5..10: characters in repeated n-grams
}

// Need says which measures beside the package's own an Extractor takes: each
// costs time. Measures that are not taken are 0.
type Need uint8

// The groups of measures.
const (
	NeedDatatrove Need = 1 << iota
	NeedDolma
	NeedRPV2
	NeedCharNGrams // repeated 10-grams of characters
	NeedCopies     // DupNGram for n = 6..9; Datatrove needs them in texts in Han

	NeedAll = NeedDatatrove | NeedDolma | NeedRPV2 | NeedCharNGrams | NeedCopies
)

// peers fills in the chosen measures.
func (e *Extractor) peers(need Need) {
	if need&NeedDatatrove != 0 {
		e.datatrove()
	}
	if need&NeedDolma != 0 {
		e.dolma()
	}
	if need&NeedRPV2 != 0 {
		e.rpv2()
	}
	if need&NeedCharNGrams != 0 {
		e.f.DupChar10Gram = e.chars.measure(e.text, e.f.Chars)
	}
}

// candidates starts the search for repeated n-grams of s with the pairs that
// may be repeated: where two units of the package's own stand in a pair, those
// two must be repeated, and where one stands, that one. loose tells of units
// that may equal each other though the package's own units in them differ.
func (e *Extractor) candidates(s *sequence, loose func(i int) bool) {
	g := &e.grams
	s.own = append(s.own, uint32(len(e.own.hash)))
	g.start(&s.units)
	copy(g.gram, s.hash)
	for i := 0; i+1 < len(s.hash); i++ {
		from, to := int(s.own[i]), int(s.own[i+2])
		if loose == nil || !loose(i) && !loose(i+1) {
			if to-from >= 2 && !e.pair.has(from) || to-from == 1 && !e.single.has(from) {
				continue
			}
		}
		g.at = append(g.at, int32(i))
	}
}

// datatrove counts n-grams of words and punctuation, joined by blanks for the
// most frequent one, over the characters of the text. In texts in Han, whose
// words it would need a segmenter for, the package's own units stand for them.
func (e *Extractor) datatrove() {
	f, s, g := &e.f, &e.fine, &e.grams
	p := &f.Datatrove
	p.Words = e.fineWords
	p.WordLength = ratio(e.fineWordChars, e.fineWords)
	p.Hashes, p.Ellipses = ratio(f.Hashes, len(s.hash)), ratio(f.Ellipses, len(s.hash))
	p.AlphaWords = ratio(e.fineAlpha, len(s.hash))
	p.StopWords = bits.OnesCount8(e.exactGopher)
	lines := e.allLines()
	p.BulletLines, p.EllipsisLines = ratio(f.dashLines, lines), ratio(f.EllipsisLines, lines)
	p.DupLines, p.DupLineChars = ratio(f.DupLines, f.Lines), ratio(f.DupLineChars, f.Chars)
	p.DupParagraphs, p.DupParagraphChars = e.exactParagraphs()
	if e.inHan {
		for n := range p.TopNGram {
			p.TopNGram[n] = ratio(e.ownTop[n], f.Chars)
		}
		for n := range p.DupNGram {
			p.DupNGram[n] = ratio(e.ownDup[n], f.Chars)
		}
		return
	}
	e.candidates(s, nil)
	for n := 2; n <= 5 && n <= len(s.hash); n++ {
		g.grow(&s.units)
		if n <= 4 {
			p.TopNGram[n] = ratio(g.top*(s.span(g.first, n)+n-1), f.Chars)
		}
	}
	for n := 5; n <= 10; n++ {
		dup := g.copies(&s.units, n)
		if dup == 0 {
			break
		}
		p.DupNGram[n] = ratio(dup, f.Chars)
	}
}

// dolma counts all copies of n-grams of blank-separated tokens.
func (e *Extractor) dolma() {
	f, s, g := &e.f, &e.tokens, &e.grams
	p := &f.Dolma
	chars := s.chars()
	p.Words = len(s.hash)
	p.WordLength = e.lengths.median(len(s.hash))
	p.Hashes = ratio(e.symbolTokens, len(s.hash))
	p.AlphaWords = ratio(f.AlphaTokens, f.Tokens)
	p.StopWords = e.stopTokens
	lines := f.Newlines + 1
	p.BulletLines, p.EllipsisLines = ratio(f.rawBullets, lines), ratio(f.oneEllipsisLines, lines)
	dup := f.allDupLines
	if empty := lines - f.Lines; empty > 1 {
		dup += empty
	}
	p.DupLines, p.DupLineChars = ratio(dup, lines), ratio(f.allDupLineChars, max(chars, 1))
	e.candidates(s, nil)
	for n := 2; n <= 10 && n <= len(s.hash); n++ {
		g.grow(&s.units)
		if n <= 4 {
			p.TopNGram[n] = ratio(g.top*s.span(g.first, n), chars)
		} else {
			p.DupNGram[n] = ratio(g.occurrences(&s.units))
		}
	}
}

// rpv2 counts the characters of tokens, in lower case and without ASCII
// punctuation, that lie in a repeated n-gram.
func (e *Extractor) rpv2() {
	f, s, g := &e.f, &e.plain, &e.grams
	p := &f.RPV2
	chars := s.chars()
	p.Words = len(s.hash)
	p.WordLength = ratio(chars, len(s.hash))
	p.Hashes = ratio(f.Hashes+f.Ellipses, e.runs)
	p.AlphaWords = ratio(e.alphaRuns, e.runs)
	p.StopWords = f.GopherStops
	lines := e.allLines()
	p.BulletLines, p.EllipsisLines = ratio(f.signLines, lines), ratio(f.EllipsisLines, lines)
	e.candidates(s, func(i int) bool { return s.own[i+1]-s.own[i] != 1 || e.inner.has(int(s.hash[i]>>52)) })
	for n := 2; n <= 10 && n <= len(s.hash); n++ {
		g.grow(&s.units)
		switch {
		case n > 4:
			p.DupNGram[n] = ratio(g.covered(&s.units), chars)
		case g.top > 1:
			p.TopNGram[n] = ratio(g.top*s.span(g.first, n), chars)
		}
	}
}

// allLines counts lines, the empty ones too.
func (e *Extractor) allLines() int {
	n := e.f.Newlines
	if e.text != "" && e.text[len(e.text)-1] != '\n' {
		n++
	}
	return n
}

// lengths is a histogram of token lengths; the last bin is for all beyond.
type lengths [256]uint32

func (l *lengths) add(n int) { l[min(n, len(l)-1)]++ }

// median returns the median of n lengths, 0 for none.
func (l *lengths) median(n int) float64 {
	if n == 0 {
		return 0
	}
	low, high, seen := -1, -1, 0
	for length, c := range l {
		seen += int(c)
		if low < 0 && seen > (n-1)/2 {
			low = length
		}
		if seen > n/2 {
			high = length
			break
		}
	}
	return float64(low+high) / 2
}
