package build

import (
	"context"
	"os"
	"strings"
	"testing"

	"huihai/data/clean"
	"huihai/data/dedup"
	"huihai/data/score"
	"huihai/data/source"
)

// BenchmarkPeer times single steps on the corpus that other programs are timed on
// (scripts/bench/data_compare.py): the texts of HUIHAI_BENCH_INPUT, the tokenizer
// HUIHAI_BENCH_TOKENIZER, and for every language the rule sets that
// HUIHAI_BENCH_RULES lists, parted by commas; with c4 among them C4's line rules
// are timed too. One round goes over all texts, which are in memory.
func BenchmarkPeer(b *testing.B) {
	inputs := os.Getenv("HUIHAI_BENCH_INPUT")
	if inputs == "" {
		b.Skip("set HUIHAI_BENCH_INPUT to files or folders, parted by commas")
	}
	texts, size := benchTexts(b, strings.Split(inputs, ","))
	each := func(name string, step func(text string) int, unit string) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			n := 0
			for b.Loop() {
				n = 0
				for _, text := range texts {
					n += step(text)
				}
			}
			if unit != "" {
				b.ReportMetric(float64(n), unit)
			}
		})
	}
	signer := dedup.NewSigner(dedup.Default())
	each("signatures", func(text string) int { return len(signer.Signature(text)) }, "")
	each("heuristics", benchRules(b, strings.Split(os.Getenv("HUIHAI_BENCH_RULES"), ",")), "kept")
	encoder, err := loadEncoder(os.Getenv("HUIHAI_BENCH_TOKENIZER"))
	if err != nil {
		b.Fatal(err)
	}
	var ids []int32
	each("encode", func(text string) int {
		ids = encoder.AppendEncodeUser(ids[:0], text)
		return len(ids)
	}, "tokens")
}

// benchRules returns a function that tells whether a text is kept.
func benchRules(b *testing.B, sets []string) func(text string) int {
	cfg, lines := score.Default(), clean.Default()
	cfg.RuleSets = map[string][]string{"en": sets, "zh": sets, "code": sets, "other": sets}
	for _, set := range sets {
		if set == "c4" {
			lines.Citations, lines.Boilerplate, lines.BoilerplateKeep = true, clean.BoilerplateC4, []string{"c4_terminal"}
		}
	}
	scorer, err := score.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	cleaner := clean.New(lines)
	return func(text string) int {
		if lines.Boilerplate != clean.BoilerplateOff {
			text = cleaner.Clean(text)
		}
		if scorer.Score(text, false).Reason == score.Kept {
			return 1
		}
		return 0
	}
}

// benchTexts returns the texts of files and folders, and their bytes.
func benchTexts(b *testing.B, inputs []string) (texts []string, size int64) {
	list, err := source.Discover(inputs, "")
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range list.Files {
		_, err := source.Read(context.Background(), f, source.Default(), source.Handler{Document: func(d source.Document) error {
			texts, size = append(texts, strings.Clone(d.Text)), size+int64(len(d.Text))
			return nil
		}})
		if err != nil {
			b.Fatal(err)
		}
	}
	return texts, size
}
