package dedup

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huihai/internal/golden"
)

// edits are the shares of characters that a copy changes, one by one or in
// passages.
var edits = []struct {
	rate float64
	run  int // characters
}{{0.01, 1}, {0.05, 1}, {0.10, 1}, {0.20, 1}, {0.40, 1}, {0.01, 80}, {0.05, 80}, {0.10, 80}, {0.20, 80}, {0.40, 80}}

// edited substitutes, inserts or deletes, each as often, runs of characters that
// make up a share of the text; new ones are from another text.
func edited(rng *rand.Rand, text, other string, rate float64, run int) string {
	runes, new := []rune(text), []rune(other)
	var out []rune
	for i := 0; i < len(runes); i++ {
		if rng.Float64() >= rate/float64(run) {
			out = append(out, runes[i])
			continue
		}
		n := min(run, len(new))
		from := rng.IntN(len(new) - n + 1)
		switch rng.IntN(3) {
		case 0:
			out = append(out, new[from:from+n]...)
			i += run - 1
		case 1:
			out = append(append(out, new[from:from+n]...), runes[i])
		default:
			i += run - 1
		}
	}
	return string(out)
}

// cut returns from least to most characters of a text, from where it likes.
func shorten(rng *rand.Rand, text string, least, most int) string {
	runes := []rune(text)
	if len(runes) < least {
		return ""
	}
	n := min(len(runes), least+rng.IntN(most-least+1))
	from := rng.IntN(len(runes) - n + 1)
	return string(runes[from : from+n])
}

// unlike returns at most n pieces of 300 to 3000 characters, no two of them
// alike, so that whatever is found between them is found wrongly.
func unlike(texts []string, n int) []string {
	rng := rand.New(rand.NewPCG(11, uint64(len(texts))))
	s := NewSigner(Default())
	seen := map[uint32]bool{}
	var out []string
	for _, i := range rng.Perm(len(texts)) {
		text := shorten(rng, texts[i], 300, 3000)
		set := s.Shingles(text)
		known := 0
		for _, x := range set {
			if seen[x] {
				known++
			}
		}
		if text == "" || known*20 > len(set) {
			continue
		}
		for _, x := range set {
			seen[x] = true
		}
		if out = append(out, text); len(out) == n {
			break
		}
	}
	return out
}

// corpora returns texts by name: made-up ones, and real ones where they are at
// hand.
func corpora(t *testing.T) map[string][]string {
	rng := rand.New(rand.NewPCG(3, 4))
	var english, chinese []string
	for range 300 {
		var e, c strings.Builder
		for range 200 {
			n := 2 + rng.IntN(6)
			for range n {
				e.WriteByte(byte('a' + rng.IntN(26)))
			}
			e.WriteByte(' ')
			c.WriteRune(rune(0x4e00 + rng.IntN(3000)))
			c.WriteRune(rune(0x4e00 + rng.IntN(3000)))
		}
		english, chinese = append(english, e.String()), append(chinese, c.String())
	}
	out := map[string][]string{"made-up words": english, "made-up Han": chinese}
	shared := filepath.Join(filepath.Dir(golden.Root(t)), "shared", "data", "pretrain")
	if _, err := os.Stat(shared); err != nil {
		return out
	}
	read := func(names ...string) (texts []string) {
		for _, n := range names {
			texts = append(texts, sharedTexts(t, 4<<20, "pretrain", n)...)
		}
		return texts
	}
	out["English"] = unlike(read("web_c4_en.jsonl.gz", "docs_en.jsonl.gz"), 600)
	out["Chinese"] = unlike(read("docs_zh.jsonl.gz", "zh_law_raw.jsonl.gz", "zh_classics.jsonl.gz"), 600)
	return out
}

// found is what one rate of edits came to.
type found struct {
	n                   int
	jaccard             []float64
	candidates          int
	theory, theoryVar   float64
	alike, verified     int // pairs at least Threshold alike; of them, found
	byChance, chanceHit int // pairs of texts of different origin: candidates, verified
}

