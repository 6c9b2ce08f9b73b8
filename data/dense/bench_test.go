package dense

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
)

func BenchmarkEmbed(b *testing.B) {
	for _, tc := range []struct{ name, file string }{
		{"english", "pretrain/web_c4_en.jsonl.gz"},
		{"chinese", "pretrain/zh_law_raw.jsonl.gz"},
	} {
		b.Run(tc.name, func(b *testing.B) {
			texts := sharedTexts(b, 1<<21, tc.file)
			size := int64(0)
			for _, t := range texts {
				size += int64(len(t))
			}
			e := NewEmbedder(Default())
			b.SetBytes(size)
			for b.Loop() {
				for _, t := range texts {
					e.Embed(t)
				}
			}
		})
	}
}

// BenchmarkCluster measures the steps after embedding per vector of 128
// components: training 20 clusters on 20,000, assigning, and comparing a cluster
// of a thousand.
func BenchmarkCluster(b *testing.B) {
	cfg := Default()
	vectors, _ := topics(rand.New(rand.NewPCG(1, 2)), 20_000, 20, cfg.Dim, 2)
	m, _, err := Train(context.Background(), cfg, 20, slices.Clone(vectors), 1)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("train", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := Train(context.Background(), cfg, 20, slices.Clone(vectors), 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("assign", func(b *testing.B) {
		dst := make([]float32, cfg.Dim)
		for b.Loop() {
			m.Assign(dst, vectors[:cfg.Dim], cfg.Margin, nil)
		}
	})
	b.Run("within", func(b *testing.B) {
		members := make([]Member, 1000)
		for i := range members {
			members[i] = Member{Doc: int64(i), Vector: vectors[i*cfg.Dim:][:cfg.Dim]}
		}
		var counts Counts
		for b.Loop() {
			Within(cfg.Epsilon, members, &counts)
		}
	})
}
