package dedup

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"huihai/internal/golden"
)

// sharedTexts reads the texts of a shared JSON Lines file, at most limit bytes.
func sharedTexts(t testing.TB, limit int, name ...string) []string {
	t.Helper()
	f, err := os.Open(golden.Shared(t, append([]string{"data"}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	d := json.NewDecoder(bufio.NewReader(z))
	for limit > 0 && d.More() {
		var row struct{ Text string }
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, row.Text)
		limit -= len(row.Text)
	}
	return texts
}

// BenchmarkSignature measures whole documents as they come: real English and
// Chinese, long and short.
func BenchmarkSignature(b *testing.B) {
	for _, tc := range []struct{ name, file string }{
		{"english", "pretrain/web_c4_en.jsonl.gz"},
		{"documentation", "pretrain/docs_en.jsonl.gz"},
		{"chinese", "pretrain/zh_law_raw.jsonl.gz"},
		{"poems", "pretrain/zh_tang_poems.jsonl.gz"},
	} {
		b.Run(tc.name, func(b *testing.B) {
			texts := sharedTexts(b, 1<<21, tc.file)
			size := int64(0)
			for _, t := range texts {
				size += int64(len(t))
			}
			s := NewSigner(Default())
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, t := range texts {
					s.Signature(t)
				}
			}
		})
	}
}
