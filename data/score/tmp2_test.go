package score

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"huihai/internal/golden"
)

func auc(good, bad []float64) float64 {
	w := 0.0
	for _, x := range good {
		for _, y := range bad {
			if x > y {
				w++
			} else if x == y {
				w += .5
			}
		}
	}
	return w / float64(len(good)*len(bad))
}

func TestTmpC4(t *testing.T) {
	rows := readLabelled(t, golden.Shared(t, "data", "pretrain/web_c4_en.jsonl.gz"))
	b, _ := os.ReadFile("../fluency/gen/pages.txt")
	label := map[int]string{}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if f[0] != "pretrain/web_c4_en" {
			continue
		}
		for _, n := range f[2:] {
			var k int
			fmt.Sscan(n, &k)
			label[k] = f[1]
		}
	}
	for _, odd := range []bool{false, true} {
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
		cfg := Default()
		s, _ := New(cfg)
		for i, r := range rows {
			if label[i] == "" || (i%2 == 1) != odd {
				continue
			}
			k := 0
			if label[i] == "bad" {
				k = 1
			}
			x := s.Explain(r["text"].(string), Nothing())
			if x.Guess.Language != English {
				continue
			}
			for _, v := range x.Features.Signals() {
				add("S "+v.Name, k, v.Value)
			}
			for _, scale := range []float64{50} {
				for _, lw := range []float64{1, 2} {
					for _, w := range []float64{2, 3, 4, 5, 6, 8} {
						sum, ws := 0.0, 0.0
						for _, c := range x.Components {
							v, cw := c.Value, c.Weight
							if c.Name == "length" {
								v, cw = 1-math.Exp(-float64(x.Features.Units)/scale), lw
							}
							if c.Name == "fluency" {
								cw = w
							}
							sum += cw * math.Log(max(.01, v))
							ws += cw
						}
						add(fmt.Sprint("L", scale, " ", lw, " ", w), k, sum/ws)
					}
				}
			}
			row := fmt.Sprint("ROW ", odd, " ", k)
			for _, c := range x.Components {
				row += fmt.Sprintf(" %s=%.5f", c.Name, c.Value)
			}
			t.Log(row, fmt.Sprintf(" units=%d addr=%.4f msu=%.3f", x.Features.Units, ratio(x.Features.AddressWords, x.Features.Words), ratio(x.Features.Units, x.Features.Sentences)))
			add("quality", k, float64(x.Quality))
			form, fw := 0.0, 0.0
			fl := 0.0
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
			for _, w := range []float64{0, 1, 2, 4, 6, 8, 12} {
				add(fmt.Sprint("w", w), k, (form+w*fl)/(fw+w))
			}
		}
		for _, n := range names {
			c := comp[n]
			t.Logf("odd=%v %-12s %.3f (%d, %d)", odd, n, auc(c[0], c[1]), len(c[0]), len(c[1]))
		}
	}
}
