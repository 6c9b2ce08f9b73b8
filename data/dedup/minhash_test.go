package dedup

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// Shingles and signatures are those of an implementation in Python that follows
// the definitions without short cuts. Signatures that were stored stay comparable
// as long as this holds.
func TestGolden(t *testing.T) {
	raw, err := os.ReadFile("testdata/minhash.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text                  string
		WordNGram             int `json:"word_ngram"`
		CharNGram             int `json:"char_ngram"`
		Bands, Rows, Shingles int
		Seed                  uint64
		First, Last           uint32
		Signature             []uint32
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 28 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		s := NewSigner(Config{WordNGram: c.WordNGram, CharNGram: c.CharNGram, Bands: c.Bands, Rows: c.Rows, Seed: c.Seed})
		if set := s.Shingles(c.Text); len(set) != c.Shingles || set[0] != c.First || set[len(set)-1] != c.Last {
			t.Errorf("%.20q: %d shingles from %d to %d, want %d from %d to %d", c.Text, len(set), set[0], set[len(set)-1], c.Shingles, c.First, c.Last)
		}
		if got := s.Signature(c.Text); !slices.Equal(got, c.Signature) {
			t.Errorf("%.20q, %d bands of %d: signature %v, want %v", c.Text, c.Bands, c.Rows, got, c.Signature)
		}
	}
}

// plainSketch is Fast Similarity Sketching as its authors write it down, for one
// row: all rounds, none left out.
func plainSketch(set []uint32, fns []affine) []uint64 {
	t := len(fns) / 2
	bins := slices.Repeat([]uint64{math.MaxUint64}, t)
	for i, f := range fns {
		for _, x := range set {
			h := (f.a*uint64(x) + f.b) >> 32
			bin, v := i-t, h
			if i < t {
				bin, v = int(h*uint64(t)>>32), h*uint64(t)&math.MaxUint32
			}
			bins[bin] = min(bins[bin], uint64(i)<<32|v)
		}
		if i < t && !slices.Contains(bins, math.MaxUint64) {
			break
		}
	}
	return bins
}

func TestSketchIsTheAuthors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Default()
		cfg.Bands, cfg.Rows = rapid.IntRange(1, 255).Draw(t, "bands"), rapid.IntRange(1, 3).Draw(t, "rows")
		cfg.Seed = rapid.Uint64().Draw(t, "seed")
		set := rapid.SliceOfN(rapid.Uint32(), 1, 200).Draw(t, "set")
		s := NewSigner(cfg)
		for row := range cfg.Rows {
			fns := s.fns[2*cfg.Bands*row : 2*cfg.Bands*(row+1)]
			s.sketch(set, fns)
			if want := plainSketch(set, fns); !slices.Equal(s.bins[:cfg.Bands], want) {
				t.Fatalf("%v, want %v", s.bins[:cfg.Bands], want)
			}
		}
		whole := slices.Clone(s.sign(set))
		rng := rand.New(rand.NewPCG(cfg.Seed, 1))
		rng.Shuffle(len(set), func(i, j int) { set[i], set[j] = set[j], set[i] })
		if !slices.Equal(whole, s.sign(append(set, set[0]))) {
			t.Fatal("order or repetition makes a difference")
		}
		// A set's bins are the least of its parts' bins, once those are from the
		// rounds the whole set needs: the property that estimates rest on.
		fns := s.fns[:2*cfg.Bands]
		cut := rapid.IntRange(0, len(set)-1).Draw(t, "cut")
		all, left, right := plainSketch(set, fns), plainSketch(set[cut:], fns), plainSketch(set[:cut], fns)
		for i := range all {
			if all[i] != min(left[i], right[i]) {
				t.Fatalf("bin %d is %d, of the parts %d and %d", i, all[i], left[i], right[i])
			}
		}
	})
}

// pairOfSets draws two sets with a union of n elements of which both are shared.
func pairOfSets(rng *rand.Rand, n, both int) (a, b []uint32) {
	for i := range n {
		x := rng.Uint32()
		if i < both || i%2 == 0 {
			a = append(a, x)
		}
		if i < both || i%2 == 1 {
			b = append(b, x)
		}
	}
	return a, b
}

