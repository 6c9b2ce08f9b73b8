package score

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/internal/golden"
)

// benchBytes is how much real text a benchmark goes over in one round.
const benchBytes = 4 << 20

// benchTexts are English and Chinese documents of the shared data (web pages
// and documentation; legal cases, documentation and verse), or made-up text of
// the same shape without it, and program code of the toolchain.
func benchTexts(b *testing.B) map[string][]string {
	code, _ := filepath.Glob(filepath.Join(golden.GoRoot(b), "src", "net", "http", "*.go"))
	var sources []string
	for _, f := range code {
		if c, err := os.ReadFile(f); err == nil {
			sources = append(sources, string(c))
		}
	}
	return map[string][]string{
		"code": sources,
		"en":   realTexts(b, madeEnglish, "web/dclm_quality_majority", "pretrain/web_c4_en", "web/dolma_cc_en", "pretrain/docs_en"),
		"zh":   realTexts(b, madeChinese, "pretrain/zh_law_raw", "pretrain/docs_zh", "pretrain/zh_classics"),
	}
}

const (
	madeEnglish = "The brown fox that lives behind the mill jumped over a lazy dog, and the dog, which was not asleep, saw it. "
	madeChinese = "秦川雄帝宅，函谷壯皇居。綺殿千尋起，離宮百雉餘。\n連甍遙接漢，飛觀迥凌虛。雲日隱層闕，風煙出綺疎。\n"
)

func realTexts(b *testing.B, made string, names ...string) []string {
	var texts []string
	size := 0
	for _, name := range names {
		path := filepath.Join(filepath.Dir(golden.Root(b)), "shared", "data", name+".jsonl.gz")
		f, err := os.Open(path)
		if err != nil {
			return []string{strings.Repeat(made, 40)}
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			b.Fatal(err)
		}
		sc := bufio.NewScanner(z)
		sc.Buffer(nil, 64<<20)
		for sc.Scan() && size < benchBytes {
			var row struct{ Text string }
			if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
				b.Fatal(err)
			}
			texts, size = append(texts, row.Text), size+len(row.Text)
		}
		f.Close()
	}
	return texts
}

func bench(b *testing.B, run func(text string, code bool)) {
	for _, name := range []string{"en", "zh", "code"} {
		b.Run(name, func(b *testing.B) {
			texts := benchTexts(b)[name]
			var n int64
			for _, t := range texts {
				n += int64(len(t))
			}
			if n == 0 {
				b.Skip("no sources of the toolchain")
			}
			b.SetBytes(n)
			b.ReportAllocs()
			for b.Loop() {
				for _, t := range texts {
					run(t, name == "code")
				}
			}
		})
	}
}

// The default profile.
func BenchmarkScore(b *testing.B) {
	s, err := New(Default())
	if err != nil {
		b.Fatal(err)
	}
	bench(b, func(text string, code bool) { s.Score(text, code) })
}

// The rule sets that concern the language, of all sources, as one job would
// hardly ever have them.
func BenchmarkAllRules(b *testing.B) {
	cfg := Default()
	english := []string{"general", "gopher_quality", "gopher_repetition", "gopher_quality_datatrove", "gopher_repetition_datatrove",
		"gopher_quality_dolma", "gopher_repetition_dolma", "gopher_quality_rpv2", "gopher_repetition_rpv2", "fineweb", "c4", "mc4", "ccnet"}
	chinese := append(english[:len(english):len(english)], "zh_fineweb2", "zh_mapcc", "zh_chinesewebtext", "zh_cwt_traditional", "zh_mnbvc", "zh_datajuicer")
	cfg.RuleSets = map[string][]string{"en": english, "zh": chinese, "other": english}
	s, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	bench(b, func(text string, code bool) { s.Score(text, code) })
}
