package fluency

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// paragraph is one of testdata/sense of package score.
type paragraph struct {
	good        bool
	class, text string
}

func paragraphs(t *testing.T, name string) (out []paragraph) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "score", "testdata", "sense", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(b), "\n= ")[0:] {
		head, text, _ := strings.Cut(strings.TrimPrefix(part, "= "), "\n")
		kind, class, _ := strings.Cut(head, " ")
		out = append(out, paragraph{kind == "good", class, strings.TrimSpace(text)})
	}
	return out
}

func TestSense(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		for _, set := range []string{"dev"} {
			s := For(lang).NewScorer()
			by := map[string][]float64{}
			var names []string
			for _, p := range paragraphs(t, lang+"-"+set+".txt") {
				name := "junk " + p.class
				if p.good {
					name = "good " + p.class
				}
				if by[name] == nil {
					names = append(names, name)
				}
				by[name] = append(by[name], s.Score(s.Evidence(p.text)))
			}
			var g, b []float64
			for _, n := range names {
				if n[:4] == "good" {
					g = append(g, by[n]...)
				} else {
					b = append(b, by[n]...)
				}
			}
			wins := 0.0
			for _, x := range g {
				for _, y := range b {
					if x > y {
						wins++
					}
				}
			}
			t.Logf("%s AUC %.4f", lang, wins/float64(len(g)*len(b)))
			for _, n := range names {
				v := by[n]
				slices.Sort(v)
				t.Logf("%s %s %-20s %.3f  %.3f", lang, set, n, v[len(v)/2], v)
			}
		}
	}
}
