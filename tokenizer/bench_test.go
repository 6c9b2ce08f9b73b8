package tokenizer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// benchEncode reports MB/s of UTF-8 text on one core.
func benchEncode(b *testing.B, tok *Tokenizer, docs []string) {
	bytes, tokens := 0, 0
	for _, d := range docs {
		bytes += len(d)
	}
	var ids []int32
	b.ReportAllocs()
	for b.Loop() {
		tokens = 0
		for _, d := range docs {
			ids = tok.AppendEncode(ids[:0], d)
			tokens += len(ids)
		}
	}
	b.SetBytes(int64(bytes))
	b.ReportMetric(float64(bytes)/float64(tokens), "bytes/token")
}

func BenchmarkEncode(b *testing.B) {
	for name, file := range map[string]string{
		"english-docs": "pretrain/docs_en.jsonl.gz",
		"english-web":  "pretrain/web_c4_en.jsonl.gz",
		"chinese-docs": "pretrain/docs_zh.jsonl.gz",
		"chinese-law":  "pretrain/zh_law_raw.jsonl.gz",
		"chinese-poem": "pretrain/zh_tang_poems.jsonl.gz",
	} {
		b.Run(name, func(b *testing.B) {
			benchEncode(b, baichuan2(b), documents(b, file, 2<<20))
		})
	}
	for name, file := range map[string]string{"english-docs": "pretrain/docs_en.jsonl.gz", "chinese-docs": "pretrain/docs_zh.jsonl.gz"} {
		for _, size := range []int{200, 20000} {
			b.Run(fmt.Sprintf("%s-of-%dB", name, size), func(b *testing.B) {
				benchEncode(b, baichuan2(b), shortened(documents(b, file, 2<<20), size))
			})
		}
	}
	for name, unit := range map[string]string{"run-a": "a", "run-space": " ", "run-han": "中国"} {
		b.Run(name, func(b *testing.B) {
			benchEncode(b, baichuan2(b), []string{strings.Repeat(unit, 1<<20)})
		})
	}
}

// shortened returns the starts, of size bytes, of the documents that have as many.
func shortened(docs []string, size int) []string {
	var out []string
	for _, d := range docs {
		if len(d) >= size {
			out = append(out, strings.ToValidUTF8(d[:size], ""))
		}
	}
	return out
}

func BenchmarkEncodeUnigram(b *testing.B) {
	const chinese, english = "tokenizers/chinese_sp/chinese_sp.model", "tokenizers/torchtune_test/m.model"
	for _, c := range []struct{ name, model, file string }{
		{"english-docs", english, "pretrain/docs_en.jsonl.gz"},
		{"chinese-docs", chinese, "pretrain/docs_zh.jsonl.gz"},
		{"chinese-law", chinese, "pretrain/zh_law_raw.jsonl.gz"},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchEncode(b, sharedModel(b, c.model), documents(b, c.file, 2<<20))
		})
	}
	for name, unit := range map[string]string{"run-a": "a", "run-space": " ", "run-han": "中国"} {
		b.Run(name, func(b *testing.B) {
			benchEncode(b, sharedModel(b, chinese), []string{strings.Repeat(unit, (1<<20)/len(unit))})
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	tok := baichuan2(b)
	text := strings.Join(documents(b, "pretrain/docs_zh.jsonl.gz", 1<<20), "\n")
	ids := tok.Encode(text)
	for b.Loop() {
		tok.Decode(ids)
	}
	b.SetBytes(int64(len(text)))
}

func BenchmarkParse(b *testing.B) {
	data := baichuan2(b).Marshal()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTrain learns from about 8 MB, two thirds English.
func BenchmarkTrain(b *testing.B) {
	docs := documents(b, "pretrain/docs_en.jsonl.gz", 5<<20)
	docs = append(docs, documents(b, "pretrain/docs_zh.jsonl.gz", 1<<20)...)
	docs = append(docs, documents(b, "pretrain/zh_tang_poems.jsonl.gz", 2<<20)...)
	bytes := 0
	for _, d := range docs {
		bytes += len(d)
	}
	for _, size := range []int{4096, 8192, 32768} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			cfg := DefaultTrainConfig()
			cfg.VocabSize = size
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Train(b.Context(), cfg, slices.Values(docs)); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(bytes))
		})
	}
}
