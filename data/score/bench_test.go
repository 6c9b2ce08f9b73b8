package score

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/internal/golden"
)

// benchTexts are program code of the toolchain and verse.
func benchTexts(b *testing.B) map[string][]string {
	code, _ := filepath.Glob(filepath.Join(golden.GoRoot(b), "src", "net", "http", "*.go"))
	var texts []string
	for _, f := range code {
		if c, err := os.ReadFile(f); err == nil {
			texts = append(texts, string(c))
		}
	}
	verse := strings.Repeat("秦川雄帝宅，函谷壯皇居。\n綺殿千尋起，離宮百雉餘。\n連甍遙接漢，飛觀迥凌虛。\n雲日隱層闕，風煙出綺疎。\n", 1)
	prose := strings.Repeat("The quick brown fox jumps over the lazy dog, and the dog, which was not asleep, saw it with one eye. ", 1)
	return map[string][]string{"code": texts, "verse": {verse}, "prose": {prose}}
}

func BenchmarkScore(b *testing.B) {
	for name, texts := range benchTexts(b) {
		b.Run(name, func(b *testing.B) {
			s, err := New(Default())
			if err != nil {
				b.Fatal(err)
			}
			var n int64
			for _, t := range texts {
				n += int64(len(t))
			}
			if n == 0 {
				b.Skip("no sources of the toolchain")
			}
			b.SetBytes(n)
			for b.Loop() {
				for _, t := range texts {
					s.Score(t, name == "code")
				}
			}
		})
	}
}
