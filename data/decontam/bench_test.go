package decontam

import (
	"testing"
)

func BenchmarkCheck(b *testing.B) {
	for _, m := range methods {
		x := evals(b, method(m), "eval/mmlu.jsonl.gz", "eval/gsm8k_test.jsonl.gz", "eval/agieval_v1.jsonl.gz")
		for _, f := range []string{"docs_en", "docs_zh"} {
			b.Run(m+"/"+f, func(b *testing.B) {
				var texts []string
				size := 0
				documents(b, "pretrain/"+f+".jsonl.gz", func(_, text string) {
					if size < 2<<20 {
						texts = append(texts, text)
						size += len(text)
					}
				})
				c := x.NewChecker()
				b.SetBytes(int64(size))
				for b.Loop() {
					for _, t := range texts {
						c.CheckAll(t)
					}
				}
			})
		}
	}
}
