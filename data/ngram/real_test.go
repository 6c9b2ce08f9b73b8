package ngram

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// area returns the probability that a good text is less perplexing than a bad
// one: the area under the ROC curve.
func area(good, bad []float64) float64 {
	wins := 0.0
	for _, g := range good {
		for _, b := range bad {
			switch {
			case g < b:
				wins++
			case g == b:
				wins += 0.5
			}
		}
	}
	return wins / float64(len(good)*len(bad))
}

func perplexities(t *testing.T, s *Scorer, texts []string) []float64 {
	t.Helper()
	var out []float64
	for _, text := range texts {
		r, err := s.Score(text)
		if err != nil {
			t.Fatal(err)
		}
		if r.Tokens > 0 {
			out = append(out, r.Perplexity)
		}
	}
	return out
}

// shuffled mixes the characters of each line.
func shuffled(text string) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for line := range strings.Lines(text) {
		runes := []rune(line)
		r.Shuffle(len(runes), func(i, j int) { runes[i], runes[j] = runes[j], runes[i] })
		b.WriteString(strings.ReplaceAll(string(runes), "\n", " ") + "\n")
	}
	return b.String()
}

// mistaken is text in UTF-8 read as Latin-1.
func mistaken(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// A model of modern Chinese law tells cases it has not seen from other text.
func TestChineseTextsAreToldApart(t *testing.T) {
	law := sharedTexts(t, "pretrain/zh_law_raw.jsonl.gz")
	var train1, unseen []string
	for i, text := range law {
		if i%5 == 0 {
			unseen = append(unseen, text)
		} else {
			train1 = append(train1, text)
		}
	}
	c := Default()
	c.HeldOut = 0
	s, err := train(t, c, nil, train1).Model().NewScorer(nil)
	if err != nil {
		t.Fatal(err)
	}
	good := perplexities(t, s, unseen)
	var mixed, latin []string
	for _, text := range unseen {
		mixed, latin = append(mixed, shuffled(text)), append(latin, mistaken(text))
	}
	median := func(v []float64) float64 { v = slices.Sorted(slices.Values(v)); return v[len(v)/2] }
	t.Logf("%d unseen cases: median perplexity %.0f", len(good), median(good))
	for _, tc := range []struct {
		name  string
		texts []string
		least float64
	}{
		{"documentation", sharedTexts(t, "pretrain/docs_zh.jsonl.gz"), 0.95},
		{"lyrics", sharedTexts(t, "pretrain/zh_song_ci.jsonl.gz")[:500], 0.99},
		{"classics", sharedTexts(t, "pretrain/zh_classics.jsonl.gz")[:500], 0.99},
		{"shuffled cases", mixed, 0.99},
		{"cases in the wrong encoding", latin, 0.99},
	} {
		bad := perplexities(t, s, tc.texts)
		a := area(good, bad)
		t.Logf("%s: median perplexity %.0f, area under the curve %.3f", tc.name, median(bad), a)
		if a < tc.least {
			t.Errorf("%s: area %.3f, want %.3f", tc.name, a, tc.least)
		}
	}
}

// Perplexity to a model of encyclopaedia articles agrees with people's judgement
// of web pages, as far as a model of two megabytes can.
func TestPeoplesJudgement(t *testing.T) {
	articles := append(sharedTexts(t, "pretrain/en_wiki_demo.txt.gz"), sharedTexts(t, "pretrain/en_wikitext.txt.gz")...)
	c := Default()
	c.HeldOut = 0
	s, err := train(t, c, nil, articles).Model().NewScorer(nil)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[int][]string{}
	for _, row := range sharedRows(t, "web/dclm_quality_majority.jsonl.gz") {
		texts[row.Label] = append(texts[row.Label], row.Text)
	}
	good, bad := perplexities(t, s, texts[1]), perplexities(t, s, texts[0])
	a := area(good, bad)
	t.Logf("%d good and %d bad pages: area under the curve %.3f", len(good), len(bad), a)
	if a < 0.72 {
		t.Errorf("area %.3f", a)
	}
}
