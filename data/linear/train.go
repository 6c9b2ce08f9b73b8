package linear

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"huihai/internal/rng"
	"huihai/kernels"
)

// Trainer takes labelled documents and makes a model of them. It keeps four
// bytes for each token and each different word once, not the texts.
type Trainer struct {
	cfg    Config
	split  splitter
	words  dictionary // all words as they come; no labels
	hashes []uint32   // of the words
	labels dictionary // with prefix
	tokens []uint32   // of all documents, numbers in words
	docs   []document
	report Report
}

// document is a document of the trainer: tokens[start:end of the next].
type document struct {
	start  int
	labels []int32
}

// Report says what a training used and came to.
type Report struct {
	Documents int64            `json:"documents"`
	NoTokens  int64            `json:"no_tokens"` // documents left out, since they have no token
	Tokens    int64            `json:"tokens"`    // with the one that ends each document
	Words     int              `json:"words"`     // kept in the dictionary
	RareWords int              `json:"rare_words"`
	Labels    map[string]int64 `json:"labels"` // documents of each
	// Loss is the mean loss of each epoch in nats, as it was while training.
	Loss []float64 `json:"loss"`
}

// NewTrainer returns an empty trainer, or the mistakes of a configuration.
func NewTrainer(cfg Config) (*Trainer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("linear: the configuration of the classifier: %w", err)
	}
	return &Trainer{cfg: cfg, report: Report{Labels: map[string]int64{}}}, nil
}

// Add adds a document. Labels are names without white space; softmax aims at all
// of them equally.
func (t *Trainer) Add(text string, labels ...string) error {
	if len(labels) == 0 {
		return errors.New("linear: add a document: it has no label; give it one or leave it out")
	}
	for _, l := range labels {
		if l == "" || strings.ContainsFunc(l, func(r rune) bool { return unicode.IsSpace(r) || r == 0 }) {
			return fmt.Errorf("linear: add a document: label %.60q is empty or has white space, which fastText's format cannot hold; name it otherwise", l)
		}
	}
	start := len(t.tokens)
	for t.split.start(t.cfg.Tokens, text); t.split.next(); {
		// Scoring ends there, and takes no label as a word.
		if string(t.split.token) == eos {
			break
		}
		if !strings.HasPrefix(string(t.split.token), labelPrefix) {
			t.token(t.split.token, t.split.hash)
		}
	}
	t.split.text = ""
	if len(t.tokens) == start {
		t.report.NoTokens++
		return nil
	}
	t.token([]byte(eos), hashToken(eos))
	doc := document{start: start}
	for _, l := range labels {
		name := labelPrefix + strings.TrimPrefix(l, labelPrefix)
		id := t.labels.count([]byte(name), hashToken(name))
		if !slices.Contains(doc.labels, id) {
			doc.labels = append(doc.labels, id)
			t.report.Labels[name[len(labelPrefix):]]++
		}
	}
	t.docs = append(t.docs, doc)
	t.report.Documents++
	return nil
}

func (t *Trainer) token(token []byte, hash uint32) {
	id := t.words.count(token, hash)
	if int(id) == len(t.hashes) {
		t.hashes = append(t.hashes, hash)
	}
	t.tokens = append(t.tokens, uint32(id))
}

// count counts a token once more and returns its number.
func (d *dictionary) count(token []byte, hash uint32) int32 {
	id := d.find(token, hash)
	if id < 0 {
		id = d.add(token, hash, 0)
	}
	d.counts[id]++
	return id
}

