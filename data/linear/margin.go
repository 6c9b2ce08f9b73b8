package linear

import "errors"

// Margins sums what the features of texts say for one of two labels. Sums of
// parts of a text add up, so that one pass over its sentences judges sentences,
// paragraphs and the whole. It is for one goroutine and does not allocate.
type Margins struct {
	m     *Model
	split splitter
	rows  []byte     // codes
	value [256]int64 // of the codes, in units of 2^-20: sums are exact, whatever the order
	words int
	open  []uint64 // hashes of the runs of tokens that go on
}

// Margins returns a summer for a label of a model that [Model.Quantize] made.
func (m *Model) Margins(label int) (*Margins, error) {
	q, ok := m.input.(*quantised)
	out, dense := m.output.(*dense)
	if !ok || !dense || m.args.Dim != 1 || m.args.Loss != lossSoftmax || m.dict.labels != 2 || q.norms != nil || m.args.MaxN > 0 || m.pruned != nil {
		return nil, errors.New("linear: margins: not a quantised model of two labels without characters")
	}
	s := &Margins{m: m, rows: q.codes, words: m.dict.words, open: make([]uint64, max(0, int(m.args.WordNgrams)-1))}
	scale := out.row(label)[0] - out.row(1 - label)[0]
	for i := range s.value {
		s.value[i] = int64(float64(float32(q.parts.centroids[i]*scale)) * (1 << 20))
	}
	return s, nil
}

// Sum returns the sum over the features of text, without the token that ends
// texts, and the number of tokens. The mean over all features is the logarithm of
// the odds that a [Scorer] gives; a token has up to word_ngrams features.
func (s *Margins) Sum(text string) (sum float64, tokens int) {
	n, bucket := 0, uint64(s.m.args.Bucket)
	var total int64
	for s.split.start(s.m.mode, text); s.split.next(); n++ {
		id := s.m.dict.find(s.split.token, s.split.hash)
		if id >= 0 && int(id) < s.words {
			total += s.value[s.rows[id]]
		}
		next := uint64(int64(int32(s.split.hash)))
		for k := min(n, len(s.open)) - 1; k >= 0; k-- {
			h := s.open[k]*116049371 + next
			total += s.value[s.rows[s.words+int(h%bucket)]]
			if k+1 < len(s.open) {
				s.open[k+1] = h
			}
		}
		if len(s.open) > 0 {
			s.open[0] = next
		}
	}
	s.split.text = ""
	return float64(total) / (1 << 20), n
}
