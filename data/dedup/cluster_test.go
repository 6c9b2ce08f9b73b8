package dedup

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestClusters(t *testing.T) {
	quality := []float32{0.5, 0.9, 0.9, 0.1, 0.7, 0.7, 0.2}
	got := Clusters(7, []Edge{{0, 3}, {5, 4}}, []Edge{{0, 2}, {2, 1}}, quality)
	want := []Member{
		{Doc: 0, Cluster: 0, Size: 4},
		{Doc: 1, Cluster: 0, Size: 4, Canonical: true}, // best, and before 2
		{Doc: 2, Cluster: 0, Size: 4},
		{Doc: 3, Cluster: 0, Size: 4, Exact: true}, // a copy of 0
		{Doc: 4, Cluster: 4, Size: 2, Canonical: true},
		{Doc: 5, Cluster: 4, Size: 2, Exact: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Whatever the order of edges, the clusters are the connected components, each
// keeps exactly one document, and that one is the best.
func TestClusterProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		pick := func(name string) []Edge {
			var out []Edge
			for range rapid.IntRange(0, 25).Draw(t, name) {
				out = append(out, Edge{int64(rapid.IntRange(0, n-1).Draw(t, "a")), int64(rapid.IntRange(0, n-1).Draw(t, "b"))})
			}
			return out
		}
		exact, near := pick("exact"), pick("near")
		quality := make([]float32, n)
		for i := range quality {
			quality[i] = float32(rapid.IntRange(0, 3).Draw(t, "quality"))
		}
		got := Clusters(int64(n), exact, near, quality)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shuffled := slices.Clone(near)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for i := range shuffled {
			shuffled[i].A, shuffled[i].B = shuffled[i].B, shuffled[i].A
		}
		if d := cmp.Diff(got, Clusters(int64(n), exact, shuffled, quality)); d != "" {
			t.Fatal(d)
		}
		component := components(n, append(slices.Clone(exact), near...))
		for _, m := range got {
			best, size := m.Doc, int64(0)
			for d := range n {
				if component[d] == component[m.Doc] {
					size++
					if quality[d] > quality[best] || quality[d] == quality[best] && int64(d) < best {
						best = int64(d)
					}
				}
			}
			if m.Cluster != int64(component[m.Doc]) || m.Size != size || m.Canonical != (m.Doc == best) {
				t.Fatalf("%+v: component %d of %d, best %d", m, component[m.Doc], size, best)
			}
		}
	})
}

// components labels connected components by their least member, by repeated
// relaxation.
func components(n int, edges []Edge) []int {
	c := make([]int, n)
	for i := range c {
		c[i] = i
	}
	for changed := true; changed; {
		changed = false
		for _, e := range edges {
			if m := min(c[e.A], c[e.B]); c[e.A] != m || c[e.B] != m {
				c[e.A], c[e.B], changed = m, m, true
			}
		}
	}
	return c
}

// corpus draws documents as small sets, some of them exact copies, with the pairs
// that a search might have found.
type corpus struct {
	sets        [][]uint32
	quality     []float32
	exact, near []Edge
}

func drawCorpus(t *rapid.T) (c corpus) {
	n := rapid.IntRange(1, 25).Draw(t, "n")
	for i := range n {
		if i > 0 && rapid.IntRange(0, 3).Draw(t, "copy") == 0 {
			of := rapid.IntRange(0, i-1).Draw(t, "of")
			c.sets = append(c.sets, c.sets[of])
			c.exact = append(c.exact, Edge{int64(i), int64(of)})
		} else {
			c.sets = append(c.sets, sortedSet(t, "set", 12, 8))
		}
		c.quality = append(c.quality, float32(rapid.IntRange(0, 3).Draw(t, "quality")))
	}
	for i := range n {
		for k := range i {
			if Jaccard(c.sets[i], c.sets[k]) >= 0.5 && rapid.Bool().Draw(t, "found") {
				c.near = append(c.near, Edge{int64(k), int64(i)})
			}
		}
	}
	return c
}

