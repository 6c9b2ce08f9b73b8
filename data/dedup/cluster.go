package dedup

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// Edge says that two documents are copies of each other.
type Edge struct{ A, B int64 }

// Sets is a union-find over document numbers 0..n-1, eight bytes each. The root
// of a set is its least number, so the result does not depend on the order of
// unions; paths are halved, so that finds take O(log n) amortised at worst and
// nearly always one or two steps.
type Sets struct{ parent []int64 }

// NewSets makes n sets of one.
func NewSets(n int64) *Sets {
	s := &Sets{parent: make([]int64, n)}
	for i := range s.parent {
		s.parent[i] = int64(i)
	}
	return s
}

// Find returns the least number of x's set.
func (s *Sets) Find(x int64) int64 {
	for s.parent[x] != x {
		s.parent[x] = s.parent[s.parent[x]]
		x = s.parent[x]
	}
	return x
}

// Union joins the sets of a and b.
func (s *Sets) Union(a, b int64) {
	a, b = s.Find(a), s.Find(b)
	switch {
	case a < b:
		s.parent[b] = a
	case b < a:
		s.parent[a] = b
	}
}

// flatten points every number at its root. A parent is never above its child, so
// that in ascending order it has been pointed at its root before.
func (s *Sets) flatten() {
	for i, p := range s.parent {
		s.parent[i] = s.parent[p]
	}
}

// Chain says how far likeness carries.
type Chain string

// What a cluster is: all that chains of near copies connect, or those that are
// themselves like the one that stays.
const (
	Transitive Chain = "transitive"
	Canonical  Chain = "canonical"
)

// Validate refuses other values.
func (c Chain) Validate() error {
	if c != Transitive && c != Canonical {
		return fmt.Errorf("chain is %q; it must be %s or %s", c, Transitive, Canonical)
	}
	return nil
}

// Member is a document's place in a cluster of at least two.
type Member struct {
	Doc       int64
	Cluster   int64 // least document number of the cluster
	Size      int64
	Canonical bool // the one that stays
	Exact     bool // an exact copy of a document of the cluster that stays or is better
}

// Clustering joins documents by pairs as they are read, in any order: 16 bytes a
// document, and eight more for the answer.
type Clustering struct{ same, all *Sets }

// NewClustering prepares for the documents 0..n-1.
func NewClustering(n int64) *Clustering {
	return &Clustering{same: NewSets(n), all: NewSets(n)}
}

// Exact joins two documents of equal text.
func (c *Clustering) Exact(a, b int64) {
	c.same.Union(a, b)
	c.all.Union(a, b)
}

// Near joins two documents that are alike.
func (c *Clustering) Near(a, b int64) { c.all.Union(a, b) }

// Members returns the members of all clusters of at least two by document
// number. quality orders a cluster: the highest stays, the lowest number among
// equals. Afterwards c is spent.
func (c *Clustering) Members(quality []float32) iter.Seq[Member] {
	same, all, best := c.resolve(quality)
	return func(yield func(Member) bool) {
		for d := range int64(len(all)) {
			root := rootOf(all, d)
			if -all[root] < 2 {
				continue
			}
			m := Member{Doc: d, Cluster: root, Size: -all[root], Canonical: best[root] == d, Exact: copyOf(same, d) != d}
			if !yield(m) {
				return
			}
		}
	}
}

// resolve turns the parents into answers. A number that is no root holds its
// root; a root of all holds minus the size of its set and best the one that
// stays of it; a root of same holds -1 minus the one that stays of it.
func (c *Clustering) resolve(quality []float32) (same, all, best []int64) {
	same, all = c.same.parent, c.all.parent
	c.same.flatten()
	c.all.flatten()
	best = make([]int64, len(all))
	// Ascending, so that a root comes before its set and equals lose.
	for i := range all {
		d := int64(i)
		if root := all[d]; root == d {
			all[d], best[d] = -1, d
		} else {
			all[root]--
			if cmp.Less(quality[best[root]], quality[d]) {
				best[root] = d
			}
		}
		if root := same[d]; root == d {
			same[d] = -1 - d
		} else if cmp.Less(quality[-1-same[root]], quality[d]) {
			same[root] = -1 - d
		}
	}
	return same, all, best
}

// rootOf returns the root of d in resolved parents.
func rootOf(resolved []int64, d int64) int64 {
	if resolved[d] < 0 {
		return d
	}
	return resolved[d]
}

// copyOf returns the document that stays of d and its exact copies.
func copyOf(same []int64, d int64) int64 { return -1 - same[rootOf(same, d)] }

// Leaders returns the members by document number as [Clustering.Members] does,
// with clusters in which each is alike the one that stays: from the best on, a
// document joins the first that stays and is alike, or else stays itself. So
// where a is like b and b like c, but c is unlike a, both a and c stay. alike is
// asked for a document that stays and another of the same chain; exact copies go
// where the first of them goes, unasked. Afterwards c is spent.
func (c *Clustering) Leaders(quality []float32, alike func(stays, doc int64) bool) []Member {
	same, all, leader := c.resolve(quality)
	var docs []int64
	for d := range int64(len(all)) {
		if -all[rootOf(all, d)] > 1 {
			docs = append(docs, d)
		}
	}
	slices.SortFunc(docs, func(x, y int64) int {
		return cmp.Or(cmp.Compare(rootOf(all, x), rootOf(all, y)), cmp.Compare(quality[y], quality[x]), cmp.Compare(x, y))
	})
	// From here on leader[d] is who stays of d's cluster.
	root, leaders := int64(-1), []int64(nil)
	for _, d := range docs {
		if r := rootOf(all, d); r != root {
			root, leaders = r, leaders[:0]
		}
		if first := copyOf(same, d); first != d {
			leader[d] = leader[first]
			continue
		}
		i := slices.IndexFunc(leaders, func(l int64) bool { return alike(l, d) })
		if i < 0 {
			i = len(leaders)
			leaders = append(leaders, d)
		}
		leader[d] = leaders[i]
	}
	return led(docs, leader, same)
}

// led makes members of documents that know who stays of their cluster.
func led(docs, leader, same []int64) []Member {
	slices.SortFunc(docs, func(x, y int64) int { return cmp.Or(cmp.Compare(leader[x], leader[y]), cmp.Compare(x, y)) })
	var members []Member
	for len(docs) > 0 {
		first := docs[0]
		n := slices.IndexFunc(docs, func(d int64) bool { return leader[d] != leader[first] })
		if n < 0 {
			n = len(docs)
		}
		if n > 1 {
			for _, d := range docs[:n] {
				members = append(members, Member{Doc: d, Cluster: first, Size: int64(n), Canonical: leader[d] == d, Exact: copyOf(same, d) != d})
			}
		}
		docs = docs[n:]
	}
	slices.SortFunc(members, func(x, y Member) int { return cmp.Compare(x.Doc, y.Doc) })
	return members
}

// Clusters joins edges that are at hand and returns the members; see
// [Clustering].
func Clusters(n int64, exact, near []Edge, quality []float32) []Member {
	c := NewClustering(n)
	for _, e := range exact {
		c.Exact(e.A, e.B)
	}
	for _, e := range near {
		c.Near(e.A, e.B)
	}
	return slices.Collect(c.Members(quality))
}
