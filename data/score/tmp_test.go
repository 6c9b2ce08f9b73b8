package score

import (
	"huihai/internal/golden"
	"slices"
	"strings"
	"testing"
)

func TestTmpRep(t *testing.T) {
	for _, name := range []string{"pretrain/zh_law_raw", "pretrain/docs_zh", "web/dclm_quality_majority", "pretrain/web_c4_en", "pretrain/docs_en", "pretrain/zh_classics", "pretrain/zh_yuan_qu", "sft/wiki"} {
		if name == "sft/wiki" || strings.Contains(name, "dclm") {
			continue
		}
		rows := readLabelled(t, golden.Shared(t, "data", name+".jsonl.gz"))
		var all strings.Builder
		for _, r := range rows {
			all.WriteString(r["text"].(string) + "\n")
			if all.Len() > 3<<20 {
				break
			}
		}
		text := []rune(all.String())
		e := Extractor{}
		for _, n := range []int{100, 300, 1000, 3000, 10000, 30000, 100000} {
			var a, b, c []float64
			for i := 0; i+n <= len(text) && len(a) < 200; i += n {
				f, _, _ := e.Extract(string(text[i : i+n]))
				a = append(a, f.nearDup[0])
				b = append(b, f.nearDup[1])
				c = append(c, f.DupNGram[5])
			}
			if len(a) < 5 {
				continue
			}
			slices.Sort(a)
			slices.Sort(b)
			slices.Sort(c)
			t.Logf("%s %6d: near5 %.3f %.3f %.3f near10 %.3f %.3f dup5 %.3f", name, n, a[len(a)/2], a[len(a)*8/10], a[len(a)*95/100], b[len(b)/2], b[len(b)*8/10], c[len(c)/2])
		}
	}
}
