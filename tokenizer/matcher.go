package tokenizer

import "sort"

// prefixMatcher finds the longest of a set of pieces at the start of a text.
// It is a byte trie in flat arrays: the children of node n are
// children[first[n]:first[n+1]] in order of their label.
type prefixMatcher struct {
	starts [256]bool // bytes some piece starts with: the cheap test
	first  []int32
	label  []byte
	child  []int32
	value  []int32 // id ending at the node, or -1
	ids    map[int32]bool
	// reserved tells that the pieces only programs may write are among the set.
	reserved bool
}

type matchEntry struct {
	text string
	id   int32
}

// newPrefixMatcher builds the trie breadth first. Entries are distinct and not
// empty.
func newPrefixMatcher(entries []matchEntry) *prefixMatcher {
	sort.Slice(entries, func(i, j int) bool { return entries[i].text < entries[j].text })
	m := &prefixMatcher{ids: make(map[int32]bool, len(entries))}
	type span struct{ lo, hi, depth int }
	queue := []span{{0, len(entries), 0}}
	for n := 0; n < len(queue); n++ {
		s := queue[n]
		m.first = append(m.first, int32(len(m.label)))
		m.value = append(m.value, -1)
		i := s.lo
		if i < s.hi && len(entries[i].text) == s.depth {
			m.value[n] = entries[i].id
			i++
		}
		for i < s.hi {
			b, j := entries[i].text[s.depth], i
			for j < s.hi && entries[j].text[s.depth] == b {
				j++
			}
			m.label = append(m.label, b)
			m.child = append(m.child, int32(len(queue)))
			queue = append(queue, span{i, j, s.depth + 1})
			i = j
		}
	}
	m.first = append(m.first, int32(len(m.label)))
	for _, e := range entries {
		m.starts[e.text[0]] = true
		m.ids[e.id] = true
	}
	return m
}

// match returns the length and the id of the longest piece that s starts with,
// or zero.
func (m *prefixMatcher) match(s []byte) (length int, id int32) {
	node := int32(0)
	for i, b := range s {
		next := int32(-1)
		for k := m.first[node]; k < m.first[node+1]; k++ {
			if m.label[k] == b {
				next = m.child[k]
				break
			}
		}
		if next < 0 {
			break
		}
		node = next
		if v := m.value[node]; v >= 0 {
			length, id = i+1, v
		}
	}
	return length, id
}

// has reports whether a piece is in the set.
func (m *prefixMatcher) has(id int32) bool { return m.ids[id] }
