package lang

import (
	"strings"
	"testing"
)

var prose = map[string]string{
	"english": "The committee published its report on the state of the river in spring, and the people of the valley, who had waited for it, read every page of it twice. ",
	"chinese": "委员会在春天公布了关于河流状况的报告，等待已久的山谷居民把每一页都读了两遍。",
	"german":  "Der Ausschuss veröffentlichte im Frühjahr seinen Bericht über den Zustand des Flusses, und die Bewohner des Tals lasen jede Seite zweimal. ",
	"russian": "Комиссия опубликовала весной доклад о состоянии реки, и жители долины, которые давно его ждали, прочитали каждую страницу дважды. ",
	"code":    "func (m *model) find(key uint32) (row uint32, ok bool) {\n\tmask := uint32(len(m.keys) - 1)\n\treturn m.where[key&mask], true\n}\n",
}

func BenchmarkIdentify(b *testing.B) {
	for _, name := range []string{"english", "chinese", "german", "russian", "code"} {
		for _, size := range []struct {
			name  string
			bytes int
		}{{"200B", 200}, {"2KB", 2000}, {"20KB", 20000}} {
			text := strings.Repeat(prose[name], size.bytes/len(prose[name])+1)
			b.Run(name+"/"+size.name, func(b *testing.B) {
				id := New(Default())
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					id.Identify(text, false)
				}
			})
		}
	}
}
