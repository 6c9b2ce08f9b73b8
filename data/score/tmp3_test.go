package score

import (
	"fmt"
	"math"
	"testing"

	"huihai/internal/golden"
)

func TestTmpD(t *testing.T) {
	rows := readLabelled(t, golden.Shared(t, "data", "web/dclm_quality_majority.jsonl.gz"))
	comp := map[string][2][]float64{}
	var names []string
	add := func(n string, k int, v float64) {
		c, ok := comp[n]
		if !ok {
			names = append(names, n)
		}
		c[k] = append(c[k], v)
		comp[n] = c
	}
	s, _ := New(Default())
	langs := map[Language][2]int{}
	for _, r := range rows {
		k := 1
		if labelOf(r) > .5 {
			k = 0
		}
		x := s.Explain(r["text"].(string), Nothing())
		l := langs[x.Guess.Language]
		l[k]++
		langs[x.Guess.Language] = l
		form, fw, fl := 0.0, 0.0, math.Log(.5)
		for _, c := range x.Components {
			add(c.Name, k, c.Value)
			l := math.Log(max(0.01, c.Value))
			if c.Name == "fluency" {
				fl = l
			} else {
				form += l * c.Weight
				fw += c.Weight
			}
		}
		for _, w := range []float64{0, 1, 2, 4} {
			add(fmt.Sprint("w", w), k, (form+w*fl)/(fw+w))
		}
	}
	t.Log(langs)
	for _, n := range names {
		c := comp[n]
		t.Logf("%-12s %.3f (%d, %d)", n, auc(c[0], c[1]), len(c[0]), len(c[1]))
	}
}
