package decontam

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// naive is the plain form of the methods for items without answers, on texts of
// lower-case words parted by blanks: maps of strings, every place a start.
func naive(cfg Config, questions []string, text string) map[int]float64 {
	if cfg.Method == MethodBoth {
		best := map[int]float64{}
		for _, m := range cfg.methods() {
			cfg.Method = m
			for i, score := range naive(cfg, questions, text) {
				best[i] = max(best[i], score)
			}
		}
		return best
	}
	n := cfg.lengths(cfg.Method)[laneWords]
	grams := func(s string) []string {
		w := strings.Fields(s)
		var out []string
		for i := 0; i+n <= len(w); i++ {
			out = append(out, strings.Join(w[i:i+n], " "))
		}
		return out
	}
	df := map[string]int{}
	sets := make([]map[string]bool, len(questions))
	for i, q := range questions {
		sets[i] = map[string]bool{}
		for _, g := range grams(q) {
			if !sets[i][g] {
				df[g]++
			}
			sets[i][g] = true
		}
	}
	idf := func(g string) float64 { return math.Log(1 + float64(len(questions))/float64(df[g])) }
	all := grams(text)
	best := map[int]float64{}
	for i, set := range sets {
		total := 0.0
		for g := range set {
			total += idf(g)
		}
		for p, g := range all {
			if !set[g] || df[g] > cfg.HotItems {
				continue
			}
			got := map[string]bool{g: true}
			for _, dir := range []int{-1, 1} {
				misses := 0
				for at := p + dir; at >= 0 && at < len(all) && misses <= cfg.MaxMisses; at += dir {
					if set[all[at]] {
						got[all[at]] = true
						misses = 0
					} else {
						misses++
					}
				}
			}
			sum := 0.0
			for g := range got {
				sum += idf(g)
			}
			best[i] = max(best[i], sum/total)
		}
	}
	if cfg.Method == MethodNGram13 {
		return best
	}
	for i, score := range best {
		units := float64(len(strings.Fields(questions[i])))
		x := min(max((units-float64(cfg.ShortUnits))/float64(cfg.LongUnits-cfg.ShortUnits), 0), 1)
		if score < 1-(1-cfg.Threshold)*x-epsilon {
			delete(best, i)
		}
	}
	return best
}

func TestCheckerEqualsTheNaiveOne(t *testing.T) {
	words := strings.Fields("a bb c dd e ff g")
	sentence := func(t *rapid.T, lo, hi int) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), lo, hi).Draw(t, "words"), " ")
	}
	rapid.Check(t, func(t *rapid.T) {
		cfg := Default()
		cfg.Method = rapid.SampledFrom(methods).Draw(t, "method")
		cfg.NGramWords, cfg.ExactWords, cfg.ExactChars = 2, 3, 3
		cfg.SampleEvery, cfg.MinUnits, cfg.ShortUnits, cfg.LongUnits = 1, 4, 6, 14
		cfg.MaxMisses = rapid.IntRange(0, 4).Draw(t, "misses")
		cfg.HotItems = rapid.IntRange(1, 4).Draw(t, "hot")
		var questions, parts []string
		var items []Item
		for i := range rapid.IntRange(1, 5).Draw(t, "questions") {
			q := sentence(t, 6, 16)
			if slices.Contains(questions, q) {
				continue
			}
			questions = append(questions, q)
			items = append(items, Item{Task: "t", Name: fmt.Sprint(i), Question: q})
			if w := strings.Fields(q); rapid.Bool().Draw(t, "planted") {
				parts = append(parts, strings.Join(w[rapid.IntRange(0, 3).Draw(t, "from"):], " "))
			}
			parts = append(parts, sentence(t, 0, 8))
		}
		text := strings.Join(parts, " ")
		want := naive(cfg, questions, text)
		got := map[int]float64{}
		x := indexOf(cfg, items)
		for _, h := range x.NewChecker().CheckAll(text) {
			got[int(h.item)] = h.Score
		}
		if len(got) != len(want) {
			t.Fatalf("found %v, want %v\ntext %q\nquestions %q", got, want, text, questions)
		}
		for i, s := range want {
			if math.Abs(got[i]-s) > 1e-5 {
				t.Fatalf("item %d has %g, want %g\ntext %q\nquestions %q", i, got[i], s, text, questions)
			}
		}
	})
}

// A text without words of the items has no hits, whatever stands in it.
func TestAnyText(t *testing.T) {
	c := indexOf(Default(), sample).NewChecker()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		c.seg.cut(text)
		last := int32(0)
		for i := range c.seg.hash {
			if c.seg.start[i] < last || c.seg.end[i] <= c.seg.start[i] || int(c.seg.end[i]) > len(text) {
				t.Fatalf("%q: unit %d is %d to %d", text, i, c.seg.start[i], c.seg.end[i])
			}
			last = c.seg.end[i]
		}
		if hits := c.CheckAll(text); len(hits) > 0 {
			t.Fatalf("%q: %v", text, hits)
		}
	})
}
