package decontam

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
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
	lenient := Default()
	lenient.Threshold, lenient.ShortUnits, lenient.LongUnits = 0.5, 5, 10
	for _, c := range []struct {
		name string
		cfg  Config
		want []string
		all  bool // nothing but these may be found
	}{
		{"decon", method(MethodDecon), two, true},
		{"ngram13", method(MethodNGram13), five, true},
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
		x := evals(t, Default(), c.name)
		checker := x.NewChecker()
		total, found := 0, 0
		err := readSet(golden.Shared(t, "data", c.name), Set{}, func(it Item) {
			if total++; total%5 != 0 {
				return
			}
			for _, h := range checker.CheckAll("Before it stands this.\n\n" + c.form(total, it) + "\n\nAnd this behind it.") {
				if h.Item == it.Name {
					found++
					break
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		got := float64(found) / float64(total/5)
		t.Logf("%s: %d of %d found", c.name, found, total/5)
		if got < c.least {
			t.Errorf("%s: %.3f of the items are found, want %g", c.name, got, c.least)
		}
	}
}
