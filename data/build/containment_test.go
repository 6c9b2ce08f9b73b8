package build

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"huihai/data/datatest"
	"huihai/data/dedup"
)

// Cut-off copies are found where they are asked for, and it is always the whole text
// that stays.
func TestCutOffCopies(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var lines []string
	add := func(id, text string) {
		line, _ := json.Marshal(map[string]string{"id": id, "text": text})
		lines = append(lines, string(line))
	}
	sentence := func() string {
		var words []string
		for range 8 + rng.IntN(8) {
			words = append(words, fmt.Sprintf("w%x", rng.IntN(4000)))
		}
		return "The " + strings.Join(words, " ") + "."
	}
	const texts = 60
	for i := range texts {
		var all []string
		for range 40 {
			all = append(all, sentence())
		}
		// The end of every other whole text is of little quality, so that the part has
		// more of it.
		part := all[:26]
		if i%2 == 0 {
			for k := 30; k < 40; k++ {
				all[k] = strings.ToUpper(all[k]) + " !!! ### ***"
			}
		}
		add(fmt.Sprint("whole", i), strings.Join(all, "\n"))
		add(fmt.Sprint("part", i), strings.Join(part, "\n"))
	}
	in := filepath.Join(t.TempDir(), "texts.jsonl")
	datatest.Write(t, in, []byte(strings.Join(lines, "\n")))
	dropped := func(containment float64) (parts, wholes int) {
		cfg := small(t, in)
		cfg.Score.Profile, cfg.Dedup.Containment = "none", containment
		build(t, cfg)
		better := 0
		quality := map[string]float32{}
		for _, d := range readDocuments(t, cfg.Output) {
			quality[d.SourceID] = d.Quality
			switch {
			case d.Status == "kept":
			case strings.HasPrefix(d.SourceID, "part"):
				parts++
			default:
				wholes++
			}
		}
		for i := range texts {
			if quality[fmt.Sprint("part", i)] > quality[fmt.Sprint("whole", i)] {
				better++
			}
		}
		if better < texts/4 {
			t.Errorf("%d parts are better than the whole: too few to show anything", better)
		}
		return parts, wholes
	}
	if parts, wholes := dropped(0); parts+wholes != 0 {
		t.Errorf("without containment %d parts and %d whole texts go", parts, wholes)
	}
	if parts, wholes := dropped(0.9); parts < texts*3/4 || wholes != 0 {
		t.Errorf("of %d texts %d parts and %d whole ones go", texts, parts, wholes)
	}
}

// Of a part of a part of a text the whole stays, in whatever order the pairs come.
func TestPartsOfParts(t *testing.T) {
	set := func(n int) (s []uint32) {
		for i := range n {
			s = append(s, uint32(i))
		}
		return s
	}
	cfg := dedup.Default()
	cfg.Containment = 0.9
	for _, pairs := range [][][2]int64{{{0, 1}, {1, 2}}, {{1, 2}, {0, 1}}, {{2, 1}, {1, 0}}} {
		c := component{cfg: cfg}
		for i, n := range []int{40, 70, 120} {
			c.start, c.sets = append(c.start, len(c.sets)), append(c.sets, set(n)...)
			c.first = append(c.first, int64(i))
		}
		c.start = append(c.start, len(c.sets))
		c.qual = []float32{0.9, 0.5, 0.6}
		for _, p := range pairs {
			c.part(p[0], p[1])
		}
		c.prefer()
		if !(c.qual[2] > c.qual[1] && c.qual[1] > c.qual[0]) {
			t.Errorf("pairs %v: the order is by %v", pairs, c.qual)
		}
	}
}
