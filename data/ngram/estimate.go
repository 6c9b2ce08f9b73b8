package ngram

import (
	"context"
	"errors"
	"math"
)

// Report says what a model was made of.
type Report struct {
	Collected
	UnknownTokens  int64      `json:"unknown_tokens"`  // tokens of training documents that are <unk>
	DistinctWords  int        `json:"distinct_words"`  // in training documents
	NGrams         []int64    `json:"ngrams"`          // in the model, by order; words with the reserved ones
	Pruned         []int64    `json:"pruned"`          // left out, by order
	Discounts      []Discount `json:"discounts"`       // by order
	FallbackOrders []int      `json:"fallback_orders"` // orders whose discounts are the fallback's
	TempBytes      int64      `json:"temp_bytes"`      // written to temporary files; 0 in the model file
}

// Estimate ends the collecting and makes the model. It is called once, and the
// model must be closed before the trainer.
func (t *Trainer) Estimate(ctx context.Context) (*Built, error) {
	rep := Report{}
	for _, w := range t.workers {
		rep.Documents += w.stats.Documents
		rep.HeldOutDocuments += w.stats.HeldOutDocuments
		rep.Sentences += w.stats.Sentences
		rep.Tokens += w.stats.Tokens
		rep.Bytes += w.stats.Bytes
	}
	if rep.Documents == 0 {
		return nil, errors.New("ngram: estimate: no training text; give documents that are not empty, or lower held_out")
	}
	v, ids := t.mergeWords()
	for _, w := range t.workers {
		w.ids, w.words = nil, nil // the largest part of a worker's memory
	}
	c, err := t.count(ctx, v, ids)
	if err != nil {
		return nil, err
	}
	rep.UnknownTokens, rep.DistinctWords = c.unknown, v.distinct
	if rep.Discounts, rep.FallbackOrders, err = t.discounts(c); err != nil {
		return nil, err
	}
	for i, s := range c.stats {
		if i == 0 {
			s.kept = int64(len(v.words))
		}
		rep.NGrams, rep.Pruned = append(rep.NGrams, s.kept), append(rep.Pruned, s.pruned)
	}
	j, err := newJoiner(t.scratch, t.cfg.Order)
	if err != nil {
		return nil, err
	}
	e := &estimator{t: t, joiner: j, discounts: rep.Discounts}
	if err := e.unigrams(c); err != nil {
		return nil, err
	}
	for n := 2; n <= t.cfg.Order; n++ {
		if err := e.order(ctx, n, c.grams[n-1]); err != nil {
			return nil, err
		}
	}
	grams, err := j.finish(logarithm)
	if err != nil {
		return nil, err
	}
	rep.TempBytes = t.scratch.bytes.Load()
	b, err := t.build(v.words, grams, rep)
	if err != nil {
		return nil, err
	}
	if err := t.holdOut(ctx, b, ids); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// holdOut scores the documents that were held out.
func (t *Trainer) holdOut(ctx context.Context, b *Built, ids [][]uint32) error {
	s, err := b.model.NewScorer(t.enc)
	if err != nil {
		return err
	}
	for i, w := range t.workers {
		var r Result
		err := w.sentences(ctx, w.heldOut, func(sentence []uint32, last bool) error {
			for k, id := range sentence {
				sentence[k] = ids[i][id]
			}
			s.sentence(sentence, &r)
			if last {
				b.heldOut = append(b.heldOut, r.perplexity())
				r = Result{}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// estimator turns adjusted counts into interpolated probabilities, one order
// after the other.
type estimator struct {
	t         *Trainer
	joiner    *joiner
	discounts []Discount
}

// unigrams interpolates the words' own probabilities with the uniform one over
// all words but <s>, so that <unk> has some even if the text has none.
func (e *estimator) unigrams(c *counted) error {
	var total uint64
	var reserve float64 // what discounting takes
	d := &e.discounts[0]
	for _, n := range c.unigrams {
		total += n
		reserve += d.of(n)
	}
	uniform := reserve / float64(total) / float64(len(c.unigrams)-1)
	for w, n := range c.unigrams {
		p := (float64(n)-d.of(n))/float64(total) + uniform
		if w == bosID {
			p = 1 // never predicted; ARPA files have 0 for its logarithm
		}
		r := record{a: math.Float64bits(p)}
		r.key.set(0, uint32(w))
		if err := e.joiner.lower.add(&r); err != nil {
			return err
		}
	}
	return nil
}

// order estimates the n-grams of order n from their adjusted counts:
//
//	p(w|c) = (a(cw) - D(a(cw)))/a(c·) + γ(c) p(w|c')
//	γ(c)   = (Σ D(a(cw)) over what is kept + Σ a(cw) over what is pruned)/a(c·)
//
// where c' is c without its first word and a(c·) sums over all words (Heafield
// et al. 2013, section 3; pruning as KenLM does it).
func (e *estimator) order(ctx context.Context, n int, adjusted *spool) error {
	t := e.t
	byContext := newSorter(t.scratch, codec{words: n}, t.cfg.MemoryBytes, false)
	all, err := adjusted.stream()
	if err != nil {
		return err
	}
	err = each(all, func(r *record) error {
		r.key = r.key.rotated(n)
		return byContext.add(r)
	})
	if err != nil {
		return err
	}
	if err := adjusted.file.drop(); err != nil {
		return err
	}
	src, err := byContext.stream()
	if err != nil {
		return err
	}
	backoffs, err := t.scratch.spool(codec{words: n - 1, fixed: true})
	if err != nil {
		return err
	}
	bySuffix := newSorter(t.scratch, codec{words: n, fixed: true}, t.cfg.MemoryBytes, false)
	g := &group{n: n, discount: &e.discounts[n-1], grams: bySuffix, backoffs: backoffs}
	err = each(src, func(r *record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return g.add(r)
	})
	if err == nil {
		err = g.flush()
	}
	if err != nil {
		return err
	}
	upper, err := bySuffix.stream()
	if err != nil {
		return err
	}
	return e.joiner.join(n, upper, backoffs, interpolate, logarithm)
}

// interpolate makes the probability of an n-gram from its own share and weight
// and from the probability of the n-gram one shorter.
func interpolate(upper, lower *record) {
	p := math.Float64frombits(upper.a) + math.Float64frombits(upper.b)*math.Float64frombits(lower.a)
	upper.a, upper.b = math.Float64bits(p), 0
}

// logarithm makes what a model stores of a probability and a backoff weight,
// the weight being 0 where there is none.
func logarithm(lower *record, backoff uint64) (prob, weight float32) {
	p, g := math.Log10(math.Float64frombits(lower.a)), 0.0
	if backoff != 0 {
		g = math.Log10(math.Float64frombits(backoff))
	}
	return float32(max(min(p, 0), leastLog)), float32(g)
}

// leastLog stands for the logarithm of 0, which discounts of 0 can bring about.
const leastLog = -99

// group gathers the n-grams of one context.
type group struct {
	n        int
	discount *Discount
	recs     []record
	context  key
	grams    *sorter // a is the n-gram's own share of probability, b the weight of the order below
	backoffs *spool  // a is the weight
}

func (g *group) add(r *record) error {
	if c := r.key.first(g.n - 1); len(g.recs) > 0 && c != g.context {
		if err := g.flush(); err != nil {
			return err
		}
	}
	if len(g.recs) == 0 {
		g.context = r.key.first(g.n - 1)
	}
	g.recs = append(g.recs, *r)
	return nil
}

func (g *group) flush() error {
	var total, pruned uint64
	var kinds [4]int64 // n-grams kept by min(count, 3)
	for i := range g.recs {
		a := g.recs[i].a
		if total += a; g.recs[i].b != 0 {
			pruned += a
			continue
		}
		kinds[min(a, 3)]++
	}
	recs := g.recs
	g.recs = g.recs[:0]
	if kinds == [4]int64{} {
		return nil // no context any more
	}
	reserve := float64(pruned)
	for i := 1; i <= 3; i++ {
		reserve += g.discount[i-1] * float64(kinds[i])
	}
	gamma := math.Float64bits(max(reserve/float64(total), 1e-99))
	for i := range recs {
		if r := &recs[i]; r.b == 0 {
			own := (float64(r.a) - g.discount.of(r.a)) / float64(total)
			err := g.grams.add(&record{key: r.key.unrotated(g.n), a: math.Float64bits(own), b: gamma})
			if err != nil {
				return err
			}
		}
	}
	return g.backoffs.add(&record{key: g.context, a: gamma})
}
