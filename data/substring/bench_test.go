package substring

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"huihai/data/cut"
)

// proseLike is text of a vocabulary with Zipf's frequencies, in which one share
// of the paragraphs occurs twice.
func proseLike(n int) []Document {
	rng := rand.New(rand.NewPCG(3, 4))
	zipf := rand.NewZipf(rng, 1.2, 3, 20_000)
	paragraph := func() string {
		var b strings.Builder
		for range 60 {
			w := zipf.Uint64()
			fmt.Fprintf(&b, "%s%s ", syllables[w%64], syllables[w/64%64])
		}
		return b.String() + ".\n"
	}
	var docs []Document
	var old []string
	for size := 0; size < n; {
		var b strings.Builder
		for range 1 + rng.IntN(20) {
			p := paragraph()
			if len(old) > 0 && rng.IntN(10) == 0 {
				p = old[rng.IntN(len(old))]
			} else if rng.IntN(10) == 0 {
				old = append(old, p)
			}
			b.WriteString(p)
		}
		docs = append(docs, Document{Text: b.String()})
		size += b.Len()
	}
	return docs
}

var syllables = func() (out []string) {
	for _, c := range strings.Fields("b c d f g h k l m n p r s t w sh") {
		for _, v := range strings.Fields("a e i o") {
			out = append(out, c+v)
		}
	}
	return out
}()

func textOf(docs []Document) (s []byte) {
	for _, d := range docs {
		s = append(s, d.Text...)
	}
	return s
}

func BenchmarkSuffixArray(b *testing.B) {
	for _, mib := range []int{1, 16} {
		b.Run(fmt.Sprintf("%dMiB", mib), func(b *testing.B) {
			text := textOf(proseLike(mib << 20))
			sa := make([]int32, len(text))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				suffixArray(text, sa)
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	docs := proseLike(16 << 20)
	b.SetBytes(int64(len(textOf(docs))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Find(context.Background(), docs, Default()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSegments(b *testing.B) {
	docs := proseLike(4 << 20)
	s := NewSegmenter(Default())
	b.SetBytes(int64(len(textOf(docs))))
	for b.Loop() {
		for _, d := range docs {
			s.Segments(d.Text)
		}
	}
}

func BenchmarkSuffixArrayOfCorpus(b *testing.B) {
	docs := proseLike(16 << 20)
	b.SetBytes(int64(len(textOf(docs))))
	b.ReportAllocs()
	for b.Loop() {
		direct(b, docs, Default())
	}
}

func BenchmarkDecide(b *testing.B) {
	docs := proseLike(4 << 20)
	marks, err := Find(context.Background(), docs, Default())
	if err != nil {
		b.Fatal(err)
	}
	of := make([][]Mark, len(docs))
	for _, m := range marks {
		of[m.Doc] = append(of[m.Doc], m)
	}
	b.SetBytes(int64(len(textOf(docs))))
	for b.Loop() {
		for i, d := range docs {
			cut.Apply(d.Text, Decide(d.Text, of[i], Default()).Remove)
		}
	}
}
