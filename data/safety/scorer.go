package safety

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Reason is why documents below min_safety are dropped.
const Reason = "unsafe"

// lexicon is what all Scorers of a configuration share.
type lexicon struct {
	cfg        Config
	feed       feeder
	automaton  *automaton
	terms      []Term
	weights    []float64 // by term, times that of its category
	categories []string  // without allow, sorted
	category   []int32   // by term; -1: allow
	context    []float64 // by term; 0: not of category context
	disguises  *disguises
	lead       []uint8 // by term: 1 if it begins with a border, which is no text
}

// Scorer judges texts. It keeps buffers, so each goroutine needs its own: see
// [Scorer.Clone].
type Scorer struct {
	*lexicon
	matches []Match
	result  Result
	counts  []int32 // by term, of the document
	touched []int32
	part    []int32 // the same of a paragraph
	inPart  []int32
}

// Match is a term in a text.
type Match struct {
	Term       int32 // an index of [Scorer.Term]
	Start, End int   // bytes
}

// Paragraph is the judgement of one paragraph: text[Start:End].
type Paragraph struct {
	Start, End int
	Safety     float64
}

// Result is the judgement of a text. Its slices are valid until the next call.
type Result struct {
	Safety     float64     // in (0,1]; 1 is safe
	Worst      float64     // the lowest of the paragraphs
	Units      int         // words, Han and Kana characters
	Hits       []int32     // matches by category, in the order of [Scorer.Categories]
	Paragraphs []Paragraph // those with a hit
	Reason     string      // [Reason], or empty: keep
}

// New reads the lexicons and returns a Scorer.
func New(cfg Config) (*Scorer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	terms, err := cfg.terms()
	if err != nil {
		return nil, err
	}
	return compile(cfg, terms)
}

// compile builds the automaton of terms.
func compile(cfg Config, terms []Term) (*Scorer, error) {
	l := &lexicon{cfg: cfg, feed: feeder{newAlphabet(), cfg.Obfuscated, &beginnings{}}, terms: terms}
	for _, t := range terms {
		if !l.feed.alphabet.admit(t.Text) {
			return nil, fmt.Errorf("safety: the terms have more than %d different characters; use a smaller lexicon", maxSymbols)
		}
	}
	l.feed.alphabet.close()
	tr := newTrie()
	for id, t := range terms {
		row := l.row(t.Text)
		if len(row) == 0 || len(row) > longest {
			return nil, fmt.Errorf("safety: the term %q has no letters that can be looked for, or is too long; remove it", t.Text)
		}
		tr.add(row, int32(id))
		bare, open := strings.CutSuffix(strings.TrimSpace(t.Text), "*")
		l.feed.beginnings.add(strings.TrimLeftFunc(bare, func(r rune) bool {
			return l.feed.alphabet.look(r)&^symbolBits == clSeparator || l.feed.alphabet.look(r) == clSoft
		}), open)
		l.lead = append(l.lead, 0)
		if row[0] == border {
			l.lead[id] = 1
		}
		if t.Category != Allow && t.Category != Context && !slices.Contains(l.categories, t.Category) {
			l.categories = append(l.categories, t.Category)
		}
	}
	l.automaton = tr.build(int(l.feed.alphabet.count))
	slices.Sort(l.categories)
	if cfg.Obfuscated {
		l.disguises = newDisguises(terms)
	}
	for name := range cfg.Weights {
		if !slices.Contains(l.categories, name) {
			return nil, fmt.Errorf("safety: weights has %q; the categories of the lexicons are %s", name, strings.Join(l.categories, ", "))
		}
	}
	for _, t := range terms {
		w := t.Weight
		if f, ok := cfg.Weights[t.Category]; ok {
			w *= f
		}
		l.weights = append(l.weights, w)
		if t.Category == Context {
			l.context = append(l.context, t.Weight)
		} else {
			l.context = append(l.context, 0)
		}
		l.category = append(l.category, int32(slices.Index(l.categories, t.Category)))
	}
	return l.scorer(), nil
}

func (l *lexicon) scorer() *Scorer {
	return &Scorer{
		lexicon: l, counts: make([]int32, len(l.terms)), part: make([]int32, len(l.terms)),
		result: Result{Hits: make([]int32, len(l.categories))},
	}
}

// Clone returns a Scorer with the same terms for another goroutine.
func (s *Scorer) Clone() *Scorer { return s.scorer() }

// Categories returns the names of the categories, sorted.
func (s *Scorer) Categories() []string { return s.categories }

// Term returns a term by its number.
func (s *Scorer) Term(i int32) Term { return s.terms[i] }

