package score

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"huihai/internal/golden"
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

// In the paragraphs that the weights were chosen with, every class of Chinese junk is
// below every class of good text in the median. The second set was written after that;
// what it showed stands in docs/data-models.md, and disorder among its Chinese junk
// is not always seen.
func TestQualityKnowsJunk(t *testing.T) {
	s := mustNew(t, Default())
	for name, least := range map[string]float64{"zh-dev.txt": 0.95, "en-dev.txt": 0.95, "zh-held.txt": 0.84, "en-held.txt": 0.95} {
		good, junk, auc := classMedians(t, name, func(text string) float64 { return float64(s.Score(text, false).Quality) })
		t.Logf("%s: area under the curve %.3f\n\tgood %.2v\n\tjunk %.2v", name, auc, good, junk)
		if auc < least {
			t.Errorf("%s: the area under the curve is %.3f", name, auc)
		}
		if name != "zh-dev.txt" {
			continue
		}
		for j, low := range junk {
			for g, high := range good {
				if low >= high {
					t.Errorf("%s: junk of class %s has %.3f in the median, good text of class %s %.3f", name, j, low, g, high)
				}
			}
		}
	}
}

// Paragraphs and sentences of junk are low too.
func TestSpansKnowJunk(t *testing.T) {
	s := mustNew(t, Default())
	for _, lang := range []string{"zh", "en"} {
		_, _, auc := classMedians(t, lang+"-dev.txt", func(text string) float64 {
			r := s.Score(text, false)
			sum, chars := 0.0, 0.0
			for _, p := range r.Sentences {
				sum += float64(p.Quality) * float64(p.End-p.Start)
				chars += float64(p.End - p.Start)
			}
			return sum / max(1, chars)
		})
		_, _, paragraphs := classMedians(t, lang+"-dev.txt", func(text string) float64 {
			sum := 0.0
			r := s.Score(text, false)
			for _, p := range r.Paragraphs {
				sum += float64(p.Quality)
			}
			return sum / float64(max(1, len(r.Paragraphs)))
		})
		t.Logf("%s: area under the curve by sentences %.3f, by paragraphs %.3f", lang, auc, paragraphs)
		if auc < 0.8 || paragraphs < 0.8 {
			t.Errorf("%s: sentences %.3f, paragraphs %.3f", lang, auc, paragraphs)
		}
	}
}

// A text is no more repetitive for being longer: pieces of one kind of text have the
// same repetition in the median, whatever their length.
func TestRepetitionIsThatOfAnyLength(t *testing.T) {
	s := mustNew(t, Default())
	for _, name := range []string{"zh_law_raw", "docs_en", "zh_classics", "zh_yuan_qu", "web_c4_en"} {
		var all strings.Builder
		for _, row := range readLabelled(t, golden.Shared(t, "data", "pretrain/"+name+".jsonl.gz")) {
			if all.Len() < 2<<20 {
				all.WriteString(row["text"].(string) + "\n")
			}
		}
		text := []rune(all.String())
		low, high := 1.0, 0.0
		for _, n := range []int{200, 800, 3000, 12_000, 50_000} {
			var values []float64
			for i := 0; i+n <= len(text) && len(values) < 101; i += n {
				for _, c := range s.Explain(string(text[i:i+n]), Nothing()).Components {
					if c.Name == "repetition" {
						values = append(values, c.Value)
					}
				}
			}
			slices.Sort(values)
			median := values[len(values)/2]
			t.Logf("%s: %d pieces of %d characters, median %.3f", name, len(values), n, median)
			low, high = min(low, median), max(high, median)
		}
		limit := 0.05
		if name == "docs_en" { // few pieces of 50,000 characters, some of them change logs
			limit = 0.1
		}
		if high-low > limit {
			t.Errorf("%s: medians from %.3f to %.3f", name, low, high)
		}
	}
}

// Long cases are worth as much as short ones.
func TestLongCasesKeepTheirQuality(t *testing.T) {
	s := mustNew(t, Default())
	var short, long []float64
	low := 0
	rows := readLabelled(t, golden.Shared(t, "data", "pretrain/zh_law_raw.jsonl.gz"))
	for _, row := range rows {
		text := row["text"].(string)
		q := float64(s.Score(text, false).Quality)
		if q < 0.4 {
			low++
		}
		switch n := utf8.RuneCountInString(text); {
		case n < 1500:
			short = append(short, q)
		case n > 3500:
			long = append(long, q)
		}
	}
	slices.Sort(short)
	slices.Sort(long)
	a, b := short[len(short)/2], long[len(long)/2]
	t.Logf("%d short cases %.3f, %d long ones %.3f in the median; %d of %d below 0.4", len(short), a, len(long), b, low, len(rows))
	if math.Abs(a-b) > 0.05 || low*100 > len(rows)*2 {
		t.Errorf("medians %.3f and %.3f, %d below 0.4", a, b, low)
	}
}
