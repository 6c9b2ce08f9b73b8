package ngram

import (
	"fmt"
	"math"
)

// Result is what a model says of a text.
type Result struct {
	Tokens    int64   `json:"tokens"`    // units, without the ends of sentences
	Unknown   int64   `json:"unknown"`   // of them, those the model does not know
	Sentences int64   `json:"sentences"` // lines with at least one unit
	Log10     float64 `json:"log10"`     // of the probability, ends of sentences included
	// Perplexity is 10^(-Log10/(Tokens+Sentences)), 0 of a text without units.
	Perplexity float64 `json:"perplexity"`
	// Score is 1 less the share of the held-out documents of lower perplexity:
	// from 0 for texts unlike the model's to 1. It is -1 when the text has no
	// units or the model no quantiles.
	Score float64 `json:"score"`
}

func (r *Result) perplexity() float64 {
	if r.Tokens == 0 {
		return 0
	}
	return math.Pow(10, -r.Log10/float64(r.Tokens+r.Sentences))
}

// Token is what a model says of one unit in its place.
type Token struct {
	Log10   float32 // of the probability
	Length  int     // of the longest n-gram of the model that ends here
	Unknown bool
}

// Scorer scores texts one after the other; it is for one goroutine.
type Scorer struct {
	m      *Model
	enc    Encoder
	ids    []uint32 // of the encoder's pieces
	split  splitter
	pieces []int32
	line   []uint32
	each   func(Token) // nil unless somebody looks at the tokens
	state  state
}

// state is the words before, the nearest first, as far as they can be part of
// an n-gram of the model, with the backoffs of the n-grams that they form.
type state struct {
	n       int
	words   [MaxOrder]uint32
	backoff [MaxOrder]float32
}

// NewScorer returns a scorer. enc is the tokenizer of a model of pieces, and nil
// for other models.
func (m *Model) NewScorer(enc Encoder) (*Scorer, error) {
	h := m.head
	if err := checkEncoder(h.Units, enc); err != nil {
		return nil, err
	}
	s := &Scorer{m: m, enc: enc, split: splitter{fold: h.Fold, whitespace: h.Units == UnitsWhitespace}}
	if enc == nil {
		return s, nil
	}
	if f := enc.Fingerprint(); f != h.Encoder {
		return nil, fmt.Errorf("ngram: the model %s was made with the tokenizer of fingerprint %s, not with %s; give that one", m.file.Path(), h.Encoder, f)
	}
	err := m.file.Do(func([]byte) error {
		for id := range enc.VocabSize() {
			s.ids = append(s.ids, s.wordID([]byte(enc.Piece(int32(id)))))
		}
		return nil
	})
	return s, err
}

// wordID returns the id of a word of a text, in which <s> is no mark.
func (s *Scorer) wordID(word []byte) uint32 {
	if id := s.m.wordID(wordHash(word)); id >= firstWord {
		return id
	}
	return unkID
}

// Score scores a text, line by line as sentences. It fails only when the model
// file was changed or closed meanwhile.
func (s *Scorer) Score(text string) (Result, error) {
	var r Result
	err := s.m.file.Do(func([]byte) error {
		s.text(text, &r)
		return nil
	})
	r.Perplexity, r.Score = r.perplexity(), -1
	if r.Tokens > 0 && len(s.m.head.Quantiles) > 0 {
		r.Score = 1 - rank(s.m.head.Quantiles, r.Perplexity)
	}
	return r, err
}

// Tokens appends what the model says of each unit of a text, with one more for
// the end of each sentence.
func (s *Scorer) Tokens(dst []Token, text string) ([]Token, error) {
	s.each = func(t Token) { dst = append(dst, t) }
	_, err := s.Score(text)
	s.each = nil
	return dst, err
}

func (s *Scorer) text(text string, r *Result) {
	if s.enc != nil {
		for line := range lines(text) {
			s.pieces = s.enc.AppendEncodeUser(s.pieces[:0], line)
			s.line = s.line[:0]
			for _, p := range s.pieces {
				id := uint32(unkID)
				if p >= 0 && int(p) < len(s.ids) {
					id = s.ids[p]
				}
				s.line = append(s.line, id)
			}
			s.sentence(s.line, r)
		}
		return
	}
	s.split.reset(text)
	s.line = s.line[:0]
	for {
		switch s.split.next() {
		case aWord:
			s.line = append(s.line, s.wordID(s.split.word))
		case endLine:
			s.sentence(s.line, r)
			s.line = s.line[:0]
		default:
			s.sentence(s.line, r)
			return
		}
	}
}

// sentence scores the words of a sentence and its end.
func (s *Scorer) sentence(ids []uint32, r *Result) {
	if len(ids) == 0 {
		return
	}
	r.Sentences++
	r.Tokens += int64(len(ids))
	s.state = state{}
	if e := s.m.unigram(bosID); e.extendsRight() {
		s.state.n, s.state.words[0], s.state.backoff[0] = 1, bosID, e.backoff()
	}
	for _, id := range ids {
		if id == unkID {
			r.Unknown++
		}
		r.Log10 += float64(s.word(id))
	}
	r.Log10 += float64(s.word(eosID))
}

// word returns the logarithm of a word's probability after the state, which
// then has the word in it: that of the longest n-gram that the model has, plus
// the backoffs of the longer contexts.
func (s *Scorer) word(id uint32) float32 {
	m, st := s.m, &s.state
	e := m.unigram(id)
	prob, matched := e.prob(), 1
	var next state
	next.keep(e, 0)
	hash := hashFirst(id)
	for n := 2; n <= st.n+1 && e.extendsLeft(); n++ {
		hash = hashNext(hash, st.words[n-2])
		longer, ok := m.gram(n, hash)
		if !ok {
			break
		}
		e, matched = longer, n
		prob = e.prob()
		if n < m.head.Order {
			next.keep(e, n-1)
		}
	}
	for i := matched - 1; i < st.n; i++ {
		prob += st.backoff[i]
	}
	if s.each != nil {
		s.each(Token{prob, matched, id == unkID})
	}
	if next.n > 0 {
		next.words[0] = id
		copy(next.words[1:next.n], st.words[:])
	}
	*st = next
	return prob
}

// keep notes an n-gram of length at+1 if longer ones may begin with it.
func (st *state) keep(e entry, at int) {
	if st.backoff[at] = e.backoff(); e.extendsRight() {
		st.n = at + 1
	}
}