// row returns the symbols of a term: with borders around words, none around Han
// characters, and none behind a *.
func (l *lexicon) row(term string) []uint16 {
	term, open := strings.CutSuffix(strings.TrimSpace(term), "*")
	var row []uint16
	known := true
	feeder{alphabet: l.feed.alphabet}.symbols(term, func(s uint16, _, _ int) wish {
		row = append(row, s)
		known = known && s != unknown
		return goOn
	})
	if len(row) < 3 || !known {
		return nil
	}
	runes := []rune(strings.TrimSpace(term))
	if l.feed.alphabet.look(runes[0])&^symbolBits == clHan {
		row = row[1:]
	}
	if open || l.feed.alphabet.look(runes[len(runes)-1])&^symbolBits == clHan {
		row = row[:len(row)-1]
	}
	return row
}

// Find returns the terms in text, those of category allow and context too, in order
// and without overlaps. The slice is valid until the next call. Of a word that was
// spelled with marks between its letters a match has the first bytes.
func (s *Scorer) Find(text string) []Match {
	s.matches = s.matches[:0]
	if s.disguises != nil {
		text = s.disguises.uncover(text)
	}
	s.scan(text, 0)
	return s.matches
}

// scan appends the matches in text, whose bytes begin at base, and returns its
// units.
func (s *Scorer) scan(text string, base int) (units int) {
	a := s.automaton
	from := len(s.matches)
	var starts [longest]int // of the last symbols
	state, n := int32(0), 0
	begin := a.root[border]
	return s.feed.symbols(text, func(symbol uint16, start, end int) wish {
		starts[n%longest] = start
		n++
		state = a.step(state, symbol)
		for at := a.ends[state]; at != 0; at = a.link[at] {
			id := a.term[at]
			first := n - int(a.depth[at]) + int(s.lead[id])
			s.put(from, Match{id, base + starts[first%longest], base + end})
		}
		switch state {
		case 0:
			return skipWord // words match from their beginning only
		case begin:
			return fresh
		}
		return goOn
	})
}

// put adds a match in the order of its end: it takes the place of those that begin
// at or behind its own beginning, and gives way to one that begins before.
func (s *Scorer) put(from int, m Match) {
	k := len(s.matches)
	for k > from && s.matches[k-1].End > m.Start {
		k--
	}
	if k < len(s.matches) {
		if old := s.matches[k]; old.Start < m.Start || old.Start == m.Start && old.End > m.End {
			return
		}
	}
	s.matches = append(s.matches[:k], m)
}

// Score judges a text.
func (s *Scorer) Score(text string) Result {
	r := &s.result
	clear(r.Hits)
	*r = Result{Safety: 1, Worst: 1, Hits: r.Hits, Paragraphs: r.Paragraphs[:0]}
	if s.disguises != nil {
		text = s.disguises.uncover(text)
	}
	sep := "\n\n"
	if !strings.Contains(text, sep) {
		sep = "\n"
	}
	for start := 0; start < len(text); {
		end, next := len(text), len(text)
		if i := strings.Index(text[start:], sep); i >= 0 {
			end, next = start+i, start+i+len(sep)
		}
		s.matches = s.matches[:0]
		units := s.scan(text[start:end], start)
		r.Units += units
		if len(s.matches) > 0 {
			s.paragraph(start, end, units)
		}
		start = next
	}
	r.Safety = s.safety(s.counts, s.touched, r.Units)
	for _, t := range s.touched {
		s.counts[t] = 0
	}
	s.touched = s.touched[:0]
	if r.Safety < s.cfg.MinSafety {
		r.Reason = Reason
	}
	return *r
}

// paragraph counts the matches of a paragraph and scores it.
func (s *Scorer) paragraph(start, end, units int) {
	r := &s.result
	s.inPart = s.inPart[:0]
	hits := 0
	for _, m := range s.matches {
		c := s.category[m.Term]
		if c < 0 && s.context[m.Term] == 0 {
			continue
		}
		if c >= 0 {
			r.Hits[c]++
			hits++
		}
		if s.counts[m.Term]++; s.counts[m.Term] == 1 {
			s.touched = append(s.touched, m.Term)
		}
		if s.part[m.Term]++; s.part[m.Term] == 1 {
			s.inPart = append(s.inPart, m.Term)
		}
	}
	p := Paragraph{start, end, s.safety(s.part, s.inPart, units)}
	for _, t := range s.inPart {
		s.part[t] = 0
	}
	if hits == 0 {
		return
	}
	r.Paragraphs = append(r.Paragraphs, p)
	r.Worst = min(r.Worst, p.Safety)
}

// maxContext bounds how much context counts.
const maxContext = 6

// safety is the formula of the package comment. Terms are added in the order in
// which they were met first, so the sum has one value.
func (s *Scorer) safety(counts, terms []int32, units int) float64 {
	acts, subjects, context := 0.0, 0.0, 0.0
	for _, t := range terms {
		switch w := s.weights[t] * math.Log2(1+float64(counts[t])); {
		case s.context[t] > 0:
			context += s.context[t]
		case s.terms[t].Weight < 1:
			subjects += w
		default:
			acts += w
		}
	}
	context = min(context, maxContext)
	density := 1000 * (acts/(1+context/2) + subjects/(1+context)) / float64(max(units, s.cfg.MinUnits))
	return s.cfg.Half / (s.cfg.Half + density)
}