// Over thousands of pairs the share of agreeing values is the Jaccard similarity
// without bias and with no more variance than independent hashes have, whether
// the sets are small or large, and bands agree as s^8 and 1-(1-s^8)^14 say.
func TestEstimates(t *testing.T) {
	for _, tc := range []struct {
		name        string
		least, most int
		trials      int
		variance    float64 // at most, of the binomial
	}{
		{"tiny", 2, 6, 4000, 0.65}, {"small", 10, 60, 4000, 0.8}, {"medium", 100, 400, 3000, 1.1}, {"large", 1000, 3000, 2000, 1.1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, uint64(tc.most)))
			var bias, biasVar, variance, bands, bandsWant, bandsVar, any, anyWant, anyVar float64
			for trial := range tc.trials {
				cfg := Default()
				cfg.Seed = uint64(trial / 50) // functions are drawn anew, too
				s := NewSigner(cfg)
				size := tc.least + rng.IntN(tc.most-tc.least+1)
				both := rng.IntN(size + 1)
				a, b := pairOfSets(rng, size, both)
				if len(a) == 0 || len(b) == 0 {
					continue
				}
				j := float64(both) / float64(size)
				x, y := slices.Clone(s.sign(a)), slices.Clone(s.sign(b))
				e := agree(x, y)
				bias += e - j
				biasVar += j * (1 - j) / float64(cfg.Bands*cfg.Rows)
				variance += (e - j) * (e - j)
				hits := 0.0
				for band := range cfg.Bands {
					if at := cfg.Rows * band; slices.Equal(x[at:at+cfg.Rows], y[at:at+cfg.Rows]) {
						hits++
					}
				}
				p, n := math.Pow(j, float64(cfg.Rows)), float64(cfg.Bands)
				bands, bandsWant, bandsVar = bands+hits, bandsWant+n*p, bandsVar+n*p*(1-p)
				q := 1 - math.Pow(1-p, n)
				any, anyWant, anyVar = any+min(hits, 1), anyWant+q, anyVar+q*(1-q)
			}
			t.Logf("bias %+.4f (standard error %.4f), variance %.3f of the binomial; bands %.0f of %.1f, candidates %.0f of %.1f±%.1f",
				bias/float64(tc.trials), math.Sqrt(biasVar)/float64(tc.trials), variance/biasVar, bands, bandsWant, any, anyWant, math.Sqrt(anyVar))
			if math.Abs(bias) > 4*math.Sqrt(biasVar) {
				t.Errorf("the estimates are off by %g in sum, standard error %g", bias, math.Sqrt(biasVar))
			}
			if r := variance / biasVar; r > tc.variance {
				t.Errorf("the variance is %g of the binomial", r)
			}
			if math.Abs(bands-bandsWant) > 4*math.Sqrt(bandsVar) {
				t.Errorf("%g bands agree, want %g with standard error %g", bands, bandsWant, math.Sqrt(bandsVar))
			}
			if math.Abs(any-anyWant) > 4*math.Sqrt(anyVar) {
				t.Errorf("%g pairs are candidates, want %g with standard error %g", any, anyWant, math.Sqrt(anyVar))
			}
		})
	}
}

// The hash functions are strongly universal: for any two elements, however
// regular, the pair of hashes falls evenly into all combinations of their upper
// bits. A product that wraps around at 2^64 before it is taken modulo 2^61-1, as
// some pipelines have it, fails this.
func TestHashFunctionsAreStronglyUniversal(t *testing.T) {
	cfg := Default()
	cfg.Bands, cfg.Rows = 255, 255
	fns := NewSigner(cfg).fns[:1<<16]
	chiSquare := func(f func(affine, uint32) uint32, x, y uint32) float64 {
		var cells [64]float64
		for _, fn := range fns {
			cells[f(fn, x)>>29<<3|f(fn, y)>>29]++
		}
		sum, want := 0.0, float64(len(fns))/64
		for _, n := range cells {
			sum += (n - want) * (n - want) / want
		}
		return sum
	}
	ours := func(f affine, x uint32) uint32 { return uint32((f.a*uint64(x) + f.b) >> 32) }
	wrapped := func(f affine, x uint32) uint32 {
		x64 := uint64(x) << 32 // a shingle of 64 bits
		return uint32((f.a%p61*x64 + f.b%p61) % p61 >> 29)
	}
	const bound = 63 + 6*11.3 // mean of the distribution and six standard deviations
	worst := 0.0
	for _, pair := range [][2]uint32{{0, 1}, {1, 2}, {0, 1 << 31}, {7, 7 + 1<<16}, {1, 3}, {12345, 54321}, {math.MaxUint32, 0}, {1 << 30, 3 << 30}} {
		if c := chiSquare(ours, pair[0], pair[1]); c > bound {
			t.Errorf("%d and %d: chi square %g over %g", pair[0], pair[1], c, bound)
		}
		worst = max(worst, chiSquare(wrapped, pair[0], pair[1]))
	}
	if worst <= bound {
		t.Errorf("the test does not see what is wrong with wrapped products: chi square at most %g", worst)
	}
}

