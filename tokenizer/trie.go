package tokenizer

import (
	"cmp"
	"slices"
)

// pieceTrie is a double-array trie over bytes (Aoe 1989): the child of node n by
// byte b is units[n].base ^ b, provided that this unit names n as its parent.
// One look at memory for every byte, whatever the number of children. The root
// is unit 0.
type pieceTrie struct {
	units []trieUnit
}

type trieUnit struct {
	base   int32
	parent int32 // freeUnit when no node is here
	value  int32 // id of the piece that ends here, or -1
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
	next := t.units[node].base ^ int32(b)
	if t.units[next].parent != node {
		return -1
	}
	return next
}

// trieBuilder places nodes. The free units form a ring in which the search
// goes on where the last one ended, so that crowded places are not searched
// again for every node.
type trieBuilder struct {
	units      []trieUnit
	next, prev []int32
	free       int32 // some free unit, or -1
}

// newPieceTrie builds the trie of entries, breadth first. The texts are distinct
// and not empty. It sorts entries.
func newPieceTrie(entries []matchEntry) *pieceTrie {
	slices.SortFunc(entries, func(a, b matchEntry) int { return cmp.Compare(a.text, b.text) })
	b := &trieBuilder{free: -1}
	b.grow()
	b.take(0, rootUnit)
	type span struct{ lo, hi, depth, node int32 }
	queue := []span{{0, int32(len(entries)), 0, 0}}
	var labels []byte
	var cuts []int32 // where the entries of each label end
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		i := s.lo
		if i < s.hi && len(entries[i].text) == int(s.depth) {
			b.units[s.node].value = entries[i].id
			i++
		}
		first := i
		labels, cuts = labels[:0], cuts[:0]
		for ; i < s.hi; i++ {
			c := entries[i].text[s.depth]
			if n := len(labels); n == 0 || labels[n-1] != c {
				labels, cuts = append(labels, c), append(cuts, i)
			}
			cuts[len(cuts)-1] = i + 1
		}
		if len(labels) == 0 {
			continue
		}
		base := b.place(labels)
		b.units[s.node].base = base
		for k, c := range labels {
			node := base ^ int32(c)
			b.take(node, s.node)
			queue = append(queue, span{first, cuts[k], s.depth + 1, node})
			first = cuts[k]
		}
	}
	return &pieceTrie{units: b.units}
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
		b.units = append(b.units, trieUnit{parent: freeUnit, value: -1})
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
