package score

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// plainPeers counts n-grams of a sequence in the plainest way, as dolma, rpv2
// and datatrove do: the share of the most frequent one needs its characters and
// its count, the others give characters.
type plainPeers struct {
	top, topChars           int
	dup, occurring, all, in int
}

func countPlainly(s *units, n int) (p plainPeers) {
	key := func(i int) string {
		var b strings.Builder
		for _, h := range s.hash[i : i+n] {
			for range 8 {
				b.WriteByte(byte(h))
				h >>= 8
			}
		}
		return b.String()
	}
	counts, first, seen := map[string]int{}, map[string]int{}, map[string]bool{}
	inside := make([]bool, len(s.hash))
	for i := 0; i+n <= len(s.hash); i++ {
		if _, ok := first[key(i)]; !ok {
			first[key(i)] = i
		}
		counts[key(i)]++
	}
	best := -1
	for i := 0; i+n <= len(s.hash); i++ {
		k := key(i)
		if best < 0 || counts[k] > counts[key(best)] {
			best = i
		}
		p.all += s.span(i, n)
		if counts[k] > 1 {
			p.occurring += s.span(i, n)
			for j := i; j < i+n; j++ {
				inside[j] = true
			}
		}
	}
	if best >= 0 {
		p.top, p.topChars = counts[key(best)], s.span(best, n)
	}
	for i := 0; i+n <= len(s.hash); {
		if seen[key(i)] {
			p.dup += s.span(i, n)
			i += n
			continue
		}
		seen[key(i)] = true
		i++
	}
	for i, on := range inside {
		if on {
			p.in += s.span(i, 1)
		}
	}
	return p
}

// Looking only where the package's own units are repeated loses nothing.
func TestPeersNGramsEqualThePlainOnes(t *testing.T) {
	parts := []string{"ab", "AB", "a-b", "a.b", "c", "c,", "-", "…", "•c", "it's", "3.14", "314", "1-2", "_x_", " ", " ", " ", " ", "\n", "é", "中"}
	close := func(t *rapid.T, what string, n int, got, want float64) {
		if math.Abs(got-want) > 1e-12 {
			t.Fatalf("%s, n = %d: %g, want %g", what, n, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOfN(rapid.SampledFrom(parts), 1, 5).Draw(t, "kinds")
		list := rapid.SliceOfN(rapid.SampledFrom(append(kinds, " ")), 1, 80).Draw(t, "parts")
		e := Extractor{Need: NeedAll}
		f, _, _ := e.Extract(strings.Join(list, ""))
		if f.Chars == 0 {
			return
		}
		for n := 2; n <= 10; n++ {
			fine := countPlainly(&e.fine.units, n)
			if e.inHan {
				fine = countPlainly(&e.own, n)
			}
			tokens, plain := countPlainly(&e.tokens.units, n), countPlainly(&e.plain.units, n)
			if n <= 4 {
				if fine.top > 0 {
					close(t, "datatrove", n, f.Datatrove.TopNGram[n], ratio(fine.top*(fine.topChars+n-1), f.Chars))
				}
				close(t, "dolma", n, f.Dolma.TopNGram[n], ratio(tokens.top*tokens.topChars, e.tokens.chars()))
				if plain.top == 1 {
					plain.top = 0
				}
				close(t, "rpv2", n, f.RPV2.TopNGram[n], ratio(plain.top*plain.topChars, e.plain.chars()))
				continue
			}
			close(t, "datatrove", n, f.Datatrove.DupNGram[n], ratio(fine.dup, f.Chars))
			close(t, "dolma", n, f.Dolma.DupNGram[n], ratio(tokens.occurring, tokens.all))
			close(t, "rpv2", n, f.RPV2.DupNGram[n], ratio(plain.in, e.plain.chars()))
		}
	})
}

func TestMedian(t *testing.T) {
	for _, tc := range []struct {
		lengths []int
		want    float64
	}{{nil, 0}, {[]int{3}, 3}, {[]int{1, 4}, 2.5}, {[]int{9, 1, 2}, 2}, {[]int{1, 1, 2, 700}, 1.5}, {[]int{600, 700}, 255}} {
		var l lengths
		for _, n := range tc.lengths {
			l.add(n)
		}
		if got := l.median(len(tc.lengths)); got != tc.want {
			t.Errorf("the median of %v is %g, want %g", tc.lengths, got, tc.want)
		}
	}
}
