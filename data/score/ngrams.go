package score

import (
	"math"
	"math/bits"
	"slices"
)

// units is a text as one definition of words cuts it.
type units struct {
	hash []uint64
	ends []uint32 // characters of units up to and including each, so that a span's length is a difference
}

func (s *units) add(hash uint64, chars int) {
	end := uint32(chars)
	if n := len(s.ends); n > 0 {
		end += s.ends[n-1]
	}
	s.hash, s.ends = append(s.hash, hash), append(s.ends, end)
}

func (s *units) reset() { s.hash, s.ends = s.hash[:0], s.ends[:0] }

// sequence is another such cut, of a peer.
type sequence struct {
	units
	own []uint32 // how many of the package's own units stand before each; one more at the end
}

func (s *sequence) reset() {
	s.units.reset()
	s.own = s.own[:0]
}

func (s *sequence) add(hash uint64, chars int, own uint32) {
	s.units.add(hash, chars)
	s.own = append(s.own, own)
}

// addRun adds units of one character, each one of the package's own, the first
// of which stands at place own.
func (s *sequence) addRun(hashes []uint64, own uint32) {
	end := uint32(s.chars())
	s.hash = append(s.hash, hashes...)
	s.ends, s.own = slices.Grow(s.ends, len(hashes)), slices.Grow(s.own, len(hashes))
	for i := range uint32(len(hashes)) {
		s.ends, s.own = append(s.ends, end+i+1), append(s.own, own+i)
	}
}

// chars returns the characters of all units.
func (s *units) chars() int {
	if len(s.ends) == 0 {
		return 0
	}
	return int(s.ends[len(s.ends)-1])
}

