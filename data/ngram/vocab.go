package ngram

import (
	"cmp"
	"slices"
)

// vocabulary is the words of a model by id: the reserved ones, then the words
// of the training text from the most frequent on.
type vocabulary struct {
	words    []string
	distinct int // words of the training text, those that became <unk> included
}

// mergeWords makes one vocabulary of the workers' words and, for each worker,
// the model's ids of its own.
func (t *Trainer) mergeWords() (v vocabulary, ids [][]uint32) {
	counts := map[string]int64{}
	for _, w := range t.workers {
		for id, n := range w.counts {
			if n > 0 {
				counts[w.word(id)] += n
			}
		}
	}
	for _, r := range reserved {
		delete(counts, r) // in a text they are unknown words
	}
	type entry struct {
		word string
		n    int64
	}
	var list []entry
	for w, n := range counts {
		if n >= t.cfg.MinWordCount {
			list = append(list, entry{w, n})
		}
	}
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.word, b.word))
	})
	if limit := t.cfg.VocabLimit; limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	v.distinct = len(counts)
	v.words = append(v.words, reserved[:]...)
	byWord := make(map[string]uint32, len(list))
	for _, e := range list {
		byWord[e.word] = uint32(len(v.words))
		v.words = append(v.words, e.word)
	}
	for _, w := range t.workers {
		own := make([]uint32, len(w.counts))
		for id := range own {
			own[id] = byWord[w.word(id)] // 0, <unk>, without an entry
		}
		ids = append(ids, own)
	}
	return v, ids
}
