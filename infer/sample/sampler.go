package sample

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// Sampler chooses tokens. It is used by one goroutine; after the first call it
// allocates no memory as long as the vocabulary does not grow.
type Sampler struct {
	opts    Options
	rng     *rand.PCG
	scores  []float32 // logits after the rules so far, [vocabulary]
	ids     []int32   // candidates
	weights []float64 // of the candidates, not normalised
	top     []float32 // heap of the k largest scores
}

// New returns a Sampler with a generator seeded from the options.
func New(opts Options) (*Sampler, error) {
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	return &Sampler{opts: opts, rng: rand.NewPCG(opts.Seed, 0x6875696861690001)}, nil
}

// Next returns the token that follows history, the prompt and the output so
// far. logits has one value per token of the vocabulary and is not changed.
// A logit that is NaN or +Inf, no logit above -Inf, and a token of history
// outside the vocabulary are errors.
func (s *Sampler) Next(logits []float32, history []int32) (int32, error) {
	if err := s.penalise(logits, history); err != nil {
		return 0, fmt.Errorf("sample: %w", err)
	}
	best, err := argmax(s.scores)
	if err != nil {
		return 0, fmt.Errorf("sample: %w", err)
	}
	if s.opts.Greedy {
		return best, nil
	}
	total := s.candidates(best)
	return s.draw(total), nil
}

// penalise copies logits to s.scores and divides those of tokens in history by
// the penalty, or multiplies where negative: Keskar et al. 2019 (CTRL), with
// the sign rule of Hugging Face. Each distinct token is penalised once.
func (s *Sampler) penalise(logits []float32, history []int32) error {
	s.scores = append(s.scores[:0], logits...)
	penalty := float32(s.opts.RepetitionPenalty)
	if penalty == 1 {
		return nil
	}
	for i, id := range history {
		if id < 0 || int(id) >= len(logits) {
			return fmt.Errorf("token %d of the history is %d, outside the vocabulary of %d", i, id, len(logits))
		}
		// Reading the raw logit makes a second visit change nothing.
		if v := logits[id]; v < 0 {
			s.scores[id] = v * penalty
		} else {
			s.scores[id] = v / penalty
		}
	}
	return nil
}

// argmax returns the first largest score.
func argmax(scores []float32) (int32, error) {
	best, at := float32(math.Inf(-1)), -1
	for i, v := range scores {
		if v != v || v > math.MaxFloat32 {
			return 0, fmt.Errorf("the logit of token %d is %v; the model's output is not finite", i, v)
		}
		if v > best {
			best, at = v, i
		}
	}
	if at < 0 {
		return 0, errors.New("no token has a logit above -Inf")
	}
	return int32(at), nil
}

// candidates applies temperature, top-k and top-p. It fills s.ids and s.weights
// and returns the sum of the weights. best is the token of the largest score.
func (s *Sampler) candidates(best int32) (total float64) {
	temperature := float32(s.opts.Temperature)
	for i, v := range s.scores {
		s.scores[i] = v / temperature
	}
	floor := float32(-math.MaxFloat32)
	if k := s.opts.TopK; k > 0 && k < len(s.scores) {
		floor = max(floor, s.kthLargest(k))
	}
	largest := float64(s.scores[best])
	s.ids, s.weights = s.ids[:0], s.weights[:0]
	if math.IsInf(largest, 0) {
		// Dividing by a tiny temperature overflowed: the largest alone is left,
		// as in the limit.
		s.ids, s.weights = append(s.ids, best), append(s.weights, 1)
		return 1
	}
	for i, v := range s.scores {
		if v < floor {
			continue
		}
		w := math.Exp(float64(v) - largest)
		s.ids = append(s.ids, int32(i))
		s.weights = append(s.weights, w)
		total += w
	}
	if p := s.opts.TopP; p < 1 {
		total = s.nucleus(p * total)
	}
	return total
}

// kthLargest returns the k-th largest score, 0 < k <= len(scores).
func (s *Sampler) kthLargest(k int) float32 {
	s.top = append(s.top[:0], s.scores[:k]...)
	for i := k/2 - 1; i >= 0; i-- {
		siftDownMin(s.top, i)
	}
	for _, v := range s.scores[k:] {
		if v > s.top[0] {
			s.top[0] = v
			siftDownMin(s.top, 0)
		}
	}
	return s.top[0]
}

func siftDownMin(h []float32, i int) {
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && h[c+1] < h[c] {
			c++
		}
		if h[i] <= h[c] {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

// nucleus keeps the most likely candidates until their weights reach mass: a
// token stays when those above it have less. Hugging Face sorts upwards and
// drops while the sum is at most 1-p, which is the same rule; among equals the
// higher id stays. It returns the sum of the weights kept. (Holtzman et al.
// 2020.)
func (s *Sampler) nucleus(mass float64) (kept float64) {
	// Only the few that stay are put in order: a heap gives them up one by one
	// and each goes to the end of the shrinking heap.
	n := len(s.ids)
	for i := n/2 - 1; i >= 0; i-- {
		s.siftDown(i, n)
	}
	for n > 0 && (kept < mass || n == len(s.ids)) {
		kept += s.weights[0]
		n--
		s.swap(0, n)
		s.siftDown(0, n)
	}
	// Moving them to the front keeps the slices' capacity for the next token.
	s.ids = s.ids[:copy(s.ids, s.ids[n:])]
	s.weights = s.weights[:copy(s.weights, s.weights[n:])]
	return kept
}

// above is the order of the heap: by score, then by id, both falling.
func (s *Sampler) above(i, j int) bool {
	a, b := s.scores[s.ids[i]], s.scores[s.ids[j]]
	return a > b || a == b && s.ids[i] > s.ids[j]
}

func (s *Sampler) swap(i, j int) {
	s.ids[i], s.ids[j] = s.ids[j], s.ids[i]
	s.weights[i], s.weights[j] = s.weights[j], s.weights[i]
}

func (s *Sampler) siftDown(i, n int) {
	for {
		c := 2*i + 1
		if c >= n {
			return
		}
		if c+1 < n && s.above(c+1, c) {
			c++
		}
		if !s.above(c, i) {
			return
		}
		s.swap(i, c)
		i = c
	}
}

// draw picks a candidate with probability weight/total.
func (s *Sampler) draw(total float64) int32 {
	u := float64(s.rng.Uint64()>>11) * 0x1p-53 * total // uniform in [0, total)
	last := 0
	for i, w := range s.weights {
		if w == 0 {
			continue
		}
		if u < w {
			return s.ids[i]
		}
		u -= w
		last = i
	}
	return s.ids[last] // rounding: the sum came out a little short
}
