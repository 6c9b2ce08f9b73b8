package score

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"huihai/data/fluency"
)

// Span is the byte range of a paragraph or a sentence, with what is known of it.
// The quality of a sentence is the product of the factors of its flags and of twice
// its fluency, where that is below 1 and the language has a model; that of a
// paragraph is the least of the product of its flags, the mean quality of its
// sentences, by characters, and twice its fluency.
type Span struct {
	Start, End int32
	Quality    float32
	Flags      ParagraphFlags
	Hash       uint64 // of the normalised text, for counting copies in the corpus
}

// ParagraphFlags say what is odd about a paragraph or a sentence.
type ParagraphFlags int32

// The flags of paragraphs and sentences. Each multiplies quality by the factor
// beside it.
const (
	ParagraphShort       ParagraphFlags = 1 << iota // 0.8: fewer than 10 characters (sentences in Han: 5)
	ParagraphUnfinished                             // 0.8: no terminal punctuation at the end
	ParagraphSymbols                                // 0.5: over 40% of it is no letter, digit or blank
	ParagraphBoilerplate                            // 0.4: a policy, script or read-more line
	ParagraphRepeated                               // 0.3: a copy of an earlier one of the text
	ParagraphList                                   // 0.95: starts as an item of a list
	ParagraphCapitals                               // 0.7: over half of its letters are capitals, of ten or more
	ParagraphFewHan                                 // 1: fewer than 10 Han characters, in a text in Han (MNBVC)
)

var flagFactors = [...]float32{0.8, 0.8, 0.5, 0.4, 0.3, 0.95, 0.7, 1}

// factor multiplies the factors of the flags.
func (g ParagraphFlags) factor() float32 {
	q := float32(1)
	for i, f := range flagFactors {
		if g>>i&1 != 0 {
			q *= f
		}
	}
	return q
}

// LowQuality is the quality below which a paragraph or a sentence counts as low.
const LowQuality = 0.5

// paragraphs finds the spans and judges each.
func (e *Extractor) paragraphs() {
	f := &e.f
	sep := "\n\n"
	if !strings.Contains(e.text, sep) {
		sep = "\n"
	}
	e.seen.reset(f.Newlines+1, f.Newlines+1)
	limit := f.Newlines + 1 + e.ends
	e.seenSentences.reset(limit, limit)
	e.fold = slices.Grow(e.fold[:0], len(e.text)+8)
	for start := 0; start < len(e.text); {
		end := len(e.text)
		next := end
		if i := strings.Index(e.text[start:], sep); i >= 0 {
			end = start + i
			next = end + len(sep)
			for next < len(e.text) && e.text[next] == '\n' {
				next++
			}
		}
		if from, to := trimSpan(e.text, start, end); from < to {
			e.paragraph(start, end)
		}
		start = next
	}
}

func (e *Extractor) paragraph(start, end int) {
	f := &e.f
	e.fold, e.whole, e.weighted, e.paragraphEvidence = e.fold[:0], shape{}, 0, fluency.Evidence{}
	e.sentences(start, end)
	p := Span{Start: int32(start), End: int32(end), Hash: xxh3.Hash(e.fold)}
	chars := e.whole.chars
	f.Paragraphs++
	f.ParagraphChars += chars
	from, to := trimSpan(e.text, start, end)
	p.Flags = e.flags(e.text[from:to], start, end, e.whole, 10)
	if e.inHan && e.whole.han < 10 {
		p.Flags |= ParagraphFewHan
		f.FewHanParagraphs++
	}
	c, first := e.seen.add(p.Hash, f.Paragraphs-1)
	if e.near(first, f.Paragraphs-1, c) {
		f.nearParaChars += chars
	}
	if c > 1 {
		p.Flags |= ParagraphRepeated
		f.DupParagraphs++
		f.DupParaChars += chars
	}
	p.Quality = p.Flags.factor()
	if chars > 0 { // not only blanks that are no ASCII
		p.Quality = min(p.Quality, e.weighted/float32(chars), e.trust(e.paragraphEvidence))
	}
	e.evidence.Add(e.paragraphEvidence)
	if p.Quality < LowQuality {
		f.LowParagraphs++
	}
	e.par = append(e.par, p)
}

// sentence judges the sentence from start to end-1 of the paragraph being read.
func (e *Extractor) sentence(start, end int) {
	start, end = trimSpan(e.text, start, end)
	if start == end {
		return
	}
	text := e.text[start:end]
	from := len(e.fold)
	s := e.shape(text)
	e.whole.add(s)
	p := Span{Start: int32(start), End: int32(end), Hash: xxh3.Hash(e.fold[from:])}
	least := 10
	if s.han > 0 {
		least = 5
	}
	p.Flags = e.flags(text, start, end, s, least)
	if c, _ := e.seenSentences.add(p.Hash, len(e.sen)); c > 1 {
		p.Flags |= ParagraphRepeated
		e.f.DupSentences++
	}
	p.Quality = p.Flags.factor()
	if e.sense != nil {
		own := e.sense.Evidence(text)
		e.paragraphEvidence.Add(own)
		p.Quality *= e.trust(own)
	}
	e.weighted += p.Quality * float32(s.chars)
	e.countSentence(&p, s)
	e.sen = append(e.sen, p)
}

// trust is the factor of fluency: 1 from half the score on, so that a short
// sentence loses nothing for having little to say.
func (e *Extractor) trust(own fluency.Evidence) float32 {
	if e.sense == nil {
		return 1
	}
	return float32(min(1, 2*e.sense.Score(own)))
}

func (e *Extractor) countSentence(p *Span, s shape) {
	f := &e.f
	f.SentenceSpans++
	if p.Quality < LowQuality {
		f.LowSentences++
	}
	if s.letters == 0 {
		return
	}
	f.Sentences++
	if p.Flags&ParagraphUnfinished == 0 {
		f.FullSentences++
		f.FullSentenceChars += s.chars
	}
}

// trimSpan moves start and end inwards over blanks and line ends.
func trimSpan(s string, start, end int) (int, int) {
	for start < end {
		if b := s[start]; b == ' ' || b == '\n' || b == '\t' || b == '\r' {
			start++
		} else if b == 0xe3 && strings.HasPrefix(s[start:end], "\u3000") {
			start += 3
		} else {
			break
		}
	}
	for start < end {
		if b := s[end-1]; b == ' ' || b == '\n' || b == '\t' || b == '\r' {
			end--
		} else if b == 0x80 && strings.HasSuffix(s[start:end], "\u3000") {
			end -= 3
		} else {
			break
		}
	}
	return start, end
}

// exactParagraphs returns the share of paragraphs that are copies to the byte,
// and that of their characters in the text, where blank lines alone separate
// paragraphs (datatrove).
func (e *Extractor) exactParagraphs() (share, chars float64) {
	f := &e.f
	if f.DupParagraphs == 0 || !strings.Contains(e.text, "\n\n") {
		return 0, 0
	}
	e.seen.reset(len(e.par), len(e.par))
	n, size := 0, 0
	for i, p := range e.par {
		text := e.text[p.Start:p.End]
		if c, _ := e.seen.add(xxh3.HashString(text), i); c > 1 {
			n++
			size += utf8.RuneCountInString(text)
		}
	}
	return ratio(n, len(e.par)), ratio(size, f.Chars)
}
