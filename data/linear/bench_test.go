package linear

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// prose returns about n bytes of text with the word lengths and the long tail
// of real text, in documents of about 2 kB.
func prose(n int) (docs []string) {
	r := rand.New(rand.NewPCG(3, 4))
	words := make([]string, 20000)
	for i := range words {
		b := make([]byte, 2+r.IntN(8))
		for j := range b {
			b[j] = byte('a' + r.IntN(26))
		}
		words[i] = string(b)
	}
	for total := 0; total < n; {
		var b strings.Builder
		for b.Len() < 2000 {
			u := r.Float64()
			b.WriteString(words[int(u*u*u*u*float64(len(words)))])
			b.WriteString([]string{" ", " ", " ", " ", ", ", ". "}[r.IntN(6)])
		}
		docs = append(docs, b.String())
		total += b.Len()
	}
	return docs
}

func size(docs []string) (n int64) {
	for _, d := range docs {
		n += int64(len(d))
	}
	return n
}

func BenchmarkScore(b *testing.B) {
	docs := prose(1 << 20)
	for _, tc := range []struct {
		dim, bucket, maxn int
		tokens            Tokens
		compact           bool
	}{
		{16, 1 << 18, 0, Units, false}, {16, 1 << 18, 0, Spaces, false}, {16, 1 << 20, 0, Units, false}, {100, 1 << 20, 0, Units, false},
		{16, 1 << 18, 5, Units, false}, {16, 1 << 20, 0, Units, true}, {16, 1 << 20, 0, Spaces, true}, {16, 1 << 18, 5, Units, true}} {
		b.Run(fmt.Sprintf("dim=%d,bucket=%d,maxn=%d,%s,compact=%v", tc.dim, tc.bucket, tc.maxn, tc.tokens, tc.compact), func(b *testing.B) {
			c := Default()
			c.Dim, c.Bucket, c.MinN, c.MaxN, c.Tokens, c.Epoch = tc.dim, tc.bucket, 2, tc.maxn, tc.tokens, 1
			m := benchModel(b, c, docs[:100])
			if tc.compact {
				m = m.Compact()
			}
			s := m.NewScorer()
			b.SetBytes(size(docs))
			b.ReportAllocs()
			for b.Loop() {
				for _, d := range docs {
					s.Score(d, 0)
				}
			}
		})
	}
}

func BenchmarkTrain(b *testing.B) {
	docs := prose(1 << 20)
	for _, dim := range []int{16, 100} {
		b.Run(fmt.Sprintf("dim=%d", dim), func(b *testing.B) {
			c := Default()
			c.Dim, c.Bucket, c.Epoch = dim, 1<<18, 1
			b.SetBytes(size(docs))
			for b.Loop() {
				benchModel(b, c, docs)
			}
		})
	}
}

func benchModel(b *testing.B, c Config, docs []string) *Model {
	t, err := NewTrainer(c)
	if err != nil {
		b.Fatal(err)
	}
	for i, d := range docs {
		if err := t.Add(d, []string{"a", "b"}[i%2]); err != nil {
			b.Fatal(err)
		}
	}
	m, _, err := t.Train(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	return m
}
