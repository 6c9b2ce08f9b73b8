package dedup

import (
	"strings"
	"testing"
)

func BenchmarkSignature(b *testing.B) {
	for name, text := range map[string]string{
		"english": strings.Repeat("The quick brown fox jumps over the lazy dog, and the dog saw it with one eye open. ", 100),
		"chinese": strings.Repeat("秦川雄帝宅，函谷壯皇居。綺殿千尋起，離宮百雉餘。", 100),
	} {
		b.Run(name, func(b *testing.B) {
			s := NewSigner(Default())
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Signature(text)
			}
		})
	}
}

func BenchmarkSignatureOfManyWords(b *testing.B) {
	var t strings.Builder
	for i := range 2000 {
		t.WriteString(strings.Repeat(string(rune('a'+i%26)), 1+i%7))
		t.WriteString(string(rune('a' + i/26%26)))
		t.WriteByte(' ')
	}
	s := NewSigner(Default())
	b.SetBytes(int64(t.Len()))
	for b.Loop() {
		s.Signature(t.String())
	}
}
