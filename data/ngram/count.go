package ngram

import "context"

// counted is what counting leaves: the words' adjusted counts, the longer
// n-grams in suffix order, and the counts of counts.
type counted struct {
	unigrams []uint64        // adjusted counts by word
	grams    []*spool        // of order n at n-1, nil for words; a is the adjusted count, b is 1 for pruned ones
	stats    []countsOfOrder // of order n at n-1
	unknown  int64           // tokens that are <unk>
}

// countsOfOrder counts the n-grams of one order.
type countsOfOrder struct {
	of           [5]int64 // n-grams of adjusted count i at i, from 1 to 4
	kept, pruned int64
}

// count counts the n-grams of the highest order and derives the others.
func (t *Trainer) count(ctx context.Context, v vocabulary, ids [][]uint32) (*counted, error) {
	n := t.cfg.Order
	out := &counted{unigrams: make([]uint64, len(v.words)), grams: make([]*spool, n), stats: make([]countsOfOrder, n)}
	sorted := newSorter(t.scratch, codec{words: n}, t.cfg.MemoryBytes, true)
	var rec record
	add := func(w uint32) error {
		rec.key.shift(w, n)
		rec.a = 1
		return sorted.add(&rec)
	}
	for i, w := range t.workers {
		own := ids[i]
		err := w.sentences(ctx, w.text, func(sentence []uint32, _ bool) error {
			for j := range n {
				rec.key.set(j, bosID)
			}
			for _, local := range sentence {
				id := own[local]
				if id == unkID {
					out.unknown++
				}
				if err := add(id); err != nil {
					return err
				}
			}
			return add(eosID)
		})
		if err != nil {
			return nil, err
		}
	}
	grams, err := sorted.stream()
	if err != nil {
		return nil, err
	}
	return out, t.adjust(grams, out)
}

// shift puts w first and drops the last of n places.
func (k *key) shift(w uint32, n int) {
	k[2] = k[2]>>32 | k[1]<<32
	k[1] = k[1]>>32 | k[0]<<32
	k[0] = k[0]>>32 | uint64(w)<<32
	if n < MaxOrder {
		k.set(n, 0)
	}
}

// suffix is an n-gram of a lower order while those that end in it pass by.
type suffix struct {
	key      key
	adjusted uint64
	real     uint64 // occurrences, which pruning goes by
	open     bool
}

// adjust reads the n-grams of the highest order in suffix order and writes the
// adjusted counts of all orders: the number of different words before an n-gram
// (Kneser and Ney), or its occurrences where nothing can stand before it, since
// it begins with <s> or is of the highest order.
//
// Sentences are padded with as many <s> as make the first word's context full.
// Such an n-gram is really the shorter one that begins with its last <s>.
func (t *Trainer) adjust(grams stream, out *counted) error {
	n := t.cfg.Order
	for i := 1; i < n; i++ {
		var err error
		if out.grams[i], err = t.scratch.spool(codec{words: i + 1}); err != nil {
			return err
		}
	}
	open := make([]suffix, n) // of order k at k-1; the highest order stays unused
	var last key
	first := true
	err := each(grams, func(r *record) error {
		same := 0
		if !first {
			same = r.key.same(&last, n)
		}
		first, last = false, r.key
		for k := n - 1; k > same; k-- {
			if err := t.close(&open[k-1], k, out); err != nil {
				return err
			}
		}
		for k := 1; k < n; k++ {
			s := &open[k-1]
			if k > same {
				*s = suffix{key: r.key.first(k), open: k == 1 || r.key.word(k-2) != bosID}
			}
			s.real += r.a
			if k >= same {
				s.adjusted++
			}
		}
		if r.key.word(n-2) == bosID {
			return nil
		}
		return t.write(&record{key: r.key, a: r.a}, n, r.a, out)
	})
	for k := n - 1; k > 0 && err == nil; k-- {
		err = t.close(&open[k-1], k, out)
	}
	return err
}

// close writes an n-gram of order k that no more will end in.
func (t *Trainer) close(s *suffix, k int, out *counted) error {
	if !s.open {
		return nil
	}
	s.open = false
	if s.key.word(k-1) == bosID {
		s.adjusted = s.real
	}
	return t.write(&record{key: s.key, a: s.adjusted}, k, s.real, out)
}

// write counts an n-gram of order k and stores it.
func (t *Trainer) write(r *record, k int, occurrences uint64, out *counted) error {
	st := &out.stats[k-1]
	if r.a < uint64(len(st.of)) {
		st.of[r.a]++
	}
	if k == 1 {
		out.unigrams[r.key.word(0)] = r.a
		return nil
	}
	if occurrences <= uint64(t.cfg.threshold(k)) {
		r.b = 1
		st.pruned++
	} else {
		st.kept++
	}
	return out.grams[k-1].add(r)
}
