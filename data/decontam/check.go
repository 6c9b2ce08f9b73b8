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

	order uint32 // of the item, for ties
}

// Checker looks for the items of an index in texts. It keeps buffers, so each
// goroutine needs its own.
type Checker struct {
	x       *Index
	seg     segmenter
	lanes   [numLanes]bool // some item is in this lane
	hashes  []uint64
	ids     []int32 // of each n-gram of the text, unknown before it is looked up
	hits    []Hit
	starts  []uint32 // by item: where it was looked at last ends, plus one
	touched []uint32 // items with an entry in starts
	seen    []uint32 // by n-gram: the cluster that counted it last
	cluster uint32
}

// unknown marks an n-gram that was not looked up yet.
const unknown = -2

// NewChecker returns a Checker.
func (x *Index) NewChecker() *Checker {
	c := &Checker{x: x, starts: make([]uint32, len(x.items)), seen: make([]uint32, len(x.idf))}
	for _, it := range x.items {
		c.lanes[it.lane] = true
	}
	return c
}

// Check returns the best hit in a text, or false.
func (c *Checker) Check(text string) (Hit, bool) {
	hits := c.CheckAll(text)
	if len(hits) == 0 {
		return Hit{}, false
	}
	return hits[0], true
}

// CheckAll returns the items found in a text, each once, the best first. The slice
// is valid until the next call.
func (c *Checker) CheckAll(text string) []Hit {
	c.hits = c.hits[:0]
	c.seg.cut(text)
	for lane, n := range c.x.cfg.lengths() {
		if !c.lanes[lane] || len(c.seg.hash) < n {
			continue
		}
		c.hashes = roll(c.hashes[:0], c.seg.hash, n)
		c.ids = c.ids[:0]
		for range c.hashes {
			c.ids = append(c.ids, unknown)
		}
		c.scan(lane, n)
		for _, it := range c.touched {
			c.starts[it] = 0
		}
		c.touched = c.touched[:0]
	}
	slices.SortFunc(c.hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Start, b.Start), cmp.Compare(a.order, b.order))
	})
	return c.hits
}

// id returns the number of the n-gram at place p of the text, or -1.
func (c *Checker) id(p int) int32 {
	if c.ids[p] == unknown {
		c.ids[p] = c.x.table.find(c.hashes[p])
	}
	return c.ids[p]
}

// scan looks up every few n-grams, and every one while they are hot, and grows a
// cluster for each item that a hit belongs to.
func (c *Checker) scan(lane, n int) {
	step := c.x.cfg.SampleEvery
	exact := c.x.cfg.Method == MethodNGram13
	if exact {
		step = 1
	}
	for p := 0; p < len(c.hashes); {
		g := c.id(p)
		switch {
		case g < 0:
			p += step
			continue
		case c.x.hot(uint32(g)):
			p++
			continue
		}
		for _, it := range c.x.itemsOf(uint32(g)) {
			if c.x.items[it].lane != uint8(lane) || uint32(p) < c.starts[it] {
				continue
			}
			cl := c.grow(it, p)
			if c.starts[it] == 0 {
				c.touched = append(c.touched, it)
			}
			c.starts[it] = uint32(cl.hi + 1)
			c.judge(it, cl, n, exact)
		}
		p += step
	}
}

// span is a cluster: places lo to hi hold the first and the last n-gram of an
// item, and the weight is that of the different ones between.
type span struct {
	lo, hi int
	weight float64
}

// grow extends a hit of item it at place p to both sides until too many n-grams in
// a row are not the item's.
func (c *Checker) grow(it uint32, p int) span {
	if c.cluster++; c.cluster == 0 { // wrapped around
		clear(c.seen)
		c.cluster = 1
	}
	s := span{lo: p, hi: p}
	c.count(it, p, &s)
	for _, dir := range [2]int{-1, 1} {
		for q, misses := p+dir, 0; q >= 0 && q < len(c.hashes) && misses <= c.x.cfg.MaxMisses; q += dir {
			if !c.count(it, q, &s) {
				misses++
				continue
			}
			misses = 0
			s.lo, s.hi = min(s.lo, q), max(s.hi, q)
		}
	}
	return s
}

// count adds the n-gram at place p to the cluster if it is the item's, and tells
// whether it is.
func (c *Checker) count(it uint32, p int, s *span) bool {
	g := c.id(p)
	if g < 0 {
		return false
	}
	if _, ok := slices.BinarySearch(c.x.items[it].grams, uint32(g)); !ok {
		return false
	}
	if c.seen[g] != c.cluster {
		c.seen[g] = c.cluster
		s.weight += float64(c.x.idf[g])
	}
	return true
}

// judge scores a cluster and records it where the score is enough.
func (c *Checker) judge(it uint32, cl span, n int, exact bool) {
	item := &c.x.items[it]
	overlap := cl.weight / item.total
	h := Hit{
		Task: c.x.tasks[item.task], Item: item.name, Score: overlap, order: it,
		Start: int(c.seg.start[cl.lo]), End: int(c.seg.end[cl.hi+n-1]),
	}
	if !exact && !c.enough(item, cl, n, &h) {
		return
	}
	h.Score = min(h.Score, 1)
	for i, old := range c.hits {
		if old.order == it {
			if h.Score > old.Score {
				c.hits[i] = h
			}
			return
		}
	}
	c.hits = append(c.hits, h)
}

// enough completes a hit of method decon and tells whether its score suffices.
func (c *Checker) enough(item *indexed, cl span, n int, h *Hit) bool {
	cfg := &c.x.cfg
	units, overlap := int(item.units), h.Score
	whole := overlap >= 1-epsilon && units >= cfg.verbatim(int(item.lane))
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
