package score

// table counts keys in open addressing. A generation number per slot makes
// clearing free, so that a text costs only its own length.
type table struct {
	slots []slot
	gen   uint32
	mask  uint64
	used  []uint32 // filled slots, in order of first sight
}

type slot struct {
	key   uint64
	gen   uint32
	count uint32
}

// reset empties the table and makes room for n keys.
func (t *table) reset(n int) {
	size := 64
	for size < 2*n {
		size *= 2
	}
	if len(t.slots) < size {
		t.slots, t.gen = make([]slot, size), 0
	}
	t.gen++
	if t.gen == 0 { // after 2^32 texts
		clear(t.slots)
		t.gen = 1
	}
	t.mask = uint64(size - 1)
	t.used = t.used[:0]
}

// add counts key and returns how often it has been seen now.
func (t *table) add(key uint64) uint32 {
	for i := key & t.mask; ; i = (i + 1) & t.mask {
		s := &t.slots[i]
		if s.gen != t.gen {
			*s = slot{key, t.gen, 1}
			t.used = append(t.used, uint32(i))
			return 1
		}
		if s.key == key {
			s.count++
			return s.count
		}
	}
}

// count returns how often key was added.
func (t *table) count(key uint64) uint32 {
	for i := key & t.mask; ; i = (i + 1) & t.mask {
		s := &t.slots[i]
		if s.gen != t.gen {
			return 0
		}
		if s.key == key {
			return s.count
		}
	}
}

// ngram hashes the n units from i on. The order of units matters.
func (e *Extractor) ngram(i, n int) uint64 {
	h := uint64(n)
	for _, u := range e.units[i : i+n] {
		h = (h ^ u) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}

// span returns the characters of the n units from i on.
func (e *Extractor) span(i, n int) int {
	from := int32(0)
	if i > 0 {
		from = e.ends[i-1]
	}
	return int(e.ends[i+n-1] - from)
}

// repetition measures single units and n-grams.
func (e *Extractor) repetition() {
	f := &e.f
	f.Units = len(e.units)
	if f.Units == 0 {
		return
	}
	e.seen.reset(f.Units)
	for _, u := range e.units {
		e.seen.add(u)
	}
	f.UniqueUnits = len(e.seen.used)
	counts := make([]uint32, 0, 256)
	for _, i := range e.seen.used {
		counts = append(counts, e.seen.slots[i].count)
	}
	f.Entropy = entropy(counts, f.Units)
	if f.UniqueUnits == f.Units {
		return // nothing repeats
	}
	for n := 2; n <= 4; n++ {
		f.TopNGram[n] = e.topNGram(n)
	}
	e.dupNGrams()
}

// topNGram returns the largest share of characters that one n-gram, occurring
// at least twice, covers.
func (e *Extractor) topNGram(n int) float64 {
	count := len(e.units) - n + 1
	if count < 2 {
		return 0
	}
	e.seen.reset(count)
	best := 0
	for i := range count {
		if c := e.seen.add(e.ngram(i, n)); c >= 2 {
			best = max(best, int(c)*e.span(i, n))
		}
	}
	return min(1, ratio(best, e.f.UnitChars))
}

// dupNGrams fills DupNGram. An n-gram can only be a copy where its first five
// units are one, so lengths above five look at few places.
func (e *Extractor) dupNGrams() {
	const base = 5
	count := len(e.units) - base + 1
	if count < 2 {
		return
	}
	if cap(e.cand) < count {
		e.cand = make([]bool, count+count/2)
	}
	cand := e.cand[:count]
	e.seen.reset(count)
	any := false
	for i := range count {
		any = e.seen.add(e.ngram(i, base)) > 1 || any
	}
	if !any {
		return
	}
	for i := range count {
		cand[i] = e.seen.count(e.ngram(i, base)) > 1
	}
	for _, n := range []int{5, 6, 7, 8, 9, 10, 13} {
		e.f.DupNGram[n] = e.dupNGram(n, cand)
	}
}

func (e *Extractor) dupNGram(n int, cand []bool) float64 {
	last := len(e.units) - n
	e.seen.reset(max(0, last+1))
	dup := 0
	for i := 0; i <= last; {
		if cand[i] && e.seen.add(e.ngram(i, n)) > 1 {
			dup += e.span(i, n)
			i += n
			continue
		}
		i++
	}
	return ratio(dup, e.f.UnitChars)
}
