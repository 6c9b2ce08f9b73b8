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

// span returns the characters of the n units from i on.
func (e *Extractor) span(i, n int) int {
	from := int32(0)
	if i > 0 {
		from = e.ends[i-1]
	}
	return int(e.ends[i+n-1] - from)
}

// repetition measures single units and n-grams. An n-gram can only be a copy
// where the n-1 units it starts with are one, so each length looks only at the
// places that the one before left over: few, in natural text.
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
	f.Entropy = e.entropy()
	e.grams = append(e.grams[:0], e.units...)
	e.at = e.at[:0]
	for i, u := range e.units {
		if e.seen.count(u) > 1 {
			e.at = append(e.at, int32(i))
		}
	}
	for n := 2; n <= 5 && len(e.at) > 0; n++ {
		top := e.longer(n)
		if n <= 4 {
			f.TopNGram[n] = min(1, ratio(top, f.UnitChars))
		}
	}
	if len(e.at) > 0 {
		e.dupNGrams()
	}
}

// longer turns the hashes of n-1 units at the places left over into those of n,
// keeps the places where an n-gram occurs more than once, and returns the most
// characters that one n-gram covers.
func (e *Extractor) longer(n int) int {
	places := e.at
	if last := len(e.units) - n; int(places[len(places)-1]) > last {
		places = places[:len(places)-1] // only the last place can be too late
	}
	e.seen.reset(len(places))
	best := 0
	for _, i := range places {
		e.grams[i] = join(e.grams[i], e.units[int(i)+n-1])
		if c := e.seen.add(e.grams[i]); c >= 2 {
			best = max(best, int(c)*e.span(int(i), n))
		}
	}
	left := e.at[:0]
	for _, i := range places {
		if e.seen.count(e.grams[i]) > 1 {
			left = append(left, i)
		}
	}
	e.at = left
	return best
}

// join hashes one more unit onto an n-gram.
func join(gram, unit uint64) uint64 {
	h := (gram ^ unit>>1) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// dupNGrams fills DupNGram from the places where a 5-gram occurs more than once.
func (e *Extractor) dupNGrams() {
	for n := 5; n <= 10; n++ {
		e.f.DupNGram[n] = e.dupNGram(n)
	}
	e.f.DupNGram[13] = e.dupNGram(13)
}

// dupNGram walks the text once: a copy of an n-gram seen before counts, and the
// walk goes on behind it.
func (e *Extractor) dupNGram(n int) float64 {
	e.seen.reset(len(e.at))
	dup, next := 0, int32(0)
	for _, i := range e.at {
		if i < next || int(i)+n > len(e.units) {
			continue
		}
		if e.seen.add(e.gram(int(i), n)) > 1 {
			dup += e.span(int(i), n)
			next = i + int32(n)
		}
	}
	return ratio(dup, e.f.UnitChars)
}

// gram hashes the n units from i on, n >= 5.
func (e *Extractor) gram(i, n int) uint64 {
	h := e.grams[i]
	for _, u := range e.units[i+5 : i+n] {
		h = join(h, u)
	}
	return h
}
