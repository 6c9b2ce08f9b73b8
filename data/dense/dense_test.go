package dense

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestConfig(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{Dim: 20, Clusters: -1, Epsilon: math.NaN(), Margin: 2}.Validate()
	for _, key := range []string{"dim is 20; it must be a multiple", "word_ngram", "char_ngram", "min_units", "clusters", "margin", "sample", "iterations", "epsilon"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("the error does not name %s: %v", key, err)
		}
	}
	for n, want := range map[int64]int{0: 1, 999: 1, 50_000: 50, 1 << 40: 4096} {
		if got := Default().ClustersFor(n); got != want {
			t.Errorf("%d clusters for %d documents, want %d", got, n, want)
		}
	}
	if got := (Config{Clusters: 7}).ClustersFor(1e6); got != 7 {
		t.Errorf("%d clusters", got)
	}
}

// word draws a word that no other draw gives.
func word(rng *rand.Rand) string {
	b := make([]byte, 12)
	for i := range b {
		b[i] = byte('a' + rng.IntN(26))
	}
	return string(b)
}

// The cosine of two vectors is that of the weighted counts of their words, but
// for the error of a random projection, which has no bias.
func TestEmbedKeepsCosines(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	cfg := Default()
	e := NewEmbedder(cfg)
	var sum, square, bound float64
	const trials = 1500
	for range trials {
		kinds := 20 + rng.IntN(200)
		words := make([]string, kinds)
		for i := range words {
			words[i] = word(rng)
		}
		shared := rng.IntN(kinds)
		var counts [2]map[string]float64
		var vectors [2][]float32
		for side := range 2 {
			counts[side] = map[string]float64{}
			var text strings.Builder
			for i, w := range words {
				if i >= shared && i%2 == side {
					continue
				}
				n := 1 + int(rng.ExpFloat64())
				counts[side][w] = float64(n)
				text.WriteString(strings.Repeat(w+" ", n))
			}
			vectors[side] = slices.Clone(e.Embed(text.String()))
		}
		if vectors[0] == nil || vectors[1] == nil {
			continue
		}
		exact := cosine(counts[0], counts[1])
		d := float64(dot(vectors[0], vectors[1])) - exact
		sum += d
		square += d * d
		bound += (1 - exact*exact) * (1 - exact*exact) / float64(cfg.Dim)
	}
	t.Logf("bias %+.4f, standard error %.4f; by theory about %.4f", sum/trials, math.Sqrt(square/trials), math.Sqrt(bound/trials))
	if math.Abs(sum) > 4*math.Sqrt(square) {
		t.Errorf("cosines are off by %g on average", sum/trials)
	}
	if square > 1.3*bound {
		t.Errorf("the squared error is %g, by theory %g", square, bound)
	}
}

func cosine(a, b map[string]float64) float64 {
	weight := func(n float64) float64 { return 1 + math.Log(n) }
	var ab, aa, bb float64
	for w, n := range a {
		aa += weight(n) * weight(n)
		if m := b[w]; m > 0 {
			ab += weight(n) * weight(m)
		}
	}
	for _, n := range b {
		bb += weight(n) * weight(n)
	}
	return ab / math.Sqrt(aa*bb)
}

// A vector depends on which n-grams a text has, not on their order, on case or on
// the texts before; it has length one; and too short texts have none.
func TestEmbed(t *testing.T) {
	used := NewEmbedder(Default())
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(strings.Fields("the cat sat on a mat and then another Dog 春 came 眠")), 0, 60).Draw(t, "words")
		v := slices.Clone(used.Embed(strings.Join(words, " ")))
		if (v == nil) != (len(words) < Default().MinUnits) {
			t.Fatalf("%d words have the vector %v", len(words), v)
		}
		if !slices.Equal(v, NewEmbedder(Default()).Embed(strings.ToUpper(strings.Join(words, ", ")))) {
			t.Fatal("case, punctuation or the text before makes a difference")
		}
		if v == nil {
			return
		}
		if s := float64(dot(v, v)); math.Abs(s-1) > 1e-5 {
			t.Fatalf("length %g", s)
		}
		if !slices.ContainsFunc(words, func(w string) bool { return w == "春" || w == "眠" }) { // those go by pairs where they prevail
			slices.Reverse(words)
			if !slices.Equal(v, used.Embed(strings.Join(words, " "))) {
				t.Fatal("the order of words makes a difference")
			}
		}
	})
	text := strings.Repeat("some words of a text that is as long as any ", 50)
	if n := testing.AllocsPerRun(20, func() { used.Embed(text); used.Embed(text[:300]) }); n != 0 {
		t.Errorf("%g allocations per text", n)
	}
}

// topics draws n vectors around k directions.
func topics(rng *rand.Rand, n, k, dim int, noise float64) (vectors []float32, of []int) {
	directions := make([][]float64, k)
	for c := range directions {
		for range dim {
			directions[c] = append(directions[c], rng.NormFloat64())
		}
	}
	for i := range n {
		c := i % k
		v := make([]float32, dim)
		for d := range v {
			v[d] = float32(3 + directions[c][d] + noise*rng.NormFloat64()) // 3: what all have in common
		}
		unitLength(v)
		vectors, of = append(vectors, v...), append(of, c)
	}
	return vectors, of
}

