package tokenizer

import "math"

// merger holds one run of symbols while it merges. After merge, syms and ends
// are the result: symbol i covers the bytes from ends[i-1] (or 0) to ends[i].
type merger struct {
	table *symbolTable
	syms  []int32
	ends  []int32

	next []int32
	prev []int32
	heap []candidate
	// history records how each unused piece was last made, when not nil.
	history map[int32][2]int32
}

func (m *merger) reset() {
	m.syms, m.ends = m.syms[:0], m.ends[:0]
}

func (m *merger) push(sym, end int32) {
	m.syms = append(m.syms, sym)
	m.ends = append(m.ends, end)
}

// pair returns what symbols a and b make and its rank.
func (m *merger) pair(a, b int32) (merged, rank int32) {
	if merged = m.table.pairs.get(a, b); merged != noSymbol {
		return merged, m.table.rank[merged]
	}
	return noSymbol, noRank
}

// candidate is a possible merge in the heap: order is rank, then left index.
type candidate struct {
	order  uint64
	right  int32
	merged int32
}

// merge applies merges until none is possible, from a priority queue: O(n log n)
// whatever the text. The symbols form a linked list; an entry is stale when
// either end has changed since it was pushed.
func (m *merger) merge() {
	n := len(m.syms)
	m.next, m.prev = grow(m.next, n), grow(m.prev, n)
	syms, ends, next, prev := m.syms, m.ends, m.next[:n], m.prev[:n]
	for i := range n {
		next[i], prev[i] = int32(i+1), int32(i-1)
	}
	m.heap = m.heap[:0]
	for i := 0; i+1 < n; i++ {
		m.offer(int32(i), int32(i+1))
	}
	m.heapify()
	for len(m.heap) > 0 {
		c := m.pop()
		left, right := int32(c.order&math.MaxUint32), c.right
		// A symbol that was merged away is noSymbol, which is in no pair.
		if m.table.pairs.get(syms[left], syms[right]) != c.merged {
			continue
		}
		syms[left], ends[left] = c.merged, ends[right]
		syms[right] = noSymbol
		after := next[right]
		next[left], next[right] = after, -1
		if int(after) < n {
			prev[after] = left
		}
		if prev[left] >= 0 && m.offer(prev[left], left) {
			m.up(len(m.heap) - 1)
		}
		if int(after) < n && m.offer(left, after) {
			m.up(len(m.heap) - 1)
		}
	}
	out := 0
	for i := 0; i < n; i = int(next[i]) {
		syms[out], ends[out] = syms[i], ends[i]
		out++
	}
	m.syms, m.ends = syms[:out], ends[:out]
}

// offer appends the pair to the heap's slice if it makes a piece; the caller
// restores the heap order.
func (m *merger) offer(left, right int32) bool {
	merged, rank := m.pair(m.syms[left], m.syms[right])
	if merged == noSymbol {
		return false
	}
	if m.history != nil {
		m.history[merged] = [2]int32{m.syms[left], m.syms[right]}
	}
	m.heap = append(m.heap, candidate{uint64(rank)<<32 | uint64(uint32(left)), right, merged})
	return true
}

func (m *merger) heapify() {
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
}

func (m *merger) pop() candidate {
	top, last := m.heap[0], len(m.heap)-1
	m.heap[0] = m.heap[last]
	m.heap = m.heap[:last]
	m.down(0)
	return top
}

func (m *merger) up(i int) {
	h := m.heap
	c := h[i]
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].order <= c.order {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = c
}

func (m *merger) down(i int) {
	h := m.heap
	if i >= len(h) {
		return
	}
	c := h[i]
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].order < h[child].order {
			child++
		}
		if c.order <= h[child].order {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = c
}

// grow returns a slice of at least n elements, reusing s.
func grow(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n+n/2)
	}
	return s[:cap(s)]
}
