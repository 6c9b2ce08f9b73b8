package ngram

import (
	"path/filepath"
	"testing"
)

// BenchmarkTrain counts bytes of training text.
func BenchmarkTrain(b *testing.B) {
	for _, name := range []string{"pretrain/docs_en.jsonl.gz", "pretrain/zh_law_raw.jsonl.gz"} {
		b.Run(filepath.Base(name), func(b *testing.B) {
			texts := sharedTexts(b, name)
			b.SetBytes(totalBytes(texts))
			for b.Loop() {
				built := train(b, Default(), nil, texts)
				b.ReportMetric(float64(built.Report().TempBytes)/1e6, "tempMB")
			}
		})
	}
}

// BenchmarkScore counts bytes of scored text on one core.
func BenchmarkScore(b *testing.B) {
	for _, name := range []string{"pretrain/docs_en.jsonl.gz", "pretrain/web_c4_en.jsonl.gz", "pretrain/zh_law_raw.jsonl.gz"} {
		for _, quantize := range []bool{false, true} {
			kind := map[bool]string{false: "/float32", true: "/8bit"}[quantize]
			b.Run(filepath.Base(name)+kind, func(b *testing.B) {
				texts := sharedTexts(b, name)
				cfg := Default()
				cfg.Quantize = quantize
				model := train(b, cfg, nil, texts).Model()
				s, err := model.NewScorer(nil)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(totalBytes(texts))
				b.ReportAllocs()
				var tokens int64
				for b.Loop() {
					tokens = 0
					for _, text := range texts {
						r, err := s.Score(text)
						if err != nil {
							b.Fatal(err)
						}
						tokens += r.Tokens
					}
				}
				b.ReportMetric(float64(tokens)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mtokens/s")
				b.ReportMetric(float64(model.Info().Bytes)/1e6, "modelMB")
			})
		}
	}
}

func totalBytes(texts []string) (n int64) {
	for _, t := range texts {
		n += int64(len(t))
	}
	return n
}