func TestTrainFindsTopics(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	cfg := Default()
	cfg.Dim, cfg.Iterations = 32, 100
	vectors, of := topics(rng, 2000, 12, cfg.Dim, 0.3)
	const clusters = 24 // twice the topics, lest two topics share a cluster because two seeds fell into one
	var first *Model
	for _, workers := range []int{1, 2, 7} {
		m, fit, err := Train(context.Background(), cfg, clusters, slices.Clone(vectors), workers)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = m
			t.Logf("%+v", fit)
		}
		if d := cmp.Diff(first, m); d != "" {
			t.Fatalf("%d workers: %s", workers, d)
		}
		if fit.Vectors != 2000 || fit.Clusters != clusters || fit.Iterations == 100 || fit.Cosine < 0.85 {
			t.Errorf("%+v", fit)
		}
	}
	// Training has come to rest: every centroid is the direction of its vectors.
	sums := make([][]float64, clusters)
	topic := map[int32]int{}
	mixed := 0
	for i := range of {
		v := make([]float32, cfg.Dim)
		c := first.Assign(v, vectors[i*cfg.Dim:][:cfg.Dim], 0, nil)[0]
		if sums[c] == nil {
			sums[c] = make([]float64, cfg.Dim)
		}
		for d, x := range v {
			sums[c][d] += float64(x)
		}
		if known, ok := topic[c]; ok && known != of[i] {
			mixed++
		}
		topic[c] = of[i]
	}
	if mixed > 0 {
		t.Errorf("%d vectors are in a cluster of another topic", mixed)
	}
	for c, sum := range sums {
		length := 0.0
		for _, s := range sum {
			length += s * s
		}
		for d, s := range sum {
			if got := first.Centroids[c*cfg.Dim+d]; math.Abs(float64(got)-s/math.Sqrt(length)) > 1e-5 {
				t.Fatalf("centroid %d, component %d is %g, want %g", c, d, got, s/math.Sqrt(length))
			}
		}
	}
}

func TestTrainOnLittle(t *testing.T) {
	cfg := Default()
	cfg.Dim = 16
	one := make([]float32, 16)
	one[3] = 1
	two := make([]float32, 16)
	two[5] = 1
	for name, tc := range map[string]struct {
		vectors [][]float32
		k, want int
	}{
		"one vector": {[][]float32{one}, 3, 1}, "equal vectors": {[][]float32{one, one, one}, 2, 1},
		"two kinds": {[][]float32{one, two, one, two}, 4, 2}, "zeros": {[][]float32{make([]float32, 16), make([]float32, 16)}, 1, 1},
	} {
		m, fit, err := Train(context.Background(), cfg, tc.k, slices.Concat(tc.vectors...), 2)
		if err != nil || m.Clusters() != tc.want || fit.Clusters != tc.want {
			t.Errorf("%s: %+v %v", name, fit, err)
			continue
		}
		for _, x := range m.Centroids {
			if x-x != 0 {
				t.Errorf("%s: %v", name, m.Centroids)
			}
		}
	}
	for _, n := range []int{0, 17} {
		if _, _, err := Train(context.Background(), cfg, 1, make([]float32, n), 1); err == nil || !strings.Contains(err.Error(), "min_units") {
			t.Errorf("%d numbers: %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Train(ctx, cfg, 2, slices.Concat(one, two), 1); err != context.Canceled {
		t.Error(err)
	}
}

// Assign names the nearest centroids in order, as sorting all of them does.
func TestAssign(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 12).Draw(t, "k")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		m := &Model{Dim: 16, Mean: make([]float32, 16)}
		for range k {
			c := make([]float32, 16)
			for d := range 2 { // few components, so that some are equally near
				c[rng.IntN(16)] = float32(1 + d)
			}
			unitLength(c)
			m.Centroids = append(m.Centroids, c...)
		}
		v := make([]float32, 16)
		for range 3 {
			v[rng.IntN(16)] = 1
		}
		margin := rapid.SampledFrom([]float64{0, 0.2, 1, 2}).Draw(t, "margin")
		dst := make([]float32, 16)
		got := m.Assign(dst, v, margin, nil)
		near := func(c int32) float64 { return float64(dot(m.Centroids[c*16:][:16], dst)) }
		var want []int32
		for c := range int32(k) {
			want = append(want, c)
		}
		slices.SortStableFunc(want, func(a, b int32) int {
			if near(a) == near(b) {
				return 0
			} else if near(a) > near(b) {
				return -1
			}
			return 1
		})
		want = slices.DeleteFunc(want[:min(k, 4)], func(c int32) bool { return near(c) < near(want[0])-margin })
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
		if c, _ := nearest(m.Centroids, 16, dst); c != got[0] {
			t.Fatalf("nearest is %d, of %v", c, got)
		}
	})
	m := &Model{Dim: 16, Mean: slices.Repeat([]float32{0.25}, 16), Centroids: make([]float32, 16)}
	dst := slices.Repeat([]float32{9}, 16)
	if got := m.Assign(dst, m.Mean, 1, nil); got != nil || slices.Max(dst) != 0 {
		t.Errorf("the mean itself has clusters %v, direction %v", got, dst)
	}
}

