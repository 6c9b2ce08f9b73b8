package dedup

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

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
		{"hello world", "Hello, WORLD!"}, {"春眠不覺曉", "春眠，不覺曉。"}, {"***", " *** "}, {"", ""}, {"v1 beta", "V1 Beta"},
		{"café", "cafe\u0301"},
	} {
		if pair[0] == "café" {
			pair[0] = "cafe" // an accent apart is dropped
		}
		if !slices.Equal(signature(cfg, pair[0]), signature(cfg, pair[1])) {
			t.Errorf("%q and %q differ", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"hello world", "hello word"}, {"v1 beta", "v2 beta"}, {"***", "---"}, {"春眠不覺曉", "春眠不覺"}} {
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
	one := slices.Clone(s.shingles("The cat, 2 dogs. 裏面有２隻貓"))
	if two := s.shingles("the CAT 7 dogs　里面有٩只猫"); !slices.Equal(one, two) {
		t.Error("case, digits, punctuation or traditional characters make a difference")
	}
	s.Digits = true
	one = slices.Clone(s.shingles("2 dogs"))
	if two := s.shingles("２ dogs"); !slices.Equal(one, two) {
		t.Error("the width of digits makes a difference")
	}
	if two := s.shingles("7 dogs"); slices.Equal(one, two) {
		t.Error("numbers make no difference")
	}
}

// curve is the share of pairs of a similarity that become candidates.
func curve(c Config, similarity float64) float64 {
	return 1 - math.Pow(1-math.Pow(similarity, float64(c.Rows)), float64(c.Bands))
}

// Every decimal digit of Unicode has its value: each range of the table begins with a
// zero and holds whole rows of ten.
func TestDigits(t *testing.T) {
	check := func(lo, hi rune) {
		for r := lo; r <= hi; r++ {
			if want := '0' + (r-lo)%10; digit(r) != want {
				t.Errorf("%U is %c, want %c", r, digit(r), want)
			}
		}
		if (hi-lo+1)%10 != 0 {
			t.Errorf("%U to %U are no whole rows", lo, hi)
		}
	}
	for _, x := range unicode.Nd.R16 {
		check(rune(x.Lo), rune(x.Hi))
	}
	for _, x := range unicode.Nd.R32 {
		check(rune(x.Lo), rune(x.Hi))
	}
}

// Blanks at the beginnings of lines, and what blanks they are, make no difference.
func TestExactHashOverlooksBlanks(t *testing.T) {
	one := ExactHash("春眠 不覺曉\n處處聞啼鳥\nand more")
	for _, same := range []string{"　　春眠　不覺曉\n  處處聞啼鳥\n\tand more", "春眠\u00a0不覺曉\n處處聞啼鳥\nand more"} {
		if ExactHash(same) != one {
			t.Errorf("%q is another text", same)
		}
	}
	for _, other := range []string{"春眠不覺曉\n處處聞啼鳥\nand more", "春眠 不覺曉\n處處聞啼鳥 \nand more", "春眠 不覺曉 處處聞啼鳥\nand more"} {
		if ExactHash(other) == one {
			t.Errorf("%q is the same text", other)
		}
	}
}

// Sheets and reports that differ in their numbers are different; an article with
// another date and another count of readers is not.
func TestSameNumbers(t *testing.T) {
	s := NewSigner(Default())
	same := func(a, b string) bool {
		x, y := slices.Clone(s.Shingles(a)), slices.Clone(s.Shingles(b))
		return SameNumbers(slices.Clone(s.Numbers(a)), s.Numbers(b), max(len(x), len(y)), Default().Numbers)
	}
	words := ""
	for i := range 250 { // no two alike
		words += strings.Repeat(string(rune('a'+i%26)), 1+i/26) + " "
	}
	report := func(n ...any) string {
		return fmt.Sprintf(strings.Repeat("in the north the company sold %d units of its most popular product line at a price of %d and kept a margin of %d while costs rose to %d ", 3), n...)
	}
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{report(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), report(21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32), false},
		{report(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), report(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99), true},
		{words + "posted 2021-03-04, read 1023 times", words + "posted 2022-11-30, read 7 times", true},
		{"no numbers at all", "no numbers at all here", true},
		{"007 and 1", "7 and １", true},
	} {
		if got := same(tc.a, tc.b); got != tc.want {
			t.Errorf("%.60q and %.60q: %v", tc.a, tc.b, got)
		}
	}
}

// Texts that share b bands of r rows become candidates along the curve 1-(1-s^r)^b,
// and the default finds what it promises.
func TestBandsFollowTheCurve(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	cfg := Default()
	s := NewSigner(cfg)
	n := cfg.Bands * cfg.Rows
	if curve(cfg, 0.7) < 0.95 || curve(cfg, 0.8) < 0.99 {
		t.Errorf("of pairs 0.7 and 0.8 alike shares of %.3f and %.3f are found", curve(cfg, 0.7), curve(cfg, 0.8))
	}
	for _, similarity := range []float64{0.4, 0.7, 0.8, 0.95} {
		hits, trials := 0, 400
		for range trials {
			a, b := make([]uint32, n), make([]uint32, n)
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
		want := curve(cfg, similarity)
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
