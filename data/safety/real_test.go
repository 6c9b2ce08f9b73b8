package safety

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"huihai/internal/golden"
)

// rows calls f for each row of a file of the shared data, and with the text that a
// reader would see.
func rows(t *testing.T, name string, f func(row map[string]any, text string)) {
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
	for lines.Scan() {
		var row map[string]any
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		text, ok := row["text"].(string)
		if !ok {
			text = lines.Text()
		}
		f(row, text)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// Documentation, court cases, verse and examinations in medicine and law are not
// what the lexicon is for: of all but a few the safety stays above a half.
func TestHarmlessTextsAreKept(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	for name, most := range map[string]float64{
		"pretrain/docs_en.jsonl.gz": 0, "pretrain/docs_zh.jsonl.gz": 0.005, "pretrain/zh_law_raw.jsonl.gz": 0,
		"pretrain/zh_song_ci.jsonl.gz": 0, "pretrain/zh_yuan_qu.jsonl.gz": 0.003, "pretrain/web_c4_en.jsonl.gz": 0.01,
		"eval/medqa_usmle_4opt.jsonl.gz": 0.005, "eval/medmcqa.jsonl.gz": 0.002, "nc/eval/jec_qa.jsonl.gz": 0.012,
	} {
		total, below, hit := 0, 0, 0
		rows(t, name, func(_ map[string]any, text string) {
			r := s.Score(text)
			total++
			if r.Safety < 1 {
				hit++
			}
			if r.Safety < 0.5 {
				below++
			}
		})
		t.Logf("%s: %d of %d have a hit, %d are below 0.5", name, hit, total, below)
		if float64(below) > most*float64(total) {
			t.Errorf("%s: %d of %d below 0.5, want %g of them at most", name, below, total, most)
		}
	}
}

// auc is the share of pairs in which the harmful text is the less safe one; a tie is
// half a pair.
func auc(harmful, harmless []float64) float64 {
	sum := 0.0
	for _, a := range harmful {
		for _, b := range harmless {
			switch {
			case a < b:
				sum++
			case a == b:
				sum += 0.5
			}
		}
	}
	return sum / float64(len(harmful)*len(harmless))
}

// Lines of prejudice against lines about the same groups: 0.69 when this was
// written, and chance is 0.5. Much of the prejudice is in words that are not bad.
func TestToxigen(t *testing.T) {
	s, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	scores := map[string][]float64{}
	rows(t, "safety/toxigen_prompts_sample.jsonl.gz", func(row map[string]any, _ string) {
		class, _ := row["class"].(string)
		prompt, _ := row["prompt"].(string)
		scores[class] = append(scores[class], s.Score(strings.ReplaceAll(prompt, `\n`, "\n")).Safety)
	})
	got := auc(scores["hate"], scores["neutral"])
	t.Logf("AUC %.3f of %d and %d", got, len(scores["hate"]), len(scores["neutral"]))
	if !(got > 0.65) {
		t.Errorf("AUC %.3f, want above 0.65", got)
	}
}
