package tokenizer

import (
	"cmp"
	"math/bits"
	"slices"
)

// pieceTrie is a double-array trie over bytes (Aoe 1989): the child of node n by
// byte b is units[n].base ^ b, provided that this unit names n as its parent.
// One look at memory for every byte, whatever the number of children. The root
// is unit 0.
//
// The search reads eight bytes a step: what the pieces are called lies apart.
type pieceTrie struct {
	units  []trieUnit
	values []int32 // by node; means something where a piece ends
}

type trieUnit struct {
	base   int32 // shifted by kindBits, with the trieKind below
	parent int32 // freeUnit when no node is here
}

// trieKind tells what ends at a node.
type trieKind = int32

const (
	kindNone     trieKind = iota // nothing
	kindSymbol                   // a piece or a character
	kindMark                     // a user-defined piece
	kindReserved                 // a user-defined piece that only programs may write

	kindBits = 2
	kindMask = 1<<kindBits - 1
)

// trieEntry is a text and what stands at its end.
type trieEntry struct {
	text  string
	value int32
	kind  trieKind
	rare  int32 // the less, the oftener it is expected in texts
}

const (
	freeUnit  = -1
	rootUnit  = -2 // parent of the root
	trieBlock = 256
	// maxBaseTries bounds the search for a place with room for all children.
	maxBaseTries = 256
)

// child returns the node that byte b leads to, or -1.
func (t *pieceTrie) child(node int32, b byte) int32 {
	next := t.units[node].base>>kindBits ^ int32(b)
	if t.units[next].parent != node {
		return -1
	}
	return next
}

// kind returns what ends at a node.
func (t *pieceTrie) kind(node int32) trieKind { return t.units[node].base & kindMask }

// find returns the node at the end of text, or -1.
func (t *pieceTrie) find(text string) int32 {
	node := int32(0)
	for i := 0; i < len(text) && node >= 0; i++ {
		node = t.child(node, text[i])
	}
	return node
}

// remove lets nothing end at a node.
func (t *pieceTrie) remove(node int32) { t.units[node].base &^= kindMask }

// trieBuilder places nodes. The free units form a ring in which the search
// goes on where the last one ended, so that crowded places are not searched
// again for every node.
type trieBuilder struct {
	pieceTrie
	next, prev []int32
	free       int32 // some free unit, or -1

	entries []trieEntry
	queues  [33][]trieSpan // by the binary logarithm of rare
	// The children of one node: their labels, where the entries of each end, and
	// the least rare of them.
	labels []byte
	cuts   []int32
	rare   []int32
}

// trieSpan is a node to be placed: its entries, and how many bytes they share.
type trieSpan struct{ lo, hi, depth, node int32 }

// newPieceTrie builds the trie of entries. The texts are distinct and not empty.
// It sorts entries.
//
// Nodes on the way to frequent texts are placed first, by powers of two, so that
// they lie close together: most of the time of a search is waiting for memory.
func newPieceTrie(entries []trieEntry) *pieceTrie {
	slices.SortFunc(entries, func(a, b trieEntry) int { return cmp.Compare(a.text, b.text) })
	b := &trieBuilder{free: -1, entries: entries}
	b.grow()
	b.take(0, rootUnit)
	b.queues[0] = append(b.queues[0], trieSpan{0, int32(len(entries)), 0, 0})
	for i := range b.queues {
		for n := 0; n < len(b.queues[i]); n++ { // children go to this queue or to a later one
			b.expand(b.queues[i][n])
		}
		b.queues[i] = nil
	}
	trie := b.pieceTrie // a copy, so that the rest can go
	return &trie
}

// expand places the children of a node.
func (b *trieBuilder) expand(s trieSpan) {
	i := s.lo
	if i < s.hi && len(b.entries[i].text) == int(s.depth) {
		b.values[s.node] = b.entries[i].value
		b.units[s.node].base |= b.entries[i].kind
		i++
	}
	b.labels, b.cuts, b.rare = b.labels[:0], b.cuts[:0], b.rare[:0]
	first := i
	for ; i < s.hi; i++ {
		c, rare := b.entries[i].text[s.depth], b.entries[i].rare
		n := len(b.labels)
		if n == 0 || b.labels[n-1] != c {
			b.labels, b.cuts, b.rare = append(b.labels, c), append(b.cuts, i), append(b.rare, rare)
			n++
		}
		b.cuts[n-1], b.rare[n-1] = i+1, min(b.rare[n-1], rare)
	}
	if len(b.labels) == 0 {
		return
	}
	base := b.place(b.labels)
	b.units[s.node].base |= base << kindBits
	for k, c := range b.labels {
		node := base ^ int32(c)
		b.take(node, s.node)
		q := &b.queues[bits.Len32(uint32(b.rare[k]))]
		*q = append(*q, trieSpan{first, b.cuts[k], s.depth + 1, node})
		first = b.cuts[k]
	}
}

// place finds a base where the units of all labels are free.
func (b *trieBuilder) place(labels []byte) int32 {
	for range maxBaseTries {
		if b.free < 0 {
			break
		}
		base := b.free ^ int32(labels[0])
		fits := true
		for _, c := range labels[1:] {
			if b.units[base^int32(c)].parent != freeUnit {
				fits = false
				break
			}
		}
		if fits {
			return base
		}
		b.free = b.next[b.free]
	}
	base := int32(len(b.units))
	b.grow()
	b.free = base
	return base
}

// grow adds a block of free units to the ring.
func (b *trieBuilder) grow() {
	first := int32(len(b.units))
	for i := range int32(trieBlock) {
		b.units = append(b.units, trieUnit{parent: freeUnit})
		b.values = append(b.values, -1)
		b.next, b.prev = append(b.next, first+i+1), append(b.prev, first+i-1)
	}
	last := first + trieBlock - 1
	if b.free < 0 {
		b.free = first
		b.next[last], b.prev[first] = first, last
		return
	}
	after := b.next[b.free]
	b.next[b.free], b.prev[first] = first, b.free
	b.next[last], b.prev[after] = after, last
}

// take puts a node into a free unit.
func (b *trieBuilder) take(unit, parent int32) {
	next, prev := b.next[unit], b.prev[unit]
	b.next[prev], b.prev[next] = next, prev
	if b.free == unit {
		b.free = next
		if next == unit {
			b.free = -1
		}
	}
	b.units[unit].parent = parent
}
