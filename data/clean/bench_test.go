package clean

import (
	"strings"
	"testing"
)

var benchTexts = []struct{ name, text string }{
	{"ascii", strings.Repeat("The quick brown fox jumps over the lazy dog, and the dog did not mind it at all.\n", 100)},
	{"traditional", strings.Repeat("大學之道，在明明德，在親民，在止於至善。知止而後有定，定而後能靜。\n", 100)},
	{"simplified", strings.Repeat("大学之道，在明明德，在亲民，在止于至善。知止而后有定，定而后能静。\n", 100)},
	{"short lines", strings.Repeat("Home\nA line of prose that stands by itself\n版权所有\n今天的天气很好\n", 100)},
	{"french", strings.Repeat("L’été dernier, j’ai passé mes vacances à la montagne, où l’air était léger.\n", 100)},
}

func benchmark(b *testing.B, cfg Config) {
	for _, tc := range benchTexts {
		b.Run(tc.name, func(b *testing.B) {
			c := New(cfg)
			b.SetBytes(int64(len(tc.text)))
			b.ReportAllocs()
			for b.Loop() {
				c.Clean(tc.text)
			}
		})
	}
}

func BenchmarkDefault(b *testing.B) { benchmark(b, Default()) }

func BenchmarkWeb(b *testing.B) { benchmark(b, Web()) }

func BenchmarkSimplify(b *testing.B) {
	cfg := Default()
	cfg.Simplify = SimplifyPhrases
	benchmark(b, cfg)
}

// BenchmarkSimplifyAlone leaves out the other changes of a round.
func BenchmarkSimplifyAlone(b *testing.B) {
	for _, tc := range benchTexts {
		b.Run(tc.name, func(b *testing.B) {
			c := New(Config{Simplify: SimplifyPhrases})
			b.SetBytes(int64(len(tc.text)))
			for b.Loop() {
				c.simplify(tc.text)
			}
		})
	}
}
