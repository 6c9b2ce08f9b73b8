package pii

import (
	"strings"
	"testing"
)

func BenchmarkApply(b *testing.B) {
	texts := map[string]string{
		"prose":   strings.Repeat("The quick brown fox jumps over the lazy dog, and the dog, which was not asleep, saw it with one eye.\n", 200),
		"chinese": strings.Repeat("秦川雄帝宅，函谷壮皇居。绮殿千寻起，离宫百雉余。连甍遥接汉，飞观迥凌虚。\n", 200),
		"code":    strings.Repeat("func (s *scan) add(k Kind, start, end int) { s.out = append(s.out, Match{k, start, end}) } // x[3] = 17\n", 200),
		"hits":    strings.Repeat("Write to jane.doe@mail.org or call 13812345678 from 93.184.216.34, she said on 2024-01-02.\n", 200),
	}
	for _, name := range []string{"prose", "chinese", "code", "hits"} {
		text := texts[name]
		b.Run(name, func(b *testing.B) {
			m := masker(b, Default())
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				m.Apply(text)
			}
		})
	}
}
