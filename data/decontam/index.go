package decontam

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/zeebo/xxh3"
)

// Stats counts what became of the items read.
type Stats struct {
	Read       int64 `json:"read"`
	Indexed    int64 `json:"indexed"` // by a method or more
	TooShort   int64 `json:"too_short"`
	Duplicates int64 `json:"duplicates"` // question, answer and choices of an earlier one
	NGrams     int64 `json:"ngrams"`     // distinct ones, of each method
	HotNGrams  int64 `json:"hot_ngrams"` // of those, too common to start from
}

// Index holds evaluation items and their n-grams. It does not change, so any
// number of [Checker]s may share it.
type Index struct {
	cfg   Config
	tasks []string
	stats Stats
	parts []*part
}

// part holds what one method looks for.
type part struct {
	method  string
	lengths [numLanes]int // of n-grams
	hotFrom int           // items
	items   []indexed

	table table
	// Items of n-gram g: postings[first[g]:first[g+1]], ascending.
	first    []uint32
	postings []uint32
	idf      []float32 // by n-gram
}

// indexed is an item in a part.
type indexed struct {
	number  uint32 // of the item among those read
	task    uint32
	name    string
	lane    uint8
	weak    bool       // the answer is one unit of a byte or two
	units   uint32     // of the question
	hashes  []uint64   // n-grams of the question, each once, in order
	answer  []uint64   // its units
	choices [][]uint64 // their units

	grams []uint32 // the n-grams by number, ascending
	total float64  // sum of their weights
}

// evidence tells whether there is anything to look for behind the question.
func (e *indexed) evidence() bool { return len(e.answer) > 0 || len(e.choices) > 1 }

// Stats returns what was counted while the index was built.
func (x *Index) Stats() Stats { return x.stats }

// Items returns the number of items looked for.
func (x *Index) Items() int { return int(x.stats.Indexed) }

// maxAnswer is how many units of an answer or a choice are kept.
const maxAnswer = 256

type builder struct {
	index *Index
	seg   segmenter
	tasks map[string]uint32
	seen  map[xxh3.Uint128]bool
}

func newIndex(cfg Config) *Index {
	x := &Index{cfg: cfg}
	for _, m := range cfg.methods() {
		x.parts = append(x.parts, &part{method: m, lengths: cfg.lengths(m), hotFrom: cfg.HotItems})
	}
	return x
}

func newBuilder(cfg Config) *builder {
	return &builder{index: newIndex(cfg), tasks: map[string]uint32{}, seen: map[xxh3.Uint128]bool{}}
}

// add gives an item to the parts that find it long enough.
func (b *builder) add(it Item) {
	x := b.index
	e := indexed{name: it.Name, number: uint32(x.stats.Read)}
	x.stats.Read++
	if s := it.Answer; s != "" {
		e.answer = b.units(s)
		e.weak = len(e.answer) == 1 && b.seg.weak == 1
	}
	for _, c := range it.Choices {
		if u := b.units(c); len(u) > 0 {
			e.choices = append(e.choices, u)
		}
	}
	var into []*part
	for _, p := range x.parts {
		if b.cut(p, it, &e) {
			into = append(into, p)
		}
	}
	if len(into) == 0 {
		x.stats.TooShort++
		return
	}
	if b.duplicate(it) {
		x.stats.Duplicates++
		return
	}
	x.stats.Indexed++
	task, ok := b.tasks[it.Task]
	if !ok {
		task = uint32(len(x.tasks))
		b.tasks[it.Task] = task
		x.tasks = append(x.tasks, it.Task)
	}
	e.task = task
	for _, p := range into {
		b.cut(p, it, &e)
		e.hashes = distinct(roll(nil, b.seg.hash, p.lengths[e.lane]))
		p.items = append(p.items, e)
	}
}

// cut cuts what p looks for of an item into units, and reports whether it is long
// enough.
func (b *builder) cut(p *part, it Item, e *indexed) bool {
	b.seg.cut(it.Question)
	lane, least := b.seg.lane(), b.index.cfg.MinUnits
	if p.method == MethodNGram13 {
		if len(b.seg.hash) < p.lengths[lane] { // with choices or answer it may be long enough
			b.seg.cut(joined(it))
			lane = b.seg.lane()
		}
	} else if !e.evidence() {
		_, onePiece := b.index.cfg.verbatim(lane)
		least = max(least, onePiece)
	}
	e.lane, e.units = uint8(lane), uint32(len(b.seg.hash))
	return len(b.seg.hash) >= max(least, p.lengths[lane])
}

