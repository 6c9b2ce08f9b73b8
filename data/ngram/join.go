package ngram

import (
	"fmt"
	"math"
)

// entry is what a model stores of an n-gram, packed as in the file: the low
// half is the probability's base-10 logarithm without its sign, and in the place
// of the sign whether longer n-grams end in this one; the high half is the
// backoff's logarithm, -0 if no longer n-gram begins with this one.
type entry uint64

const signBit = 1 << 31

func newEntry(prob, backoff float32, extendsLeft, extendsRight bool) entry {
	low := math.Float32bits(prob) &^ signBit
	if extendsLeft {
		low |= signBit
	}
	high := uint32(signBit)
	if extendsRight || backoff != 0 {
		high = math.Float32bits(backoff + 0) // +0 for -0
	}
	return entry(uint64(high)<<32 | uint64(low))
}

// prob returns the base-10 logarithm of the probability, 0 or less.
func (e entry) prob() float32 { return -math.Float32frombits(uint32(e) &^ signBit) }

// backoff returns the base-10 logarithm of the backoff weight.
func (e entry) backoff() float32 { return math.Float32frombits(uint32(e >> 32)) }

func (e entry) extendsLeft() bool  { return uint32(e)&signBit != 0 }
func (e entry) extendsRight() bool { return uint32(e>>32) != signBit }

// joiner goes through the orders from the lowest up, in suffix order, with the
// n-grams of two neighbouring orders side by side: that is where probabilities
// are interpolated and where it shows which n-grams are part of longer ones.
type joiner struct {
	scratch *scratch
	lower   *spool   // the order last finished; a and b as the caller of join likes
	done    []*spool // n-grams as they are stored, of order n at n-1; a is the entry
	order   int
}

func newJoiner(s *scratch, order int) (*joiner, error) {
	lower, err := s.spool(codec{words: 1, fixed: true})
	return &joiner{scratch: s, order: order, lower: lower}, err
}

// join takes the n-grams of order n and the weights of their contexts, both in
// suffix order. raise changes an n-gram by the one that is one shorter; store
// makes the logarithms of an n-gram of order n-1 out of its record and weight,
// whose bits are 0 where there is none.
func (j *joiner) join(n int, grams stream, weights *spool, raise func(upper, lower *record),
	store func(lower *record, weight uint64) (prob, backoff float32)) error {
	upper, err := newCursor(grams)
	if err != nil {
		return err
	}
	src, err := weights.stream()
	if err != nil {
		return err
	}
	weight, err := newCursor(src)
	if err != nil {
		return err
	}
	lower, err := j.lower.stream()
	if err != nil {
		return err
	}
	done, err := j.scratch.spool(codec{words: n - 1, fixed: true})
	if err != nil {
		return err
	}
	next, err := j.scratch.spool(codec{words: n, fixed: true})
	if err != nil {
		return err
	}
	err = each(lower, func(low *record) error {
		left := false
		for upper.ok && upper.rec.key.first(n-1) == low.key {
			left = true
			raise(&upper.rec, low)
			if err := next.add(&upper.rec); err != nil {
				return err
			}
			if err := upper.advance(); err != nil {
				return err
			}
		}
		var w uint64
		right := weight.ok && weight.rec.key == low.key
		if right {
			w = weight.rec.a
			if err := weight.advance(); err != nil {
				return err
			}
		}
		prob, backoff := store(low, w)
		return done.add(&record{key: low.key, a: uint64(newEntry(prob, backoff, left, right))})
	})
	if err != nil {
		return err
	}
	if upper.ok {
		return &missingError{upper.rec.key.first(n - 1), n - 1}
	}
	if weight.ok {
		return &missingError{weight.rec.key, n - 1}
	}
	if err := weights.file.drop(); err != nil {
		return err
	}
	if err := j.lower.file.drop(); err != nil {
		return err
	}
	j.lower, j.done = next, append(j.done, done)
	return nil
}

// missingError is an n-gram that is part of a longer one and not there itself.
// Training never brings that about; an ARPA file may.
type missingError struct {
	key key
	n   int
}

func (e *missingError) Error() string {
	return fmt.Sprintf("an n-gram of order %d is part of a longer one, but is not there itself", e.n)
}

// finish stores the highest order and returns the n-grams of all orders.
func (j *joiner) finish(store func(lower *record, weight uint64) (prob, backoff float32)) ([]*spool, error) {
	src, err := j.lower.stream()
	if err != nil {
		return nil, err
	}
	done, err := j.scratch.spool(codec{words: j.order, fixed: true})
	if err != nil {
		return nil, err
	}
	err = each(src, func(low *record) error {
		prob, _ := store(low, 0)
		return done.add(&record{key: low.key, a: uint64(newEntry(prob, 0, false, false))})
	})
	if err != nil {
		return nil, err
	}
	return append(j.done, done), j.lower.file.drop()
}
