package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"huihai/internal/golden"
)

// BenchmarkRead reads files from a warm cache: MB/s of the file as it lies
// there, for compressed ones also of what is in it.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	var lines, gbk bytes.Buffer
	for i := range 4000 {
		text := fmt.Sprintf("Line %d\twith \"quotes\" and\nbreaks. ", i) + sentence + sentence + "More of it in plain English words, so that both are there. "
		l, _ := json.Marshal(map[string]any{"id": i, "text": text + text, "url": "http://x/y", "meta": map[string]any{"a": []int{1, 2}, "b": "c"}})
		lines.Write(append(l, '\n'))
	}
	gbk.Write(encode(b, simplifiedchinese.GBK, lines.String()))
	warc, err := os.ReadFile(golden.Shared(b, "data", "web/sample-0000.warc.gz"))
	if err != nil {
		b.Fatal(err)
	}
	for _, bc := range []struct {
		name    string
		content []byte
		inside  int
	}{
		{"a.jsonl", lines.Bytes(), lines.Len()}, {"a.jsonl.gz", gz(lines.String()), lines.Len()}, {"a.jsonl.zst", zst(lines.String()), lines.Len()},
		{"gbk.jsonl", gbk.Bytes(), gbk.Len()}, {"a.txt", lines.Bytes(), lines.Len()}, {"gbk.txt", gbk.Bytes(), gbk.Len()}, {"a.warc.gz", warc, 785541},
	} {
		path := write(b, filepath.Join(dir, bc.name), bc.content)
		l, err := Discover([]string{path}, "")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(bc.inside))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(context.Background(), l.Files[0], Default(), Handler{Document: func(Document) error { return nil }}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
