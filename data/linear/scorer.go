package linear

import (
	"slices"

	"huihai/kernels"
)

// guard is what fastText adds to a probability before taking its logarithm.
const guard = 1e-5

// Prediction is a label with its probability.
type Prediction struct {
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
}

// Scorer puts texts to a model. It is for one goroutine; after the first few
// texts it does not allocate.
type Scorer struct {
	m      *Model
	split  splitter
	feat   features
	hidden []float32
	output []float32 // probabilities of labels, without guard
	path   []int32
	best   []ranked
}

type ranked struct {
	label int32
	p     float32
}

// NewScorer returns a scorer for one goroutine.
func (m *Model) NewScorer() *Scorer {
	s := &Scorer{m: m, hidden: make([]float32, m.args.Dim), feat: m.features()}
	if m.tree == nil {
		s.output = make([]float32, m.dict.labels)
	}
	return s
}

func (m *Model) features() features {
	f := features{
		dict: &m.dict, wordNgrams: int(m.args.WordNgrams), minn: int(m.args.MinN), maxn: int(m.args.MaxN),
		bucket: uint64(max(1, m.args.Bucket)), pruned: m.pruned,
	}
	if m.pruned != nil && m.pruned.n == 0 {
		f.wordNgrams, f.maxn = 1, 0 // no hash was kept
	}
	return f
}

// Score returns the probability of a label (see [Model.Label]) for a text: a
// number from 1e-5 to 1.00001, 0 for a text without any feature. It is the
// number that [Scorer.Predict] gives.
func (s *Scorer) Score(text string, label int) float32 {
	if !s.embed(text) {
		return 0
	}
	if t := s.m.tree; t != nil {
		return float32(s.walk(t, label))
	}
	s.outputs()
	return s.output[label] + guard
}

// Predict appends to dst the k most probable labels (k < 1: all) whose
// probability is at least threshold, the most probable first. A text without
// any feature has none. Equal probabilities stand in the order of the labels.
func (s *Scorer) Predict(text string, k int, threshold float32, dst []Prediction) []Prediction {
	if !s.embed(text) {
		return dst
	}
	if n := len(s.m.names); k < 1 || k > n {
		k = n
	}
	s.best = s.best[:0]
	if t := s.m.tree; t != nil {
		s.descend(t, 2*t.labels-2, 1, k, float64(threshold)+guard)
	} else {
		s.outputs()
		for i, p := range s.output {
			if p >= threshold {
				s.rank(int32(i), p+guard, k)
			}
		}
	}
	for _, r := range s.best {
		dst = append(dst, Prediction{s.m.names[r.label], r.p})
	}
	return dst
}

// rank keeps the k best in order.
func (s *Scorer) rank(label int32, p float32, k int) {
	at := len(s.best)
	for at > 0 && (s.best[at-1].p < p || s.best[at-1].p == p && s.best[at-1].label > label) {
		at--
	}
	if at == k {
		return
	}
	if len(s.best) == k {
		s.best = s.best[:k-1]
	}
	s.best = slices.Insert(s.best, at, ranked{label, p})
}

// embed makes the hidden vector and tells whether the text has any feature.
// Rows are added in pieces, so that memory holds one number per token only.
func (s *Scorer) embed(text string) bool {
	const piece = 1024
	f, n := &s.feat, 0
	f.reset()
	clear(s.hidden)
	flush := func() {
		s.m.input.addRows(s.hidden, f.ids)
		n += len(f.ids)
		f.ids = f.ids[:0]
	}
	ended := false
	for s.split.start(s.m.mode, text); !ended && s.split.next(); {
		f.token(s.m.dict.find(s.split.token, s.split.hash), s.split.token, s.split.hash)
		if ended = string(s.split.token) == eos; len(f.ids) >= piece {
			flush()
		}
	}
	s.split.text = "" // do not keep the caller's text alive
	if !ended {
		s.split.token, s.split.hash = append(s.split.token[:0], eos...), hashToken(eos)
		f.token(s.m.dict.find(s.split.token, s.split.hash), s.split.token, s.split.hash)
	}
	for f.ngrams(piece) {
		flush()
	}
	flush()
	if n == 0 {
		return false
	}
	scale(s.hidden, float32(1/float64(n)))
	return true
}

// outputs makes the probabilities of all labels.
func (s *Scorer) outputs() {
	for i := range s.output {
		s.output[i] = s.m.output.dot(s.hidden, i)
	}
	if s.m.args.Loss == lossSoftmax {
		softmax(s.output)
		return
	}
	for i, x := range s.output {
		s.output[i] = sigmoid(x)
	}
}

// softmax turns logits into probabilities in place.
func softmax(x []float32) {
	top, sum := slices.Max(x), float32(0)
	for i, v := range x {
		x[i] = kernels.Exp32(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

const (
	sigmoidSteps = 512
	sigmoidEnd   = 8
)

var sigmoidTable = func() (t [sigmoidSteps + 1]float32) {
	for i := range t {
		x := float32(i*2*sigmoidEnd)/sigmoidSteps - sigmoidEnd
		t[i] = float32(1 / (1 + float64(kernels.Exp32(-x))))
	}
	return t
}()

// sigmoid is fastText's, from a table.
func sigmoid(x float32) float32 {
	switch {
	case x < -sigmoidEnd:
		return 0
	case x > sigmoidEnd:
		return 1
	case x != x:
		return x
	}
	return sigmoidTable[int((x+sigmoidEnd)*sigmoidSteps/sigmoidEnd/2)]
}

// node returns the probabilities of the left and right child of an inner node.
func (s *Scorer) node(inner int) (left, right float64) {
	f := kernels.Sigmoid32(s.m.output.dot(s.hidden, inner))
	return float64(1-f) + guard, float64(f) + guard
}

// descend ranks the labels below a node whose probability can be among the k
// best.
func (s *Scorer) descend(t *tree, node int, p float64, k int, least float64) {
	if p < least || len(s.best) == k && float32(p) < s.best[k-1].p {
		return
	}
	if node < t.labels {
		s.rank(int32(node), float32(p), k)
		return
	}
	left, right := s.node(node - t.labels)
	s.descend(t, int(t.left[node-t.labels]), p*left, k, least)
	s.descend(t, int(t.right[node-t.labels]), p*right, k, least)
}

// walk returns the probability of one label, multiplied from the root down as
// descend does.
func (s *Scorer) walk(t *tree, label int) float64 {
	s.path = s.path[:0]
	for n := int32(label); n >= 0; n = t.parent[n] {
		s.path = append(s.path, n)
	}
	p := 1.0
	for i := len(s.path) - 1; i > 0; i-- {
		inner := s.path[i] - int32(t.labels)
		left, right := s.node(int(inner))
		if t.right[inner] == s.path[i-1] {
			p *= right
		} else {
			p *= left
		}
	}
	return p
}