// plant measures one kind of edit: each text against its edited copy.
func plant(texts []string, rate float64, run int) (f found) {
	cfg := Default()
	s := NewSigner(cfg)
	rng := rand.New(rand.NewPCG(uint64(run), math.Float64bits(rate)))
	type bandKey struct {
		band int
		key  uint64
	}
	groups := map[bandKey][]int{} // originals are even numbers, copies odd
	sets := make([][]uint32, 0, 2*len(texts))
	for i, text := range texts {
		for k, t := range []string{text, edited(rng, text, texts[(i+1)%len(texts)], rate, run)} {
			sets = append(sets, slices.Clone(s.Shingles(t)))
			for band, key := range s.BandKeys(nil, s.Signature(t)) {
				groups[bandKey{band, key}] = append(groups[bandKey{band, key}], 2*i+k)
			}
		}
	}
	pairs := map[[2]int]bool{}
	for _, g := range groups {
		for i, a := range g {
			for _, b := range g[i+1:] {
				pairs[[2]int{a, b}] = true
			}
		}
	}
	for p := range pairs {
		if p[0]/2 != p[1]/2 {
			f.byChance++
			if AtLeast(sets[p[0]], sets[p[1]], cfg.Threshold) {
				f.chanceHit++
			}
		}
	}
	for i := range texts {
		j := Jaccard(sets[2*i], sets[2*i+1])
		p := 1 - math.Pow(1-math.Pow(j, float64(cfg.Rows)), float64(cfg.Bands))
		f.n++
		f.jaccard = append(f.jaccard, j)
		f.theory += p
		f.theoryVar += p * (1 - p)
		hit := pairs[[2]int{2 * i, 2*i + 1}]
		if hit {
			f.candidates++
		}
		if j >= cfg.Threshold {
			f.alike++
			if hit {
				f.verified++
			}
		}
	}
	slices.Sort(f.jaccard)
	return f
}

// Of planted near copies as many become candidates as the curve 1-(1-s^5)^18
// says for their true similarities, and texts of different origin do not. With
// -v it prints the table of docs/data-quality.md.
func TestPlantedCopies(t *testing.T) {
	t.Log("| texts | edited | Jaccard 10% / median / 90% | candidates | by the curve | kept at 0.7 | precision, candidates | verified |")
	all := corpora(t)
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare)
	for _, name := range names {
		for _, e := range edits {
			f := plant(all[name], e.rate, e.run)
			at := func(q float64) float64 { return f.jaccard[int(q*float64(f.n-1))] }
			pct := func(a, b int) string {
				if b == 0 {
					return "-"
				}
				return fmt.Sprintf("%.1f%%", 100*float64(a)/float64(b))
			}
			t.Logf("| %d %s | %.0f%% by %d | %.2f / %.2f / %.2f | %s | %.1f%% | %s | %s | %s |", f.n, name, 100*e.rate, e.run,
				at(0.1), at(0.5), at(0.9), pct(f.candidates, f.n), 100*f.theory/float64(f.n), pct(f.verified, f.n),
				pct(f.candidates, f.candidates+f.byChance), pct(f.verified, f.verified+f.chanceHit))
			if math.Abs(float64(f.candidates)-f.theory) > 4*math.Sqrt(f.theoryVar)+1 {
				t.Errorf("%s, %v edited: %d candidates, want %.1f with standard error %.1f", name, e, f.candidates, f.theory, math.Sqrt(f.theoryVar))
			}
			if f.byChance*20 > f.n {
				t.Errorf("%s, %v edited: %d pairs of unlike texts are candidates", name, e, f.byChance)
			}
			if f.chanceHit != 0 {
				t.Errorf("%s, %v edited: %d pairs of unlike texts are taken for copies", name, e, f.chanceHit)
			}
		}
	}
}
