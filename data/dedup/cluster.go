package dedup

import "slices"

// Edge says that two documents are copies of each other.
type Edge struct{ A, B int64 }

// Sets is a union-find over document numbers 0..n-1, eight bytes each. The root
// of a set is its least number, so the result does not depend on the order of
// unions.
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

// Member is a document's place in a cluster of at least two.
type Member struct {
	Doc       int64
	Cluster   int64 // least document number of the cluster
	Size      int64
	Canonical bool // the one that stays
	Exact     bool // an exact copy of a document of the cluster that stays or is better
}

// Clusters joins the edges and returns the members of all clusters of at least
// two, by document number. quality orders a cluster: the highest stays, the
// lowest number among equals. exact are the edges between equal texts, near the
// others.
func Clusters(n int64, exact, near []Edge, quality []float32) []Member {
	same, all := NewSets(n), NewSets(n)
	for _, e := range exact {
		same.Union(e.A, e.B)
		all.Union(e.A, e.B)
	}
	for _, e := range near {
		all.Union(e.A, e.B)
	}
	docs := touched(exact, near)
	size, best := map[int64]int64{}, map[int64]int64{}
	bestOfSame := map[int64]int64{}
	better := func(m map[int64]int64, root, doc int64) {
		if old, ok := m[root]; !ok || quality[doc] > quality[old] {
			m[root] = doc // documents come in ascending order: equals lose
		}
	}
	for _, d := range docs {
		root := all.Find(d)
		size[root]++
		better(best, root, d)
		better(bestOfSame, same.Find(d), d)
	}
	members := make([]Member, len(docs))
	for i, d := range docs {
		root := all.Find(d)
		members[i] = Member{
			Doc: d, Cluster: root, Size: size[root],
			Canonical: best[root] == d, Exact: bestOfSame[same.Find(d)] != d,
		}
	}
	return members
}

// touched returns the documents that edges name, sorted, each once.
func touched(lists ...[]Edge) []int64 {
	var docs []int64
	for _, l := range lists {
		for _, e := range l {
			docs = append(docs, e.A, e.B)
		}
	}
	slices.Sort(docs)
	return slices.Compact(docs)
}