// Within and Copies agree with looking at all pairs: whoever goes has one that
// stays, and of those that stay none is another's copy.
func TestCopies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 14).Draw(t, "n")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		vectors, _ := topics(rng, n, 3, 16, rapid.SampledFrom([]float64{0, 0.2, 0.5}).Draw(t, "noise"))
		quality := make([]float32, n)
		members := make([]Member, n)
		for i := range members {
			quality[i] = float32(rng.IntN(3))
			members[i] = Member{int64(i), quality[i], vectors[i*16:][:16]}
		}
		rng.Shuffle(n, func(i, j int) { members[i], members[j] = members[j], members[i] })
		epsilon := rapid.SampledFrom([]float64{0.01, 0.05, 0.2}).Draw(t, "epsilon")
		vector := func(d int64) []float32 { return vectors[d*16:][:16] }
		alike := func(a, b int64) bool { return float64(min(dot(vector(a), vector(b)), 1)) > 1-epsilon }
		first := func(a, b int64) bool { return better(quality[a], quality[b], a, b) < 0 }

		var counts Counts
		matches, edges := Within(epsilon, members, &counts)
		if counts != (Counts{1, int64(n), int64(n), int64(n * (n - 1) / 2), int64(len(edges))}) {
			t.Fatalf("%+v", counts)
		}
		for _, m := range matches {
			want := Match{m.Doc, -1, -1}
			for d := range int64(n) {
				if s := min(dot(vector(m.Doc), vector(d)), 1); first(d, m.Doc) && s > want.Sim {
					want = Match{m.Doc, s, d}
				}
			}
			if m != want {
				t.Fatalf("%+v, want %+v", m, want)
			}
		}
		given := slices.Clone(edges)
		rng.Shuffle(len(edges), func(i, j int) { edges[i], edges[j] = edges[j], edges[i] })
		copies, err := Copies(edges, quality)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Copies(append(given, given...), quality)
		if d := cmp.Diff(copies, again); d != "" {
			t.Fatal(d)
		}
		gone := map[int64]bool{}
		for _, e := range copies {
			gone[e.Doc] = true
		}
		for _, e := range copies {
			if gone[e.Better] || !first(e.Better, e.Doc) || !alike(e.Doc, e.Better) {
				t.Fatalf("%d goes for %d", e.Doc, e.Better)
			}
		}
		for a := range int64(n) {
			for b := range int64(n) {
				// Eight edges a document reach all it can have here but in the densest draws.
				if first(a, b) && !gone[a] && !gone[b] && alike(a, b) && n <= maxEdges {
					t.Fatalf("%d and %d are alike and both stay", a, b)
				}
			}
		}
	})
	for _, e := range []Edge{{0, 5}, {-1, 0}, {0, 1}, {1, 1}} {
		if _, err := Copies([]Edge{e}, []float32{1, 1}); err == nil {
			t.Errorf("%v is taken", e)
		}
	}
}

func TestMerge(t *testing.T) {
	none, a, b := Match{1, -1, -1}, Match{1, 0.5, 7}, Match{1, 0.5, 3}
	for _, tc := range [][3]Match{{none, a, a}, {a, b, b}, {none, none, none}, {a, {1, 0.6, 9}, {1, 0.6, 9}}, {none, {1, -1, 4}, {1, -1, 4}}} {
		if x, y := tc[0].Merge(tc[1]), tc[1].Merge(tc[0]); x != tc[2] || y != tc[2] {
			t.Errorf("%+v and %+v make %+v and %+v", tc[0], tc[1], x, y)
		}
	}
	var sum Counts
	one := Counts{1, 5, 3, 4, 5}
	sum.Add(one)
	if sum.Add(one); sum != (Counts{2, 5, 6, 8, 10}) {
		t.Errorf("%+v", sum)
	}
}

func TestModelAsBytes(t *testing.T) {
	m := &Model{Dim: 16, Mean: slices.Repeat([]float32{0.5}, 16), Centroids: slices.Repeat([]float32{0.25, -1}, 24)}
	b := m.Append(nil)
	got, err := ParseModel(b)
	if err != nil || cmp.Diff(m, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(m, got))
	}
	for _, bad := range [][]byte{nil, b[:20], b[:len(b)-1], append(slices.Clone(b), 0), append([]byte("x"), b[1:]...), append(slices.Clone(b[:len(b)-4]), 0, 0, 0xc0, 0x7f)} {
		if _, err := ParseModel(bad); err == nil || !strings.HasPrefix(err.Error(), "dense: ") {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

func FuzzParseModel(f *testing.F) {
	m := &Model{Dim: 16, Mean: make([]float32, 16), Centroids: make([]float32, 32)}
	f.Add(m.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseModel(b)
		if err == nil && string(m.Append(nil)) != string(b) {
			t.Error("a model that was read is written otherwise")
		}
	})
}
