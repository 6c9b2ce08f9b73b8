package pii

import (
	"bufio"
	"compress/gzip"
	"os"
	"testing"

	"huihai/internal/golden"
)

// Exam questions, word problems and verse are full of numbers and hold nobody's
// data; court cases name vehicles.
func TestRealTexts(t *testing.T) {
	m := masker(t, everything())
	for file, plates := range map[string]int64{
		"eval/gsm8k_train.jsonl.gz": 0, "eval/mmlu.jsonl.gz": 0, "nc/eval/ceval.jsonl.gz": 0,
		"pretrain/zh_song_ci.jsonl.gz": 0, "pretrain/zh_law_raw.jsonl.gz": 21,
	} {
		f, err := os.Open(golden.Shared(t, "data", file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines, found := bufio.NewScanner(z), Counts{}
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			for _, h := range m.Find(lines.Text()) {
				found[h.Kind]++
				if h.Kind != Plate {
					t.Errorf("%s: %s %q", file, h.Kind, lines.Text()[h.Start:h.End])
				}
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		if found[Plate] != plates {
			t.Errorf("%s: %d plates, want %d", file, found[Plate], plates)
		}
	}
}