// joined is a question with its choices, or else its answer.
func joined(it Item) string {
	s := it.Question
	if len(it.Choices) == 0 {
		return s + "\n" + it.Answer
	}
	for _, c := range it.Choices {
		s += "\n" + c
	}
	return s
}

func (b *builder) units(s string) []uint64 {
	b.seg.cut(s)
	return slices.Clone(b.seg.hash[:min(len(b.seg.hash), maxAnswer)])
}

// duplicate tells whether an item with the same words came before.
func (b *builder) duplicate(it Item) bool {
	h := xxh3.New()
	for _, s := range append([]string{it.Question, it.Answer}, it.Choices...) {
		var size [8]byte
		binary.LittleEndian.PutUint64(size[:], uint64(len(s)))
		_, _ = h.Write(size[:])
		_, _ = h.WriteString(s)
	}
	key := h.Sum128()
	if b.seen[key] {
		return true
	}
	b.seen[key] = true
	return false
}

// distinct keeps the first of equal hashes.
func distinct(list []uint64) []uint64 {
	seen := make(map[uint64]bool, len(list))
	return slices.DeleteFunc(list, func(h uint64) bool {
		had := seen[h]
		seen[h] = true
		return had
	})
}

func (b *builder) finish() *Index {
	b.index.link()
	return b.index
}

// link makes what follows from the items.
func (x *Index) link() {
	x.stats.NGrams, x.stats.HotNGrams = 0, 0
	for _, p := range x.parts {
		x.stats.HotNGrams += p.link()
		x.stats.NGrams += int64(len(p.idf))
	}
}

// link numbers the n-grams in order of first appearance and fills the tables. It
// returns how many n-grams are hot.
func (p *part) link() (hot int64) {
	count := 0
	for _, it := range p.items {
		count += len(it.hashes)
	}
	p.table.init(count)
	var df []uint32
	for i := range p.items {
		it := &p.items[i]
		it.grams = make([]uint32, len(it.hashes))
		for k, h := range it.hashes {
			g := p.table.insert(h, uint32(len(df)))
			if int(g) == len(df) {
				df = append(df, 0)
			}
			df[g]++
			it.grams[k] = g
		}
	}
	p.first = make([]uint32, len(df)+1)
	p.idf = make([]float32, len(df))
	for g, n := range df {
		p.first[g+1] = p.first[g] + n
		p.idf[g] = float32(math.Log(1 + float64(len(p.items))/float64(n)))
		if int(n) > p.hotFrom {
			hot++
		}
	}
	p.postings = make([]uint32, count)
	next := slices.Clone(p.first)
	for i := range p.items {
		it := &p.items[i]
		slices.Sort(it.grams)
		for _, g := range it.grams {
			p.postings[next[g]] = uint32(i)
			next[g]++
			it.total += float64(p.idf[g])
		}
	}
	return hot
}

// itemsOf returns the items that have n-gram g.
func (p *part) itemsOf(g uint32) []uint32 { return p.postings[p.first[g]:p.first[g+1]] }

// hot tells whether n-gram g is too common to start from.
func (p *part) hot(g uint32) bool { return int(p.first[g+1]-p.first[g]) > p.hotFrom }

// table maps n-gram hashes to numbers: open addressing behind a bit filter that
// answers for most of the n-grams that are not there and fits a cache.
type table struct {
	filter []uint64
	keys   []uint64
	values []uint32 // number plus one; 0 is free
	shift  uint     // of the filter
}

func (t *table) init(n int) {
	size, bits := 16, uint(10)
	for size < 2*n {
		size *= 2
	}
	for 1<<bits < 16*n {
		bits++
	}
	t.keys, t.values = make([]uint64, size), make([]uint32, size)
	t.filter, t.shift = make([]uint64, 1<<(bits-6)), 64-bits
}

// insert returns the number of h, which becomes v if h is new.
func (t *table) insert(h uint64, v uint32) uint32 {
	mask := uint64(len(t.keys) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		if t.values[i] == 0 {
			t.keys[i], t.values[i] = h, v+1
			b := h >> t.shift
			t.filter[b>>6] |= 1 << (b & 63)
			return v
		}
		if t.keys[i] == h {
			return t.values[i] - 1
		}
	}
}

// find returns the number of h, or -1.
func (t *table) find(h uint64) int32 {
	b := h >> t.shift
	if t.filter[b>>6]>>(b&63)&1 == 0 {
		return -1
	}
	mask := uint64(len(t.keys) - 1)
	for i := h & mask; t.values[i] != 0; i = (i + 1) & mask {
		if t.keys[i] == h {
			return int32(t.values[i] - 1)
		}
	}
	return -1
}
