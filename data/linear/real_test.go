package linear

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"huihai/data/source"
	"huihai/internal/golden"
)

// records reads the texts of a file and the JSON of one more field.
func records(t *testing.T, path, textField, more string) (texts, values []string) {
	t.Helper()
	list, err := source.Discover([]string{golden.Shared(t, "data", path)}, "")
	if err != nil {
		t.Fatal(err)
	}
	cfg := source.Default()
	cfg.TextField, cfg.MetaField, cfg.SplitBytes = textField, more, 2048
	for _, f := range list.Files {
		_, err := source.Read(context.Background(), f, cfg, source.Handler{Document: func(d source.Document) error {
			texts, values = append(texts, d.Text), append(values, strings.Trim(d.Meta, `"`))
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return texts, values
}

func examples(texts []string, label func(i int) string) (out []Example) {
	for i, text := range texts {
		out = append(out, Example{Text: text, Labels: []string{label(i)}})
	}
	return out
}

func few() Config {
	c := Default()
	c.Dim, c.Bucket, c.Epoch = 4, 1<<16, 25
	return c
}

func crossValidated(t *testing.T, ex []Example, label string, least float64) {
	t.Helper()
	q, err := CrossValidate(context.Background(), few(), ex, 5)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("AUC %.4f, accuracy %.4f, %d texts", q.Labels[label].AUC, q.Accuracy, q.Documents)
	if q.Labels[label].AUC < least {
		t.Errorf("AUC %.4f, want %.2f", q.Labels[label].AUC, least)
	}
}

// Web pages that people judged: texts it has not seen, labels of the same people.
func TestLearnsHumanJudgement(t *testing.T) {
	texts, labels := records(t, "web/dclm_quality_majority.jsonl.gz", "text", "label")
	crossValidated(t, examples(texts, func(i int) string { return labels[i] }), "1", 0.86)
}

// The same pages, but learnt from other data only: encyclopedia articles against
// crawled pages. That is far less than rules reach (0.81, package score), and
// the more so the narrower the good texts are: open-source documentation as
// good text even misleads.
func TestEncyclopediaAgainstWeb(t *testing.T) {
	var good, bad []string
	add := func(to *[]string, paths ...string) {
		for _, path := range paths {
			texts, _ := records(t, path, "text", "")
			for _, text := range texts {
				*to = append(*to, pieces(text, 2000)...)
			}
		}
	}
	add(&good, "pretrain/en_wiki_demo.txt.gz", "pretrain/en_wikitext.txt.gz")
	add(&bad, "pretrain/web_c4_en.jsonl.gz", "web/dolma_cc_en.jsonl.gz", "web/data_juicer_demo.jsonl.gz")
	m, _ := trained(t, few(), append(examples(good, func(int) string { return "good" }), examples(bad, func(int) string { return "bad" })...))
	texts, labels := records(t, "web/dclm_quality_majority.jsonl.gz", "text", "label")
	eval, s := NewEvaluation(m.Labels()), m.NewScorer()
	for i, text := range texts {
		eval.Add(s, text, []string{map[string]string{"1": "good", "0": "bad"}[labels[i]]})
	}
	auc := eval.Quality().Labels["good"].AUC
	t.Logf("AUC %.4f from %d good and %d bad pieces", auc, len(good), len(bad))
	if auc < 0.6 {
		t.Errorf("AUC %.4f", auc)
	}
}

// pieces cuts a text at line ends into parts of at least n bytes.
func pieces(text string, n int) (out []string) {
	start := 0
	for i := range len(text) {
		if text[i] == '\n' && i+1-start >= n {
			out = append(out, text[start:i+1])
			start = i + 1
		}
	}
	if strings.TrimSpace(text[start:]) != "" {
		out = append(out, text[start:])
	}
	return out
}

// Hateful and neutral prompts about a group, learnt from those about others:
// prompts of one group repeat each other's sentences.
func TestHateTowardsUnseenGroups(t *testing.T) {
	texts, class := records(t, "safety/toxigen_prompts_sample.jsonl.gz", "prompt", "class")
	_, group := records(t, "safety/toxigen_prompts_sample.jsonl.gz", "prompt", "group")
	ex := examples(texts, func(i int) string { return class[i] })
	for i := range ex {
		ex[i].Group = group[i]
	}
	crossValidated(t, ex, "hate", 0.95)
}

// The better and the worse of two answers differ in meaning more than in words:
// hardly better than chance, and this says so.
func TestHarmlessAnswers(t *testing.T) {
	var ex []Example
	for _, field := range []string{"chosen", "rejected"} {
		texts, _ := records(t, "pref/hh_rlhf_harmless_test.jsonl.gz", field, "")
		for i, text := range texts {
			ex = append(ex, Example{text[strings.LastIndex(text, "\n\nAssistant:")+1:], []string{field}, fmt.Sprint(i)})
		}
	}
	crossValidated(t, ex, "chosen", 0.55)
}

// Chinese questions about responsibility against questions to an assistant.
func TestChineseSafetyPrompts(t *testing.T) {
	sensitive, domain := records(t, "safety/cvalues_responsibility_prompts.jsonl.gz", "prompt", "domain_en")
	other, _ := records(t, "sft/oasst1_zh_sft.jsonl.gz", "instruction", "")
	crossValidated(t, append(examples(sensitive, func(int) string { return "sensitive" }), examples(other, func(int) string { return "other" })...), "sensitive", 0.96)
	crossValidated(t, examples(sensitive, func(i int) string { return domain[i] }), "law", 0.93)
}

// Prose against the same words in another order: runs of words must tell.
func TestShuffledWords(t *testing.T) {
	prose, _ := records(t, "pretrain/web_c4_en.jsonl.gz", "text", "")
	r := rand.New(rand.NewPCG(5, 6))
	var ex []Example
	for i, text := range prose {
		words := strings.Split(text, " ")
		r.Shuffle(len(words), func(a, b int) { words[a], words[b] = words[b], words[a] })
		group := fmt.Sprint(i)
		ex = append(ex, Example{text, []string{"prose"}, group}, Example{strings.Join(words, " "), []string{"shuffled"}, group})
	}
	crossValidated(t, ex, "prose", 0.9)
}