// Train makes the model. The trainer cannot be used afterwards.
func (t *Trainer) Train(ctx context.Context) (*Model, Report, error) {
	if t.labels.len() < 2 {
		return nil, t.report, fmt.Errorf("linear: train: the documents have %d different labels (%s); at least two are needed: add documents of another label", t.labels.len(), strings.Join(slices.Sorted(maps.Keys(t.report.Labels)), ", "))
	}
	m, wordIDs, labelIDs := t.model()
	if rows := int64(m.dict.words) + int64(t.cfg.Bucket); rows*int64(t.cfg.Dim) > maxValues {
		return nil, t.report, fmt.Errorf("linear: train: %d rows of dim %d are more than %d values; lower dim or bucket, or raise min_count", rows, t.cfg.Dim, int64(maxValues))
	}
	input := &dense{t.cfg.Dim, make([]float32, (m.dict.words+t.cfg.Bucket)*t.cfg.Dim)}
	output := &dense{t.cfg.Dim, make([]float32, m.dict.labels*t.cfg.Dim)}
	m.input, m.output = input, output
	fillUniform(input.data, t.cfg.Seed, 1/float32(t.cfg.Dim))
	m.finish()
	s := &descent{
		trainer: t, wordIDs: wordIDs, labelIDs: labelIDs, input: input, output: output, feat: m.features(),
		hidden: make([]float32, t.cfg.Dim), grad: make([]float32, t.cfg.Dim), probs: make([]float32, m.dict.labels), aims: make([]float32, m.dict.labels),
		total: float64(len(t.tokens)) * float64(t.cfg.Epoch),
	}
	for epoch := range t.cfg.Epoch {
		loss, err := s.epoch(ctx, epoch)
		if err != nil {
			return nil, t.report, err
		}
		t.report.Loss = append(t.report.Loss, loss)
	}
	if t.cfg.KnownOnly {
		s.forget()
	}
	return m, t.report, nil
}

// maxValues bounds the input matrix to 64 GB.
const maxValues = 1 << 34

// model makes the dictionary, the most frequent first, and the numbers in it of
// the trainer's words (-1: too rare) and labels.
func (t *Trainer) model() (m *Model, wordIDs, labelIDs []int32) {
	c := t.cfg
	m = &Model{mode: c.Tokens, tokens: int64(len(t.tokens)), args: args{
		Dim: int32(c.Dim), Ws: 5, Epoch: int32(c.Epoch), MinCount: int32(c.MinCount), Neg: 5, WordNgrams: int32(c.WordNgrams),
		Loss: lossSoftmax, Model: supervised, Bucket: int32(c.Bucket), MinN: int32(c.MinN), MaxN: int32(c.MaxN), LRUpdateRate: 100, T: 1e-4,
	}}
	if c.Loss == OneVsAll {
		m.args.Loss = lossOneVsAll
	}
	wordIDs = m.dict.take(&t.words, int64(c.MinCount))
	m.dict.words = m.dict.len()
	labelIDs = m.dict.take(&t.labels, 0)
	m.dict.labels = m.dict.len() - m.dict.words
	t.report.Tokens, t.report.Words, t.report.RareWords = m.tokens, m.dict.words, t.words.len()-m.dict.words
	return m, wordIDs, labelIDs
}

func (d *dictionary) len() int { return len(d.ends) }

// take appends the entries of src that occur at least least times, the most
// frequent first, the first seen first among equals. It returns the new number
// of each, or -1.
func (d *dictionary) take(src *dictionary, least int64) []int32 {
	order, ids := make([]int32, src.len()), make([]int32, src.len())
	for i := range order {
		order[i], ids[i] = int32(i), -1
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(src.counts[b], src.counts[a]) })
	for _, id := range order {
		if src.counts[id] < least {
			break
		}
		text := src.entry(int(id))
		ids[id] = d.add(text, hashToken(string(text)), src.counts[id])
	}
	return ids
}

// fillUniform draws x from [-bound, bound), two values from each draw.
func fillUniform(x []float32, seed uint64, bound float32) {
	s := rng.New(seed, "linear/input")
	for i := 0; i < len(x); i += 2 {
		u := s.Uint64()
		x[i] = float32((float32(u>>40)/(1<<23) - 1) * bound)
		if i+1 < len(x) {
			x[i+1] = float32((float32(u<<32>>40)/(1<<23) - 1) * bound)
		}
	}
}

