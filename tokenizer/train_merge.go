package tokenizer

import (
	"context"
	"fmt"
	"math"
	"unicode/utf8"
)

// The learner keeps all different words in one array of character slots,
// separated by noSlot. A symbol of k characters occupies k slots and stands in
// the first and the last of them, so both neighbours are found without links.
const (
	noSlot    = int32(-1) // end of a word, or a character outside the alphabet
	insidePad = int32(-2) // between the first and the last slot of a symbol
)

// pairStat is an adjacent pair of symbols: how often it occurs (weighted by the
// words' counts, overlaps included) and where it did (entries may be stale).
type pairStat struct {
	left, right int32
	count       int64
	at          []int32
	done        bool // accepted, or a second way to make an accepted piece
}

type learner struct {
	rules   *pieceRules
	slots   []int32
	wordOf  []int32 // slot -> index into counts
	counts  []int64
	symbols [][]rune
	pairs   map[uint64]int32 // -1: not a valid piece
	stats   []pairStat
	fresh   []int32 // pairs made since the last accepted piece
	queue   pairQueue
}

// learnMerges returns up to wanted pieces in the order of their merging.
func learnMerges(ctx context.Context, rules *pieceRules, alphabet []rune, words []wordCount, wanted int, report *TrainReport) ([]string, error) {
	l, err := newLearner(rules, alphabet, words)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool)
	var pieces []string
	for len(pieces) < wanted {
		if len(pieces)%256 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		l.enqueueFresh()
		best := l.next()
		if best < 0 {
			break
		}
		s := &l.stats[best]
		s.done = true
		piece := string(l.symbols[s.left]) + string(l.symbols[s.right])
		if known[piece] {
			// The same text by other halves. SentencePiece leaves these in
			// halves while learning; they merge when encoding.
			s.at = nil
			continue
		}
		known[piece] = true
		pieces = append(pieces, piece)
		report.LastCount = s.count
		l.accept(best)
	}
	report.Merges = len(pieces)
	return pieces, nil
}

func newLearner(rules *pieceRules, alphabet []rune, words []wordCount) (*learner, error) {
	l := &learner{rules: rules, pairs: make(map[uint64]int32)}
	symbolOf := make(map[rune]int32, len(alphabet))
	for i, r := range alphabet {
		symbolOf[r] = int32(i)
		l.symbols = append(l.symbols, []rune{r})
	}
	size := 1
	for _, w := range words {
		size += utf8.RuneCountInString(w.text) + 1
	}
	if size > math.MaxInt32 {
		return nil, fmt.Errorf("the different words of the text hold %d characters; at most %d are supported: lower max_distinct_words", size, math.MaxInt32)
	}
	l.slots, l.wordOf = make([]int32, 0, size), make([]int32, 0, size)
	push := func(symbol, word int32) {
		l.slots, l.wordOf = append(l.slots, symbol), append(l.wordOf, word)
	}
	push(noSlot, 0)
	for i, w := range words {
		l.counts = append(l.counts, w.count)
		for _, r := range w.text {
			if symbol, ok := symbolOf[r]; ok {
				push(symbol, int32(i))
			} else {
				push(noSlot, int32(i))
			}
		}
		push(noSlot, int32(i))
	}
	for i := range l.slots[1:] {
		l.adjust(l.slots[i], l.slots[i+1], int32(i), l.counts[l.wordOf[i]])
	}
	return l, nil
}

// adjust changes the count of a pair whose left symbol starts at slot at. A
// positive change also records the place.
func (l *learner) adjust(left, right, at int32, change int64) {
	if left < 0 || right < 0 {
		return
	}
	key := uint64(left)<<32 | uint64(right)
	i, ok := l.pairs[key]
	if !ok {
		if i = -1; l.rules.valid(l.symbols[left], l.symbols[right]) {
			i = int32(len(l.stats))
			l.stats = append(l.stats, pairStat{left: left, right: right})
			l.fresh = append(l.fresh, i)
		}
		l.pairs[key] = i
	}
	if i < 0 || l.stats[i].done {
		return
	}
	s := &l.stats[i]
	s.count += change
	if change > 0 {
		s.at = append(s.at, at)
	}
}

// accept replaces every occurrence of a pair by a new symbol.
func (l *learner) accept(pair int32) {
	left, right, at := l.stats[pair].left, l.stats[pair].right, l.stats[pair].at
	l.stats[pair].at = nil
	merged := int32(len(l.symbols))
	l.symbols = append(l.symbols, append(append([]rune(nil), l.symbols[left]...), l.symbols[right]...))
	for _, a := range at {
		b := a + int32(len(l.symbols[left]))
		if l.slots[a] != left || l.slots[b] != right {
			continue
		}
		end := b + int32(len(l.symbols[right])) // one past
		count := l.counts[l.wordOf[a]]
		before, after := l.slots[a-1], l.slots[end]
		if before >= 0 {
			l.adjust(before, left, 0, -count)
		}
		if after >= 0 {
			l.adjust(right, after, 0, -count)
		}
		l.slots[b-1], l.slots[b] = insidePad, insidePad
		l.slots[a], l.slots[end-1] = merged, merged
		if before >= 0 {
			l.adjust(before, merged, a-int32(len(l.symbols[before])), count)
		}
		if after >= 0 {
			l.adjust(merged, after, a, count)
		}
	}
}

// enqueueFresh puts the new pairs in the queue, now that their counts stand.
func (l *learner) enqueueFresh() {
	for _, i := range l.fresh {
		if l.stats[i].count > 0 {
			l.queue.push(l, queued{l.stats[i].count, i})
		}
	}
	l.fresh = l.fresh[:0]
}

// next takes the best pair, or returns -1. Counts only fall after a pair is
// queued, so an entry that is out of date goes back with its true count.
func (l *learner) next() int32 {
	for len(l.queue) > 0 {
		top := l.queue.pop(l)
		count := l.stats[top.pair].count
		switch {
		case count == top.count:
			return top.pair
		case count > 0:
			l.queue.push(l, queued{count, top.pair})
		default:
			l.stats[top.pair].at = nil
		}
	}
	return -1
}

// better orders the queue: count, then fewer characters, then byte order of the
// text, then the pair that was seen first.
func (l *learner) better(a, b queued) bool {
	if a.count != b.count {
		return a.count > b.count
	}
	p, q := &l.stats[a.pair], &l.stats[b.pair]
	pl, ql := l.symbols[p.left], l.symbols[q.left]
	pr, qr := l.symbols[p.right], l.symbols[q.right]
	n, m := len(pl)+len(pr), len(ql)+len(qr)
	if n != m {
		return n < m
	}
	for i := range n {
		x, y := runeAt(pl, pr, i), runeAt(ql, qr, i)
		if x != y {
			return x < y // code point order is the byte order of UTF-8
		}
	}
	return a.pair < b.pair
}

func runeAt(left, right []rune, i int) rune {
	if i < len(left) {
		return left[i]
	}
	return right[i-len(left)]
}

// queued is an entry of the queue with the count it was queued for.
type queued struct {
	count int64
	pair  int32
}

// pairQueue is a binary heap with the best pair first.
type pairQueue []queued

func (q *pairQueue) push(l *learner, e queued) {
	*q = append(*q, e)
	h := *q
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !l.better(e, h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
}

func (q *pairQueue) pop(l *learner) queued {
	h := *q
	top, e := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*q = h
	if len(h) == 0 {
		return top
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && l.better(h[child+1], h[child]) {
			child++
		}
		if !l.better(h[child], e) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = e
	return top
}