// Of the clusters that Leaders makes each member is like the one that stays,
// which is the best of them; nobody leaves the chain it was in; and those who
// stay of one chain are unlike each other, exact copies apart.
func TestLeaders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCorpus(t)
		n := len(c.sets)
		alike := func(a, b int64) bool { return Jaccard(c.sets[a], c.sets[b]) >= 0.5 }
		build := func(flip bool) []Member {
			cl := NewClustering(int64(n))
			for _, e := range c.exact {
				cl.Exact(e.A, e.B)
			}
			for i := range c.near {
				e := c.near[i]
				if flip {
					e = c.near[len(c.near)-1-i]
					e.A, e.B = e.B, e.A
				}
				cl.Near(e.A, e.B)
			}
			return cl.Leaders(c.quality, alike)
		}
		members := build(false)
		if d := cmp.Diff(members, build(true)); d != "" {
			t.Fatal(d)
		}
		chain := components(n, append(slices.Clone(c.exact), c.near...))
		stays := map[int64]Member{} // by cluster
		sizes := map[int64]int64{}
		for i, m := range members {
			sizes[m.Cluster]++
			if i > 0 && members[i-1].Doc >= m.Doc {
				t.Fatal("members are out of order")
			}
			if m.Canonical {
				if _, ok := stays[m.Cluster]; ok {
					t.Fatalf("two stay of cluster %d", m.Cluster)
				}
				stays[m.Cluster] = m
			}
		}
		single := map[int64]bool{}
		for d := range n {
			single[int64(d)] = true
		}
		for _, m := range members {
			s, ok := stays[m.Cluster]
			if !ok || m.Size != sizes[m.Cluster] || m.Size < 2 {
				t.Fatalf("%+v: cluster of %d, who stays: %v", m, sizes[m.Cluster], ok)
			}
			if !alike(s.Doc, m.Doc) || chain[m.Doc] != chain[s.Doc] {
				t.Fatalf("%+v does not belong to %+v", m, s)
			}
			if q, r := c.quality[m.Doc], c.quality[s.Doc]; q > r || q == r && m.Doc < s.Doc {
				t.Fatalf("%+v is better than %+v", m, s)
			}
			if single[m.Doc] = m.Canonical; m.Exact != (m.Doc != bestCopy(c, m.Doc)) {
				t.Fatalf("%+v: the best of its copies is %d", m, bestCopy(c, m.Doc))
			}
		}
		for a := range int64(n) {
			for b := range a {
				if single[a] && single[b] && chain[a] == chain[b] && alike(a, b) {
					t.Fatalf("%d and %d are alike and both stay", a, b)
				}
			}
		}
	})
}

// bestCopy returns the best of the exact copies of a document.
func bestCopy(c corpus, doc int64) int64 {
	class, best := components(len(c.sets), c.exact), doc
	for d := range int64(len(c.sets)) {
		if class[d] == class[doc] && (c.quality[d] > c.quality[best] || c.quality[d] == c.quality[best] && d < best) {
			best = d
		}
	}
	return best
}

func TestChain(t *testing.T) {
	for _, c := range []Chain{Transitive, Canonical} {
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
	if err := Chain("loose").Validate(); err == nil || !strings.Contains(err.Error(), "transitive or canonical") {
		t.Error(err)
	}
}

// A long chain is the worst case for paths: half of all unions hang a root under
// the next.
func TestLongChain(t *testing.T) {
	const n = 200_000
	s := NewSets(n)
	for i := int64(n - 1); i > 0; i-- {
		s.Union(i, i-1)
	}
	if s.flatten(); slices.Max(s.parent) != 0 {
		t.Error("the chain is not one set")
	}
}

// BenchmarkClustering joins five million documents by as many pairs.
func BenchmarkClustering(b *testing.B) {
	const n = 5_000_000
	rng := rand.New(rand.NewPCG(1, 2))
	edges := make([]Edge, n)
	for i := range edges { // half of the documents in clusters of a few, some large
		a := rng.Int64N(n / 2)
		edges[i] = Edge{a, min(n-1, a+1+rng.Int64N(1+rng.Int64N(1000)))}
	}
	quality := make([]float32, n)
	for i := range quality {
		quality[i] = rng.Float32()
	}
	b.ReportAllocs()
	for b.Loop() {
		c := NewClustering(n)
		for _, e := range edges {
			c.Near(e.A, e.B)
		}
		for m := range c.Members(quality) {
			if m.Size < 2 {
				b.Fatal("a member alone")
			}
		}
	}
}