// Texts around the length of a shingle are compared like all others: equal ones
// are always candidates, and one unit more or less is no longer the same.
func TestTextsOfFewUnits(t *testing.T) {
	words := strings.Fields("once upon a time there was a small engine that would not start at all")
	han := []rune("天地玄黃宇宙洪荒日月盈昃辰宿")
	cfg := Default()
	s := NewSigner(cfg)
	for n := 1; n <= len(han); n++ {
		for name, text := range map[string]string{"words": strings.Join(words[:n], " "), "han": string(han[:n])} {
			if got, want := len(s.Shingles(text)), max(1, n-4); got != want {
				t.Errorf("%d %s have %d shingles, want %d", n, name, got, want)
			}
			sig := signature(cfg, text)
			if !slices.Equal(s.BandKeys(nil, sig), s.BandKeys(nil, signature(cfg, " "+strings.ToUpper(text)+"!\n"))) {
				t.Errorf("%d %s: the same text is no candidate", n, name)
			}
			longer := strings.Join(words[:min(n+1, len(words))], " ")
			if name == "han" {
				longer = string(han[:min(n+1, len(han))])
			}
			// n-4 of n-3 shingles are shared, none up to a length of n = 5.
			want := float64(max(n-4, 0)) / float64(max(n-3, 1))
			if n == 5 {
				want = 0.5
			} else if n < 5 {
				want = 0
			}
			if longer == text {
				want = 1
			}
			if got := agree(sig, signature(cfg, longer)); math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/112)+1e-9 {
				t.Errorf("%d %s and one more agree by %g, want %g", n, name, got, want)
			}
		}
	}
}

// The rolling hash of n units depends on these n units only, wherever they stand.
func TestRollingHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 100).Draw(t, "n")
		// Few kinds of units, so that periods and repetitions occur.
		units := rapid.SliceOfN(rapid.Uint64Range(1, 3), n, n+60).Draw(t, "units")
		for i := range units {
			units[i] = p61 - units[i]
		}
		s := shingler{Splitter: Splitter{units: units}}
		s.roll(n)
		if len(s.out) != len(units)-n+1 {
			t.Fatalf("%d shingles", len(s.out))
		}
		for i, got := range s.out {
			alone := shingler{Splitter: Splitter{units: units[i : i+n]}}
			if alone.roll(n); alone.out[0] != got {
				t.Fatalf("shingle %d is %d, alone %d", i, got, alone.out[0])
			}
			for k, other := range s.out[:i] {
				if (other == got) != slices.Equal(units[i:i+n], units[k:k+n]) {
					t.Fatalf("shingles %d and %d: hashes %d and %d", k, i, other, got)
				}
			}
		}
	})
}

// Words of up to four letters, and all single characters, have hashes of their
// own.
func TestUnitsDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	var add func(h uint64, left int)
	add = func(h uint64, left int) {
		if h != 0 {
			if u := unit(h); seen[u] || u == 0 || u > p61 {
				t.Fatalf("%d again", u)
			}
			seen[unit(h)] = true
		}
		if left > 0 {
			for c := 'a'; c <= 'z'; c++ {
				add(letter(h, c), left-1)
			}
		}
	}
	add(0, 4)
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if u := unit(letter(0, r)); seen[u] {
			t.Fatalf("%U again", r)
		}
	}
}

// The quick ways of simplify and decode agree with the tables for all characters.
func TestSimplifyFollowsUnicode(t *testing.T) {
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if s := string(r); r < 0xd800 || r > 0xdfff {
			if got, n := decode(s+"x", 0); got != r || n != len(s) {
				t.Fatalf("%U is read as %U", r, got)
			}
		}
		_, got := simplify(r)
		want := gap
		switch {
		case ideographic(r):
			want = ownUnit
		case unicode.IsLetter(r), unicode.IsDigit(r):
			want = partOfWord
		case unicode.IsMark(r):
			want = nothing
		}
		if got != want {
			t.Errorf("%U is %d, want %d", r, got, want)
		}
	}
}
