package score

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// paragraph is one of testdata/sense: of a class of good text or of junk.
type paragraph struct {
	good        bool
	class, text string
}

// senseParagraphs reads a file of testdata/sense, whose paragraphs begin with a line
// "= good CLASS" or "= junk CLASS".
func senseParagraphs(t *testing.T, name string) (out []paragraph) {
	t.Helper()
	b, err := os.ReadFile("testdata/sense/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split("\n"+string(b), "\n= ")[1:] {
		head, text, _ := strings.Cut(part, "\n")
		kind, class, _ := strings.Cut(head, " ")
		out = append(out, paragraph{kind == "good", class, strings.TrimSpace(text)})
	}
	return out
}

// classMedians scores the paragraphs of a file and returns the medians of good and
// of junk classes, and the share of pairs in which a good paragraph is above junk.
func classMedians(t *testing.T, name string, quality func(text string) float64) (good, junk map[string]float64, auc float64) {
	t.Helper()
	values := map[bool]map[string][]float64{true: {}, false: {}}
	all := map[bool][]float64{}
	for _, p := range senseParagraphs(t, name) {
		q := quality(p.text)
		values[p.good][p.class] = append(values[p.good][p.class], q)
		all[p.good] = append(all[p.good], q)
	}
	medians := func(by map[string][]float64) map[string]float64 {
		out := map[string]float64{}
		for class, v := range by {
			slices.Sort(v)
			out[class] = (v[(len(v)-1)/2] + v[len(v)/2]) / 2
		}
		return out
	}
	pairs := 0.0
	for _, g := range all[true] {
		for _, j := range all[false] {
			if g > j {
				pairs++
			}
		}
	}
	return medians(values[true]), medians(values[false]), pairs / float64(len(all[true])*len(all[false]))
}

func TestSenseTmp(t *testing.T) {
	s := mustNew(t, Default())
	for _, name := range []string{"zh-dev.txt", "en-dev.txt", "zh-held.txt", "en-held.txt"} {
		for _, p := range senseParagraphs(t, name) {
			x := s.Explain(p.text, Nothing())
			f := map[string]float64{}
			for _, c := range x.Components {
				f[c.Name] = c.Value
			}
			low := float32(1)
			for _, q := range x.Paragraphs {
				low = min(low, q.Quality)
			}
			t.Logf("%s %v %-12s q %.3f fl %.2f len %.2f rep %.2f lines %.2f alpha %.2f lang %.2f div %.2f sent %.2f plain %.2f par %.2f %s %.30s", name[:2], p.good, p.class, x.Quality, f["fluency"], f["length"], f["repetition"], f["lines"], f["alphabet"], f["language"], f["diversity"], f["sentences"], f["plain"], low, x.Guess.Language, p.text)
		}
		good, junk, auc := classMedians(t, name, func(text string) float64 { return float64(s.Score(text, false).Quality) })
		t.Logf("%s AUC %.3f\n good %.2v\n junk %.2v", name, auc, good, junk)
	}
}
