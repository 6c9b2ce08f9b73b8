package decontam

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"huihai/internal/golden"
)

// documents calls f for each document of a file of the shared data.
func documents(t testing.TB, name string, f func(id, text string)) {
	t.Helper()
	file, err := os.Open(golden.Shared(t, "data", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for n := 1; lines.Scan(); n++ {
		var row struct{ ID, Text string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if row.ID == "" {
			row.ID = name + ":" + strconv.Itoa(n)
		}
		f(row.ID, row.Text)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func evals(t testing.TB, cfg Config, names ...string) *Index {
	t.Helper()
	for _, n := range names {
		cfg.Sets = append(cfg.Sets, Set{Path: golden.Shared(t, "data", n)})
	}
	x, err := Build(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const (
	deconDoc = "allenai/decon/doc/eval-datasets.md"
	mgsmDoc  = "open-compass/opencompass/opencompass/configs/datasets/mgsm/README.md"
)

// An independent search for common runs of 13 words finds in these documents one
// question of GSM8K and four of MMLU. Of the four, one is quoted whole; the other
// three ask the same of another field and share its first 13 words. decon finds
// the two that are there, and the three when it is told to ask for less.
func TestKnownContamination(t *testing.T) {
	two := []string{deconDoc + " mmlu/abstract_algebra 286", mgsmDoc + " gsm8k_test 1"}
	five := append([]string{deconDoc + " mmlu/abstract_algebra 294", deconDoc + " mmlu/abstract_algebra 321", deconDoc + " mmlu/abstract_algebra 357"}, two...)
	slices.Sort(five)
	lenient := method(MethodDecon)
	lenient.Threshold, lenient.ShortUnits, lenient.LongUnits = 0.5, 5, 10
	for _, c := range []struct {
		name string
		cfg  Config
		want []string
		all  bool // nothing but these may be found
	}{
		{"decon", method(MethodDecon), two, true},
		{"ngram13", method(MethodNGram13), five, true},
		{"both", method(MethodBoth), five, true},
		{"lenient decon", lenient, five, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			checker := evals(t, c.cfg, "eval/mmlu.jsonl.gz", "eval/gsm8k_test.jsonl.gz").NewChecker()
			var got []string
			documents(t, "pretrain/docs_en.jsonl.gz", func(id, text string) {
				for _, h := range checker.CheckAll(text) {
					got = append(got, id+" "+h.Task+" "+h.Item)
				}
			})
			slices.Sort(got)
			if c.all && !slices.Equal(got, c.want) {
				t.Errorf("found %q\nwant %q", got, c.want)
			}
			for _, w := range c.want {
				if !slices.Contains(got, w) {
					t.Errorf("%q is not found among %d", w, len(got))
				}
			}
			t.Logf("%d found", len(got))
		})
	}
}

// Verse is older than any examination: no lyric holds a question, although
// examinations quote many.
func TestVerseIsClean(t *testing.T) {
	c := evals(t, Default(), "nc/eval/ceval.jsonl.gz", "nc/eval/cmmlu.jsonl.gz", "eval/agieval_v1.jsonl.gz").NewChecker()
	for _, f := range []string{"pretrain/zh_song_ci.jsonl.gz", "pretrain/zh_classics.jsonl.gz"} {
		documents(t, f, func(id, text string) {
			for _, h := range c.CheckAll(text) {
				t.Errorf("%s: %+v: %s", id, h, text[h.Start:h.End])
			}
		})
	}
}

// Most questions of Chinese examinations have 12 to 40 characters. They are found as
// they are handed on, also without choices and answer; and texts that hold none are
// clean. What is found in the last is listed by name: the examinations quote it at
// length.
func TestShortChineseItems(t *testing.T) {
	for _, name := range []string{"nc/eval/ceval.jsonl.gz", "nc/eval/cmmlu.jsonl.gz"} {
		whole := plant(t, name, func(it Item) string {
			s := it.Question
			for i, ch := range it.Choices {
				s += "\n" + string(rune('A'+i)) + ". " + ch
			}
			return s + "\n答案：" + it.Answer
		})
		alone := plant(t, name, func(it Item) string { return it.Question })
		t.Logf("%s: %.3f whole, %.3f of the questions alone", name, whole, alone)
		if whole < 0.96 || alone < 0.86 {
			t.Errorf("%s: %.3f are found whole, %.3f of the questions alone; want 0.96 and 0.86", name, whole, alone)
		}
	}
	c := evals(t, Default(), "nc/eval/ceval.jsonl.gz", "nc/eval/cmmlu.jsonl.gz").NewChecker()
	texts, found := 0, []string{}
	for _, f := range []string{"zh_law_raw", "zh_classics", "zh_song_ci", "zh_yuan_qu", "zh_song_poems_sample"} {
		documents(t, "pretrain/"+f+".jsonl.gz", func(id, text string) {
			texts++
			for _, h := range c.CheckAll(text) {
				found = append(found, id+" "+h.Task+" "+h.Item)
			}
		})
	}
	want := []string{
		"law/00077 ceval/environmental_impact_assessment_engineer 103", // 89% of the item
		"law/00185 cmmlu/food_science 6040",                            // 89%
	}
	if texts < 50_000 || !slices.Equal(found, want) {
		t.Errorf("found in %d texts: %q, want %q", texts, found, want)
	}
}

// plant returns the share of a set's items, every fifth, that are found in form.
func plant(t *testing.T, set string, form func(Item) string) float64 {
	t.Helper()
	c := evals(t, Default(), set).NewChecker()
	total, found := 0, 0
	err := readSet(golden.Shared(t, "data", set), Set{}, func(it Item) {
		if total++; total%5 != 0 {
			return
		}
		for _, h := range c.CheckAll("Before it stands this.\n\n" + form(it) + "\n\nAnd this behind it.") {
			if h.Item == it.Name {
				found++
				break
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return float64(found) / float64(total/5)
}

// Other numbers in the questions of GSM8K are what decon was not made for: the words
// between them are enough for 13-grams.
func TestRenumberedItems(t *testing.T) {
	n := 0
	share := plant(t, "eval/gsm8k_test.jsonl.gz", func(it Item) string {
		return regexp.MustCompile(`[0-9]+`).ReplaceAllStringFunc(it.Question, func(string) string {
			n++
			return strconv.Itoa(3 + n*7%90)
		})
	})
	t.Logf("%.3f found", share)
	if share < 0.7 {
		t.Errorf("%.3f are found, want 0.7", share)
	}
}

// A word exchanged somewhere in a question of GSM8K hides few of them, and questions
// of MMLU with options and answer are found as they are handed on.
func TestPlantedItemsAreFound(t *testing.T) {
	for _, c := range []struct {
		name  string
		least float64
		form  func(n int, it Item) string
	}{
		{"eval/gsm8k_test.jsonl.gz", 0.95, func(n int, it Item) string {
			words := strings.Fields(it.Question)
			words[n*7%len(words)] = "something"
			return strings.Join(words, " ") + "\n" + it.Answer
		}},
		{"eval/mmlu.jsonl.gz", 0.9, func(_ int, it Item) string {
			s := strings.ToUpper(it.Question)
			for i, ch := range it.Choices {
				s += "\n(" + string(rune('A'+i)) + ") " + ch
			}
			return s + "\nAnswer: " + it.Answer
		}},
	} {
		n := 0
		got := plant(t, c.name, func(it Item) string { n++; return c.form(n, it) })
		t.Logf("%s: %.3f found", c.name, got)
		if got < c.least {
			t.Errorf("%s: %.3f of the items are found, want %g", c.name, got, c.least)
		}
	}
}
