package dense

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Member is a document of a cluster.
type Member struct {
	Doc     int64
	Quality float32
	Vector  []float32 // as [Model.Assign] made it
}

// Match is the likest of the better members that a document met.
type Match struct {
	Doc int64
	Sim float32 // cosine, -1 when it met none
	To  int64   // that member, the lowest number among equals; -1 when it met none
}

// Merge returns the likest match of a document that was compared in several
// clusters.
func (m Match) Merge(o Match) Match {
	if o.Sim > m.Sim || o.Sim == m.Sim && o.To >= 0 && (m.To < 0 || o.To < m.To) {
		return o
	}
	return m
}

// Edge says that a document is a copy of a better one.
type Edge struct{ Doc, Better int64 }

// Counts add up what clusters came to.
type Counts struct {
	Clusters int64 `json:"clusters"`
	Largest  int64 `json:"largest_cluster"`
	Members  int64 `json:"members"` // a document counts in every cluster it is compared in
	Pairs    int64 `json:"pairs_compared"`
	Edges    int64 `json:"edges"`
}

// Add adds the counts of another partition.
func (c *Counts) Add(o Counts) {
	c.Clusters += o.Clusters
	c.Largest = max(c.Largest, o.Largest)
	c.Members += o.Members
	c.Pairs += o.Pairs
	c.Edges += o.Edges
}

// maxEdges bounds the edges of one document in one cluster. They go to the best
// members, one of which nearly always stays.
const maxEdges = 8

// Within compares all members of one cluster, which it sorts from the best on:
// highest quality, then lowest number. It returns the likest better member of
// each, in that order, and an edge wherever the cosine with a better one is above
// 1 - epsilon, to the eight best of those. The work grows with the square of the
// members.
func Within(epsilon float64, members []Member, counts *Counts) ([]Match, []Edge) {
	slices.SortFunc(members, func(x, y Member) int { return better(x.Quality, y.Quality, x.Doc, y.Doc) })
	bound := 1 - epsilon
	matches := make([]Match, len(members))
	var edges []Edge
	for i, m := range members {
		likest, n := Match{m.Doc, -1, -1}, 0
		for _, o := range members[:i] {
			s := min(max(dot(m.Vector, o.Vector), -1), 1)
			likest = likest.Merge(Match{m.Doc, s, o.Doc})
			if float64(s) > bound && n < maxEdges {
				edges = append(edges, Edge{m.Doc, o.Doc})
				n++
			}
		}
		matches[i] = likest
	}
	n := int64(len(members))
	counts.Clusters += min(n, 1)
	counts.Largest = max(counts.Largest, n)
	counts.Members += n
	counts.Pairs += n * (n - 1) / 2
	counts.Edges += int64(len(edges))
	return matches, edges
}

// better orders documents from the best on: highest quality, then lowest number.
func better(p, q float32, a, b int64) int {
	return cmp.Or(cmp.Compare(q, p), cmp.Compare(a, b))
}

// Copies decides, from the best document on, who goes: whoever has an edge to
// one that stays. It returns these edges, one per document that goes, by document
// number: of several the one to the best. quality is that of all documents by
// number. The order of edges and repetitions make no difference; edges are
// sorted in place.
func Copies(edges []Edge, quality []float32) ([]Edge, error) {
	n := int64(len(quality))
	for _, e := range edges {
		if min(e.Doc, e.Better) < 0 || max(e.Doc, e.Better) >= n {
			return nil, fmt.Errorf("dense: an edge from document %d to %d, of %d documents", e.Doc, e.Better, n)
		}
		if better(quality[e.Better], quality[e.Doc], e.Better, e.Doc) >= 0 {
			return nil, errNotBetter
		}
	}
	slices.SortFunc(edges, func(x, y Edge) int {
		return cmp.Or(better(quality[x.Doc], quality[y.Doc], x.Doc, y.Doc), better(quality[x.Better], quality[y.Better], x.Better, y.Better))
	})
	gone := make([]bool, n)
	var out []Edge
	for _, e := range edges {
		if !gone[e.Doc] && !gone[e.Better] {
			gone[e.Doc] = true
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(x, y Edge) int { return cmp.Compare(x.Doc, y.Doc) })
	return out, nil
}

// errNotBetter is for edges made with other qualities than those they are
// resolved with.
var errNotBetter = errors.New("dense: an edge to a document that is not better; were the qualities the same when clusters were compared?")
