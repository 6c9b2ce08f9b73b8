package decontam

import (
	"cmp"
	"slices"
)

// Hit is an evaluation item found in a text.
type Hit struct {
	Task  string  `json:"task"`
	Item  string  `json:"item"`
	Score float64 `json:"score"` // in (0,1]
	// Start and End are the bytes of the text from the first to the last n-gram that
	// is the item's.
	Start  int  `json:"start"`
	End    int  `json:"end"`
	Answer bool `json:"answer"` // the answer or the choices were found behind it

	item uint32 // its number
}

// Checker looks for the items of an index in texts. It keeps buffers, so each
// goroutine needs its own.
type Checker struct {
	x     *Index
	seg   segmenter
	hits  []Hit
	parts []*search
}

// search looks for the items of one part in the text of its Checker.
type search struct {
	*part
	c       *Checker
	lanes   [numLanes]bool // some item is in this lane
	hashes  []uint64
	ids     []int32  // of each n-gram of the text, unknown before it is looked up
	starts  []uint32 // by item: where it was looked at last ends, plus one
	touched []uint32 // items with an entry in starts
	seen    []uint32 // by n-gram: the cluster that counted it last
	cluster uint32
}

// unknown marks an n-gram that was not looked up yet.
const unknown = -2

// NewChecker returns a Checker.
func (x *Index) NewChecker() *Checker {
	c := &Checker{x: x}
	for _, p := range x.parts {
		s := &search{part: p, c: c, starts: make([]uint32, len(p.items)), seen: make([]uint32, len(p.idf))}
		for _, it := range p.items {
			s.lanes[it.lane] = true
		}
		c.parts = append(c.parts, s)
	}
	return c
}

// CheckAll returns the items found in a text, each once, the best first. The slice
// is valid until the next call.
func (c *Checker) CheckAll(text string) []Hit {
	c.hits = c.hits[:0]
	c.seg.cut(text)
	for _, s := range c.parts {
		for lane, n := range s.lengths {
			if s.lanes[lane] && len(c.seg.hash) >= n {
				s.scan(lane, n)
			}
		}
	}
	slices.SortFunc(c.hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Start, b.Start), cmp.Compare(a.item, b.item))
	})
	return c.hits
}

// id returns the number of the n-gram at place p of the text, or -1.
func (s *search) id(p int) int32 {
	if s.ids[p] == unknown {
		s.ids[p] = s.table.find(s.hashes[p])
	}
	return s.ids[p]
}

// scan looks up every few n-grams, and every one while they are hot, and grows a
// cluster for each item that a hit belongs to.
func (s *search) scan(lane, n int) {
	s.hashes, s.ids = roll(s.hashes[:0], s.c.seg.hash, n), s.ids[:0]
	for range s.hashes {
		s.ids = append(s.ids, unknown)
	}
	step := s.c.x.cfg.SampleEvery
	if s.method == MethodNGram13 {
		step = 1
	}
	for p := 0; p < len(s.hashes); {
		g := s.id(p)
		switch {
		case g < 0:
			p += step
			continue
		case s.hot(uint32(g)):
			p++
			continue
		}
		for _, it := range s.itemsOf(uint32(g)) {
			if s.items[it].lane != uint8(lane) || uint32(p) < s.starts[it] {
				continue
			}
			cl := s.grow(it, p)
			if s.starts[it] == 0 {
				s.touched = append(s.touched, it)
			}
			s.starts[it] = uint32(cl.hi + 1)
			s.judge(&s.items[it], cl, n)
		}
		p += step
	}
	for _, it := range s.touched {
		s.starts[it] = 0
	}
	s.touched = s.touched[:0]
}

// span is a cluster: places lo to hi hold the first and the last n-gram of an
// item, and the weight is that of the different ones between.
type span struct {
	lo, hi int
	weight float64
}

// grow extends a hit of item it at place p to both sides until too many n-grams in
// a row are not the item's.
func (s *search) grow(it uint32, p int) span {
	if s.cluster++; s.cluster == 0 { // wrapped around
		clear(s.seen)
		s.cluster = 1
	}
	cl := span{lo: p, hi: p}
	s.count(it, p, &cl)
	for _, dir := range [2]int{-1, 1} {
		for q, misses := p+dir, 0; q >= 0 && q < len(s.hashes) && misses <= s.c.x.cfg.MaxMisses; q += dir {
			if !s.count(it, q, &cl) {
				misses++
				continue
			}
			misses = 0
			cl.lo, cl.hi = min(cl.lo, q), max(cl.hi, q)
		}
	}
	return cl
}

// count adds the n-gram at place p to the cluster if it is the item's, and tells
// whether it is.
func (s *search) count(it uint32, p int, cl *span) bool {
	g := s.id(p)
	if g < 0 {
		return false
	}
	if _, ok := slices.BinarySearch(s.items[it].grams, uint32(g)); !ok {
		return false
	}
	if s.seen[g] != s.cluster {
		s.seen[g] = s.cluster
		cl.weight += float64(s.idf[g])
	}
	return true
}

// judge scores a cluster and records it where the score is enough.
func (s *search) judge(item *indexed, cl span, n int) {
	c := s.c
	h := Hit{
		Task: c.x.tasks[item.task], Item: item.name, Score: cl.weight / item.total, item: item.number,
		Start: int(c.seg.start[cl.lo]), End: int(c.seg.end[cl.hi+n-1]),
	}
	if s.method == MethodNGram13 {
		if c.x.cfg.Method == MethodBoth && item.lane == laneChars && h.Score < quoted {
			return
		}
	} else if !c.enough(item, cl, n, &h) {
		return
	}
	h.Score = min(h.Score, 1)
	for i, old := range c.hits {
		if old.item == item.number {
			if h.Score > old.Score {
				c.hits[i] = h
			}
			return
		}
	}
	c.hits = append(c.hits, h)
}

// quoted is the share of an item in characters that must be there for method both
// where decon does not find it: what is less is what the item itself quotes, a statute
// or a verse.
const quoted = 2.0 / 3

// enough completes a hit of method decon and tells whether its score suffices.
func (c *Checker) enough(item *indexed, cl span, n int, h *Hit) bool {
	cfg := &c.x.cfg
	units, overlap := int(item.units), h.Score
	all, onePiece := cfg.verbatim(int(item.lane))
	whole := overlap >= 1-epsilon && (units >= all || units >= onePiece && cl.hi-cl.lo+n == units)
	if item.evidence() {
		weight := cfg.answerWeight(units)
		if !whole && (1-weight)*overlap+weight < cfg.Threshold-epsilon {
			return false // whatever the answer is worth
		}
		found, more := c.answer(item, cl.lo, cl.hi+n)
		h.Score = (1-weight)*overlap + weight*found
		if h.Answer = found >= share; h.Answer {
			units += more
		}
	}
	if whole {
		h.Score = 1
		return true
	}
	return h.Score >= cfg.demanded(units)-epsilon
}