// descent is a running training.
type descent struct {
	trainer           *Trainer
	wordIDs, labelIDs []int32
	input, output     *dense
	feat              features
	hidden, grad      []float32
	probs, aims       []float32 // by label
	done, total       float64   // tokens
}

// epoch uses every document once and returns the mean loss.
func (s *descent) epoch(ctx context.Context, epoch int) (float64, error) {
	t, sum := s.trainer, 0.0
	for i, n := range rng.New(t.cfg.Seed, fmt.Sprintf("linear/order/%d", epoch)).Perm(len(t.docs)) {
		if i%256 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		end := len(t.tokens)
		if n+1 < len(t.docs) {
			end = t.docs[n+1].start
		}
		lr := float32(t.cfg.LR * (1 - s.done/s.total))
		sum += float64(s.step(t.tokens[t.docs[n].start:end], t.docs[n].labels, lr))
		s.done += float64(end - t.docs[n].start)
	}
	mean := sum / float64(len(t.docs))
	if mean != mean {
		return 0, fmt.Errorf("linear: train: the loss is no number in epoch %d; the learning rate %g is too high for these documents: lower lr", epoch+1, t.cfg.LR)
	}
	return mean, nil
}

// forget zeroes the rows that no document uses.
func (s *descent) forget() {
	t := s.trainer
	used := make([]bool, s.input.rows())
	for n, d := range t.docs {
		end := len(t.tokens)
		if n+1 < len(t.docs) {
			end = t.docs[n+1].start
		}
		for _, id := range s.rows(t.tokens[d.start:end]) {
			used[id] = true
		}
	}
	for i, ok := range used {
		if !ok {
			clear(s.input.row(i))
		}
	}
}

// step moves the vectors of one document and returns its loss.
func (s *descent) step(tokens []uint32, labels []int32, lr float32) (loss float32) {
	ids := s.rows(tokens)
	if len(ids) == 0 {
		return 0 // only rare words and no n-grams
	}
	clear(s.hidden)
	clear(s.grad)
	s.input.addRows(s.hidden, ids)
	share := float32(1 / float64(len(ids)))
	scale(s.hidden, share)
	loss = s.outputs(labels)
	for i, aim := range s.aims {
		a := lr * (aim - s.probs[i])
		addScaled(s.grad, a, s.output.row(i))
		addScaled(s.output.row(i), a, s.hidden)
	}
	scale(s.grad, share)
	for _, id := range ids {
		add(s.input.row(int(id)), s.grad)
	}
	return loss
}

// rows returns the rows of a document; they are valid until the next call.
func (s *descent) rows(tokens []uint32) []int32 {
	s.feat.reset()
	for _, w := range tokens {
		s.feat.token(s.wordIDs[w], s.trainer.words.entry(int(w)), s.trainer.hashes[w])
	}
	s.feat.ngrams(math.MaxInt)
	return s.feat.ids
}

// outputs sets the probabilities and what they should be, and returns the loss:
// the cross-entropy of softmax, or the sum of those of all labels.
func (s *descent) outputs(labels []int32) (loss float32) {
	softly := s.trainer.cfg.Loss == Softmax
	clear(s.aims)
	for _, l := range labels {
		s.aims[s.labelIDs[l]-int32(s.feat.words)] = 1
		if softly {
			s.aims[s.labelIDs[l]-int32(s.feat.words)] = 1 / float32(len(labels))
		}
	}
	for i := range s.probs {
		s.probs[i] = s.output.dot(s.hidden, i)
	}
	if softly {
		softmax(s.probs)
	}
	const tiny = 1e-30 // bounds the loss of one document
	for i, aim := range s.aims {
		if !softly {
			s.probs[i] = kernels.Sigmoid32(s.probs[i])
			loss -= float32((1 - aim) * kernels.Log32(max(tiny, 1-s.probs[i])))
		}
		if aim > 0 || s.probs[i] != s.probs[i] {
			loss -= float32(aim * kernels.Log32(max(tiny, s.probs[i])))
		}
	}
	return loss
}
