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
	Indexed    int64 `json:"indexed"`
	TooShort   int64 `json:"too_short"`
	Duplicates int64 `json:"duplicates"` // question, answer and choices of an earlier one
	NGrams     int64 `json:"ngrams"`     // distinct ones
	HotNGrams  int64 `json:"hot_ngrams"` // of those, too common to start from
}

// Index holds evaluation items and their n-grams. It does not change, so any
// number of [Checker]s may share it.
type Index struct {
	cfg   Config
	tasks []string
	items []indexed
	stats Stats

	table table
	// Items of n-gram g: postings[first[g]:first[g+1]], ascending.
	first    []uint32
	postings []uint32
	idf      []float32 // by n-gram
}

// indexed is an item in the index.
type indexed struct {
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
func (x *Index) Items() int { return len(x.items) }

// maxAnswer is how many units of an answer or a choice are kept.
const maxAnswer = 256

type builder struct {
	index *Index
	seg   segmenter
	tasks map[string]uint32
	seen  map[xxh3.Uint128]bool
}

func newBuilder(cfg Config) *builder {
	return &builder{index: &Index{cfg: cfg}, tasks: map[string]uint32{}, seen: map[xxh3.Uint128]bool{}}
}

// NewIndex indexes items. The configuration must be valid.
func NewIndex(cfg Config, items []Item) *Index {
	b := newBuilder(cfg)
	for _, it := range items {
		b.add(it)
	}
	return b.finish()
}

func (b *builder) add(it Item) {
	x := b.index
	x.stats.Read++
	var e indexed
	e.name = it.Name
	if s := it.Answer; s != "" {
		e.answer = b.units(s)
		e.weak = len(e.answer) == 1 && b.seg.weak == 1
	}
	for _, c := range it.Choices {
		if u := b.units(c); len(u) > 0 {
			e.choices = append(e.choices, u)
		}
	}
	b.seg.cut(it.Question)
	lane := b.seg.lane()
	n := x.cfg.lengths()[lane]
	least := x.cfg.MinUnits
	if x.cfg.Method == MethodNGram13 {
		if len(b.seg.hash) < n { // with choices or answer it may be long enough
			b.seg.cut(joined(it))
			lane = b.seg.lane()
			n = x.cfg.lengths()[lane]
		}
	} else if !e.evidence() {
		least = max(least, x.cfg.verbatim(lane))
	}
	if len(b.seg.hash) < max(least, n) {
		x.stats.TooShort++
		return
	}
	if b.duplicate(it) {
		x.stats.Duplicates++
		return
	}
	e.lane, e.units = uint8(lane), uint32(len(b.seg.hash))
	e.hashes = distinct(roll(nil, b.seg.hash, n))
	task, ok := b.tasks[it.Task]
	if !ok {
		task = uint32(len(x.tasks))
		b.tasks[it.Task] = task
		x.tasks = append(x.tasks, it.Task)
	}
	e.task = task
	x.items = append(x.items, e)
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
	b.index.stats.Indexed = int64(len(b.index.items))
	b.index.link()
	return b.index
}

// link numbers the n-grams in order of first appearance and fills the tables that
// follow from the items.
func (x *Index) link() {
	count := 0
	for _, it := range x.items {
		count += len(it.hashes)
	}
	x.table.init(count)
	var df []uint32
	for i := range x.items {
		it := &x.items[i]
		it.grams = make([]uint32, len(it.hashes))
		for k, h := range it.hashes {
			g := x.table.insert(h, uint32(len(df)))
			if int(g) == len(df) {
				df = append(df, 0)
			}
			df[g]++
			it.grams[k] = g
		}
	}
	x.first = make([]uint32, len(df)+1)
	x.idf = make([]float32, len(df))
	for g, n := range df {
		x.first[g+1] = x.first[g] + n
		x.idf[g] = float32(math.Log(1 + float64(len(x.items))/float64(n)))
		if int(n) > x.cfg.HotItems {
			x.stats.HotNGrams++
		}
	}
	x.stats.NGrams = int64(len(df))
	x.postings = make([]uint32, count)
	next := slices.Clone(x.first)
	for i := range x.items {
		it := &x.items[i]
		slices.Sort(it.grams)
		for _, g := range it.grams {
			x.postings[next[g]] = uint32(i)
			next[g]++
			it.total += float64(x.idf[g])
		}
	}
}

// itemsOf returns the items that have n-gram g.
func (x *Index) itemsOf(g uint32) []uint32 { return x.postings[x.first[g]:x.first[g+1]] }

// hot tells whether n-gram g is too common to start from.
func (x *Index) hot(g uint32) bool { return int(x.first[g+1]-x.first[g]) > x.cfg.HotItems }

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
