package clean

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed t2s/characters.txt
var t2sCharacters string

//go:embed t2s/phrases.txt
var t2sPhrases string

// The characters of the dense table: Extension A to the end of the main block.
const (
	hanFirst = 0x3400
	hanLast  = 0x9fff
)

// simplifier converts traditional characters by the longest phrase that starts
// at a place, else by the character alone.
type simplifier struct {
	// hit has a bit for each character of the main blocks that changes or
	// begins a phrase: 3.5 KiB, so that text without any stays in the cache.
	hit   [(hanLast - hanFirst + 64) / 64]uint64
	dense [hanLast - hanFirst + 1]hanEntry
	rare  map[rune]rune // characters beyond the main blocks
	nodes []trieNode
}

// hanEntry is what the tables know of a character.
type hanEntry struct {
	to   rune  // 0: the character stays
	root int32 // node of the phrases that it begins; 0: none
}

// trieNode is one character of a phrase. Siblings form a list.
type trieNode struct {
	r             rune
	child, next   int32 // 0: none
	result        string
	size, changed int // bytes and changed characters of the phrase that ends here
}

var (
	simplifyCharacters = sync.OnceValue(func() *simplifier { return buildSimplifier(false) })
	simplifyPhrases    = sync.OnceValue(func() *simplifier { return buildSimplifier(true) })
)

// newSimplifier returns the shared, read-only tables.
func newSimplifier(phrases bool) *simplifier {
	if phrases {
		return simplifyPhrases()
	}
	return simplifyCharacters()
}

func buildSimplifier(phrases bool) *simplifier {
	t := &simplifier{rare: map[rune]rune{}, nodes: make([]trieNode, 1)}
	pairs := []rune(strings.TrimSpace(t2sCharacters))
	for i := 0; i+1 < len(pairs); i += 2 {
		if k := pairs[i]; k >= hanFirst && k <= hanLast {
			t.dense[k-hanFirst].to = pairs[i+1]
			t.mark(k)
		} else {
			t.rare[k] = pairs[i+1]
		}
	}
	if phrases {
		for line := range strings.Lines(t2sPhrases) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			t.add(key, value)
		}
	}
	return t
}

func (t *simplifier) mark(r rune) { t.hit[(r-hanFirst)/64] |= 1 << ((r - hanFirst) % 64) }

// add puts a phrase, which begins in the main blocks, into the trie.
func (t *simplifier) add(key, value string) {
	first, n := utf8.DecodeRuneInString(key)
	at := t.dense[first-hanFirst].root
	if at == 0 {
		at = t.node(first)
		t.dense[first-hanFirst].root = at
		t.mark(first)
	}
	for _, r := range key[n:] {
		next := t.child(at, r)
		if next == 0 {
			next = t.node(r)
			t.nodes[next].next, t.nodes[at].child = t.nodes[at].child, next
		}
		at = next
	}
	changed, to := 0, []rune(value)
	for i, r := range []rune(key) {
		if i >= len(to) || to[i] != r {
			changed++
		}
	}
	node := &t.nodes[at]
	node.result, node.size, node.changed = value, len(key), changed
}

func (t *simplifier) node(r rune) int32 {
	t.nodes = append(t.nodes, trieNode{r: r})
	return int32(len(t.nodes) - 1)
}

func (t *simplifier) child(at int32, r rune) int32 {
	for k := t.nodes[at].child; k != 0; k = t.nodes[k].next {
		if t.nodes[k].r == r {
			return k
		}
	}
	return 0
}

// phrase returns the longest phrase that goes on from node at with s, or nil.
func (t *simplifier) phrase(at int32, s string) *trieNode {
	var found *trieNode
	for _, r := range s {
		if at = t.child(at, r); at == 0 {
			break
		}
		if t.nodes[at].size > 0 {
			found = &t.nodes[at]
		}
	}
	return found
}

// simplify converts s, which is UTF-8.
func (c *Cleaner) simplify(s string) string {
	t := c.simple
	c.buf = c.buf[:0]
	from, before := 0, c.counts.Simplified
	for i := 0; i < len(s); {
		b := s[i]
		if b < 0xe3 { // below Extension A, or inside a character
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r >= hanFirst && r <= hanLast {
			k := r - hanFirst
			if t.hit[k/64]>>(k%64)&1 == 0 {
				i += n
				continue
			}
			e := t.dense[k]
			if e.root != 0 {
				if p := t.phrase(e.root, s[i+n:]); p != nil {
					c.counts.Simplified += int64(p.changed)
					c.buf = append(append(c.buf, s[from:i]...), p.result...)
					i += p.size
					from = i
					continue
				}
			}
			if to := e.to; to != 0 {
				c.counts.Simplified++
				c.buf = utf8.AppendRune(append(c.buf, s[from:i]...), to)
				from = i + n
			}
		} else if to, ok := t.rare[r]; ok {
			c.counts.Simplified++
			c.buf = utf8.AppendRune(append(c.buf, s[from:i]...), to)
			from = i + n
		}
		i += n
	}
	if c.counts.Simplified == before {
		return s
	}
	c.buf = append(c.buf, s[from:]...)
	return string(c.buf)
}
