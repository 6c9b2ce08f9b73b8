package source

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

// readParts reads parts in order and adds up their statistics.
func readParts(t interface {
	Helper()
	Fatal(...any)
}, files []File) (docs []Document, sum Stats) {
	t.Helper()
	sum = Stats{Rejected: map[string]int64{}, RejBytes: map[string]int64{}, Encodings: map[string]int64{}, PassedOver: map[string]int64{}}
	for _, f := range files {
		st, err := Read(context.Background(), f, Default(), Handler{Document: func(d Document) error { docs = append(docs, d); return nil }})
		if err != nil {
			t.Fatal(err)
		}
		sum.Documents += st.Documents
		sum.TextBytes += st.TextBytes
		for _, m := range [][2]map[string]int64{{sum.Rejected, st.Rejected}, {sum.RejBytes, st.RejBytes}, {sum.Encodings, st.Encodings}, {sum.PassedOver, st.PassedOver}} {
			for k, n := range m[1] {
				m[0][k] += n
			}
		}
	}
	return docs, sum
}

// The documents of the parts are the documents of the whole.
func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "source")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{
			`{"text":"one"}`, `{"text":"` + strings.Repeat("long ", 50) + `"}`, "", "{broken", `{"text":"","id":4}`, `{"text":"中文"}`, " ", "\r",
		}), 0, 60).Draw(t, "lines")
		text := rapid.SampledFrom([]string{"", "\xef\xbb\xbf", "\n\n"}).Draw(t, "head") + strings.Join(lines, "\n") + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "tail")
		type row struct {
			Text string `parquet:"text"`
			N    int64  `parquet:"n"`
		}
		var pq bytes.Buffer
		w := parquet.NewGenericWriter[row](&pq)
		for i, l := range lines {
			if _, err := w.Write([]row{{l, int64(i)}}); err != nil {
				t.Fatal(err)
			}
			if i%5 == 4 {
				if err := w.Flush(); err != nil { // ends a row group
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{
			"a.jsonl": []byte(text), "b.parquet": pq.Bytes(), "c.txt": []byte(text), "d.jsonl.gz": gz(text),
			"e.jsonl": append([]byte{0xff, 0xfe}, utf16le(text)...),
		} {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		l, err := Discover([]string{dir}, "")
		if err != nil {
			t.Fatal(err)
		}
		parts := Cut(l.Files, rapid.Int64Range(1, 400).Draw(t, "target"))
		want, wantStats := readParts(t, l.Files)
		got, gotStats := readParts(t, parts)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("documents (-whole +parts): %s", d)
		}
		if d := cmp.Diff(wantStats, gotStats); d != "" {
			t.Fatalf("statistics (-whole +parts): %s", d)
		}
		var a, b int64
		for _, f := range l.Files {
			a += f.Size
		}
		for _, f := range parts {
			b += f.Size
		}
		if a != b {
			t.Fatalf("the parts have %d bytes of %d", b, a)
		}
	})
}

func utf16le(s string) (out []byte) {
	for _, r := range s {
		if r < 0x10000 {
			out = append(out, byte(r), byte(r>>8))
		}
	}
	return out
}

func TestCutParts(t *testing.T) {
	files := []File{
		{Path: "a.jsonl", Format: FormatJSONL, Size: 100}, {Path: "b.jsonl.gz", Format: FormatJSONL, Size: 100},
		{Path: "c.txt", Format: FormatText, Size: 100}, {Path: "d.parquet", Format: FormatParquet, Size: 101}, {Path: "e.jsonl", Format: FormatJSONL, Size: 50},
	}
	type part struct {
		Path           string
		Offset, Length int64
	}
	var got []part
	for _, f := range Cut(files, 50) {
		got = append(got, part{f.Path, f.Offset, f.Length})
	}
	want := []part{{"a.jsonl", 0, 50}, {"a.jsonl", 50, 50}, {"b.jsonl.gz", 0, 0}, {"c.txt", 0, 0}, {"d.parquet", 0, 33}, {"d.parquet", 33, 34}, {"d.parquet", 67, 34}, {"e.jsonl", 0, 0}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(files, Cut(files, 0)); d != "" {
		t.Errorf("no target: %s", d)
	}
}

func TestSpool(t *testing.T) {
	var pq bytes.Buffer
	if err := parquet.Write(&pq, []struct {
		Text string `parquet:"text"`
	}{{"x"}}); err != nil {
		t.Fatal(err)
	}
	pretty, _ := json.MarshalIndent(map[string]string{"text": "x"}, "", " ")
	for ext, content := range map[string][]byte{
		".txt": []byte("text"), ".jsonl": []byte("{\"text\":\"x\"}\n{}\n"), ".jsonl.gz": gz("{\"text\":\"x\"}\n"), ".json": pretty, ".json.zst": zst("[{\"text\":\"x\"}]"),
		".html": []byte("\n<!-- c --><!DOCTYPE html>" + page), ".html.gz": gz(page), ".warc.gz": gz(archive()), ".warc": []byte(archive()), ".parquet": pq.Bytes(), ".txt.gz": gz("text"),
	} {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		path, err := Spool(bytes.NewReader(content), dir)
		if err != nil || !strings.HasSuffix(path, ext) || strings.Count(filepath.Base(path), ".") != strings.Count(ext, ".") {
			t.Fatalf("%s: %s, %v", ext, path, err)
		}
		if !bytes.Equal(mustRead(t, path), content) {
			t.Errorf("%s: the content changed", ext)
		}
		again, err := Spool(bytes.NewReader(content), dir)
		if entries, _ := os.ReadDir(dir); err != nil || again != path || len(entries) != 1 {
			t.Errorf("%s: the same stream became %s, %v, %v", ext, again, err, entries)
		}
		l, err := Find([]string{"mine=-"}, Options{Stdin: path})
		if err != nil || len(l.Files) != 1 || l.Files[0].Source != "mine" || l.Files[0].Logical != "stdin"+ext {
			t.Fatalf("%s: %+v, %v", ext, l, err)
		}
		if docs, _ := readParts(t, l.Files); len(docs) == 0 {
			t.Errorf("%s: no documents", ext)
		}
	}
	if _, err := Spool(strings.NewReader(""), t.TempDir()); err == nil {
		t.Error("an empty stream is taken")
	}
	if _, err := Discover([]string{"-"}, ""); err == nil {
		t.Error("standard input is found where there is none")
	}
	if !IsStdin("-") || !IsStdin("a=-") || IsStdin("a=b") || IsStdin("--") {
		t.Error("IsStdin")
	}
}