// span returns the characters of the n units from i on.
func (s *units) span(i, n int) int {
	from := uint32(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	return int(s.ends[i+n-1] - from)
}

// ngrams looks for repeated n-grams of one sequence, n by n. An n-gram can only
// be a copy where the n-1 units it starts with are one, so each length looks
// only at the places that the one before left over: few, in natural text.
type ngrams struct {
	seen   table
	gram   []uint64 // hash of the n-gram at each place still looked at
	at     []int32  // places where the n-gram occurs more than once, ascending
	mark   bitset
	firsts []int32 // first places of repeated n-grams
	last   []int32 // by first place: the latest place of that n-gram

	n      int // length of the n-grams at those places
	hashed int // length that gram is of
	top    int // copies of the most frequent n-gram
	first  int // its first place
	most   int // most characters that the copies of one n-gram have
}

// start takes the places whose n-grams of length 1 may be repeated.
func (g *ngrams) start(s *units) {
	if cap(g.gram) < len(s.hash) {
		g.gram = make([]uint64, 2*len(s.hash))
	}
	g.gram = g.gram[:len(s.hash)]
	g.at, g.n = g.at[:0], 1
}

// grow goes on from n-1 to n units.
func (g *ngrams) grow(s *units) {
	g.n++
	g.hashed = g.n
	g.top, g.first, g.most = 1, 0, 0
	places := g.at
	for len(places) > 0 && int(places[len(places)-1]) > len(s.hash)-g.n {
		places = places[:len(places)-1] // the last ones may be too late
	}
	g.at = g.at[:0]
	if len(places) == 0 {
		return
	}
	g.seen.reset(len(places), len(s.hash))
	g.mark = g.mark.cleared(len(s.hash))
	g.firsts = g.firsts[:0]
	last := g.n - 1
	for _, p := range places {
		i := int(p)
		h := join(g.gram[i], s.hash[i+last])
		g.gram[i] = h
		if c, first := g.seen.add(h, i); c > 1 {
			g.mark.set(i)
			if c == 2 {
				g.mark.set(first)
				g.firsts = append(g.firsts, int32(first))
			}
		}
	}
	for _, p := range g.firsts {
		i := int(p)
		c := int(g.seen.copies[i])
		g.most = max(g.most, c*s.span(i, g.n))
		if c > g.top || c == g.top && i < g.first {
			g.top, g.first = c, i
		}
	}
	if len(g.firsts) > 0 {
		g.at = g.mark.places(g.at)
	}
}

// places appends the places that are on.
func (b bitset) places(to []int32) []int32 {
	for k, w := range b {
		for ; w != 0; w &= w - 1 {
			to = append(to, int32(k*64+bits.TrailingZeros64(w)))
		}
	}
	return to
}

// join hashes one more unit onto an n-gram.
func join(gram, unit uint64) uint64 {
	h := (gram ^ unit>>1) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// copies walks the text once: a copy of an n-gram passed before counts, and the
// walk goes on behind it. It returns the characters of those copies. It looks at
// the places of shorter n-grams left over, n must grow from call to call, and
// where it finds nothing no longer n-gram is repeated either.
func (g *ngrams) copies(s *units, n int) int {
	if len(g.at) == 0 {
		return 0
	}
	g.seen.reset(len(g.at), len(s.hash))
	dup, next := 0, 0
	for _, p := range g.at {
		i := int(p)
		if i+n > len(s.hash) {
			break
		}
		h := g.gram[i]
		for _, u := range s.hash[i+g.hashed : i+n] {
			h = join(h, u)
		}
		g.gram[i] = h
		if i < next {
			continue
		}
		if c, _ := g.seen.add(h, i); c > 1 {
			dup += s.span(i, n)
			next = i + n
		}
	}
	g.hashed = n
	return dup
}

// reach is how many units back a copy counts for the quality. A longer text has
// more that can be copied; what lies within reach is the same for all but the
// shortest texts.
const reach = 256

// near is like copies of the same n, which must have run just before, but a copy
// counts only where the n-gram stood within reach before it.
func (g *ngrams) near(s *units, n int) int {
	g.seen.reset(len(g.at), len(s.hash))
	if len(g.last) < len(s.hash) {
		g.last = make([]int32, 2*len(s.hash))
	}
	dup, next := 0, 0
	for _, p := range g.at {
		i := int(p)
		if i+n > len(s.hash) {
			break
		}
		c, first := g.seen.add(g.gram[i], i)
		if c > 1 && i >= next && i-int(g.last[first]) <= reach {
			dup += s.span(i, n)
			next = i + n
		}
		g.last[first] = p
	}
	return dup
}

// covered returns the characters that lie in some repeated n-gram.
func (g *ngrams) covered(s *units) int {
	chars, next := 0, 0
	for _, p := range g.at {
		i, end := int(p), int(p)+g.n
		if i < next {
			i = next
		}
		chars += s.span(i, end-i)
		next = end
	}
	return chars
}

// occurrences returns the characters of all repeated n-grams together, those of
// overlapping ones more than once, and the same of all n-grams.
func (g *ngrams) occurrences(s *units) (repeated, all int) {
	for _, p := range g.at {
		repeated += s.span(int(p), g.n)
	}
	places := len(s.hash) - g.n + 1
	if places < 1 {
		return 0, 0
	}
	// Every unit is in n of them, but for those near the ends.
	k := min(g.n, places)
	all = k * s.chars()
	for j := 0; j < k-1; j++ {
		all -= (k - 1 - j) * (s.span(j, 1) + s.span(len(s.hash)-1-j, 1))
	}
	return repeated, all
}

// xlogx holds n ln n.
var xlogx = func() (t [1024]float64) {
	for i := range t[1:] {
		t[i+1] = float64(i+1) * math.Log(float64(i+1))
	}
	return t
}()

// repetition measures the package's own units.
func (e *Extractor) repetition() {
	f, s, g := &e.f, &e.own, &e.grams
	f.Units = len(s.hash)
	f.UnitChars = s.chars()
	e.single, e.pair = e.single.cleared(f.Units+1), e.pair.cleared(f.Units+1)
	g.start(s)
	if f.Units == 0 {
		return
	}
	e.singles()
	for i := 0; i+1 < f.Units; i++ {
		if e.single.has(i) && e.single.has(i+1) {
			g.at = append(g.at, int32(i))
		}
	}
	copy(g.gram, s.hash)
	for n := 2; n <= 5; n++ {
		g.grow(s)
		if n <= 4 {
			f.TopNGram[n] = min(1, ratio(g.most, f.UnitChars))
			if n <= f.Units {
				e.ownTop[n] = g.top * (s.span(g.first, n) + n - 1)
			}
		}
		if n == 2 {
			for _, i := range g.at {
				e.pair.set(int(i))
			}
		}
	}
	all := e.Need&NeedCopies != 0 || e.Need&NeedDatatrove != 0 && e.inHan
	for _, n := range [...]int{5, 6, 7, 8, 9, 10, 13} {
		if n > 5 && n < 10 && !all {
			continue
		}
		dup := g.copies(s, n)
		if dup == 0 {
			break
		}
		e.ownDup[n] = dup
		f.DupNGram[n] = ratio(dup, f.UnitChars)
		if n == 5 || n == 10 {
			f.nearDup[n/10] = ratio(g.near(s, n), f.UnitChars)
		}
	}
}

// singles counts units, and marks those that occur more than once. Entropy is
// in nats: ln n minus the mean of c ln c, to which units that occur once add
// nothing.
func (e *Extractor) singles() {
	f, t := &e.f, &e.grams.seen
	t.reset(f.Units, f.Units)
	sum := 0.0
	for i, h := range e.own.hash {
		c, first := t.add(h, i)
		if c == 1 {
			continue
		}
		e.single.set(i)
		e.single.set(first)
		if int(c) < len(xlogx) {
			sum += xlogx[c] - xlogx[c-1]
		} else {
			sum += float64(c)*math.Log(float64(c)) - float64(c-1)*math.Log(float64(c-1))
		}
	}
	f.UniqueUnits = t.unique
	n := float64(f.Units)
	f.Entropy = max(0, math.Log(n)-sum/n) // rounding may leave a little less than none
}
