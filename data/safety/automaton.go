package safety

import "slices"

// automaton finds terms in a row of symbols (Aho and Corasick 1975). Transitions
// from the first state are a table, all others lie in one hash table, which keeps
// a lexicon of any size compact.
type automaton struct {
	root  []int32 // by symbol
	keys  []uint64
	next  []int32
	fail  []int32 // longest proper suffix that is a prefix of a term
	term  []int32 // the term that ends here, or -1
	ends  []int32 // the state itself if a term ends there, else its link
	link  []int32 // nearest state on the chain of suffixes where a term ends, or 0
	depth []uint16
}

// longest is the longest row of symbols of a term.
const longest = 256

// trie is what the automaton is built from.
type trie struct {
	children []map[uint16]int32
	term     []int32
	depth    []uint16
}

func newTrie() *trie {
	return &trie{children: []map[uint16]int32{{}}, term: []int32{-1}, depth: []uint16{0}}
}

// add puts a term into the trie, in the place of an equal one.
func (t *trie) add(symbols []uint16, id int32) {
	at := int32(0)
	for _, s := range symbols {
		child, ok := t.children[at][s]
		if !ok {
			child = int32(len(t.children))
			t.children[at][s] = child
			t.children = append(t.children, map[uint16]int32{})
			t.term = append(t.term, -1)
			t.depth = append(t.depth, t.depth[at]+1)
		}
		at = child
	}
	t.term[at] = id
}

// build links the states of a trie breadth first.
func (t *trie) build(symbols int) *automaton {
	n := len(t.children)
	size := 16
	for size < 2*n {
		size *= 2
	}
	a := &automaton{
		root: make([]int32, symbols), keys: make([]uint64, size), next: make([]int32, size),
		fail: make([]int32, n), ends: make([]int32, n), link: make([]int32, n), term: t.term, depth: t.depth,
	}
	queue := []int32{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, s := range sortedKeys(t.children[at]) {
			child := t.children[at][s]
			if at == 0 {
				a.root[s] = child
			} else {
				a.put(at, s, child)
				a.fail[child] = a.step(a.fail[at], s)
			}
			a.link[child] = a.ends[a.fail[child]]
			a.ends[child] = a.link[child]
			if t.term[child] >= 0 {
				a.ends[child] = child
			}
			queue = append(queue, child)
		}
	}
	return a
}

func sortedKeys(m map[uint16]int32) []uint16 {
	keys := make([]uint16, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func edge(state int32, symbol uint16) uint64 { return uint64(state)<<16 | uint64(symbol) }

// slot is where the search for an edge begins (Fibonacci hashing).
func (a *automaton) slot(key uint64) uint64 {
	return key * 0x9e3779b97f4a7c15 >> 32 & uint64(len(a.keys)-1)
}

func (a *automaton) put(state int32, symbol uint16, to int32) {
	key := edge(state, symbol)
	i := a.slot(key)
	for a.next[i] != 0 {
		i = (i + 1) & uint64(len(a.keys)-1)
	}
	a.keys[i], a.next[i] = key, to
}

// step returns the state behind state and symbol.
func (a *automaton) step(state int32, symbol uint16) int32 {
	if symbol == unknown {
		return 0
	}
	for state != 0 {
		key := edge(state, symbol)
		for i := a.slot(key); a.next[i] != 0; i = (i + 1) & uint64(len(a.keys)-1) {
			if a.keys[i] == key {
				return a.next[i]
			}
		}
		state = a.fail[state]
	}
	return a.root[symbol]
}
