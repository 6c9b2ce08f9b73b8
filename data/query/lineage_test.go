package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"huihai/data"
	"huihai/data/flow"
	"huihai/data/shard"
)

// table writes a data set of documents in three files, 40 a file, 10 a row group;
// their numbers are even, and in the last file not in order.
func table(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	m := data.Manifest{Format: 2, SequenceLength: 8}
	for f := range 3 {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[shard.Document](&b, parquet.PageBufferSize(2000))
		for i := range 40 {
			k := i
			if f == 2 {
				k = 39 - i
			}
			no := int64(2 * (40*f + k))
			d := shard.Document{
				ID: fmt.Sprint("id", no), DocNo: no, Text: fmt.Sprint("文本 ", no, " ", strings.Repeat("汇海 ", 400)),
				Source: "s", FilePath: fmt.Sprint("file", f), TokenCount: int32(no),
			}
			if no%4 == 0 {
				d.URL = fmt.Sprint("https://example.org/", no)
			}
			if _, err := w.Write([]shard.Document{d}); err != nil {
				t.Fatal(err)
			}
			if i%10 == 9 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("documents/documents-%05d.parquet", f)
		write(t, filepath.Join(dir, path), b.Bytes())
		m.Files = append(m.Files, data.ManifestFile{Path: path, Kind: data.KindDocuments, Rows: 40})
	}
	var err error
	if m.Fingerprint, err = flow.Hash(m); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "_manifest.json"), text)
	return dir
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDocumentsByNumber(t *testing.T) {
	dir, ctx := table(t), context.Background()
	asked := []int64{0, 78, 80, 4, 4, 160, 238, 200, shard.NoDocument, 3, 1000}
	got, err := Documents(ctx, dir, asked)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 7 {
		t.Errorf("%d documents, want 7", len(got))
	}
	for _, no := range []int64{0, 78, 80, 4, 160, 238, 200} {
		d := got[no]
		url := ""
		if no%4 == 0 {
			url = fmt.Sprint("https://example.org/", no)
		}
		text := []rune(fmt.Sprint("文本 ", no, " ", strings.Repeat("汇海 ", 400)))
		want := Document{fmt.Sprint("id", no), no, "s", url, fmt.Sprint("file", no/80), int32(no), string(text[:80])}
		if d != want {
			t.Errorf("document %d is %+v, want %+v", no, d, want)
		}
	}
	every := make([]int64, 300)
	for i := range every {
		every[i] = int64(i)
	}
	if got, err = Documents(ctx, dir, every); err != nil || len(got) != 120 {
		t.Errorf("%d documents of 120: %v", len(got), err)
	}
	if firstOf("汇海", 1) != "汇" || firstOf("汇海", 2) != "汇海" || firstOf("", 1) != "" {
		t.Error("the beginning of a text is cut wrong")
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Documents(ended, dir, asked); err == nil {
		t.Error("a context that has ended is not noticed")
	}
}

// counting counts the bytes that are read.
type counting struct {
	r io.ReaderAt
	n int64
}

func (c *counting) ReadAt(p []byte, at int64) (int, error) {
	c.n += int64(len(p))
	return c.r.ReadAt(p, at)
}

// One document of a large file is found without reading the others.
func TestDocumentsReadLittle(t *testing.T) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[shard.Document](&b)
	text := make([]byte, 2000)
	for i := range 3200 {
		for k := range text {
			text[k] = byte('a' + (k*k+i*k)%26)
		}
		if _, err := w.Write([]shard.Document{{DocNo: int64(i), Text: string(text)}}); err != nil {
			t.Fatal(err)
		}
		if i%50 == 49 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, found := &counting{r: bytes.NewReader(b.Bytes())}, map[int64]Document{}
	if err := lookUp(context.Background(), r, int64(b.Len()), "x", []int64{1733}, found); err != nil || found[1733].DocNo != 1733 || len(found) != 1 {
		t.Fatalf("found %v: %v", found, err)
	}
	if r.n > int64(b.Len())/4 {
		t.Errorf("%d bytes of %d were read for one document of 3200", r.n, b.Len())
	}
}

// Files that are cut short, changed or of something else are named, never a panic.
func TestDocumentsOfDamagedFiles(t *testing.T) {
	dir := table(t)
	path := filepath.Join(dir, "documents", "documents-00001.parquet")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	noticed := 0
	for at := 4; at < len(content); at += max(1, len(content)/200) {
		broken := bytes.Clone(content)
		broken[at] ^= 0x55
		write(t, path, broken)
		if _, err := Documents(context.Background(), dir, []int64{100, 140}); err != nil {
			noticed++
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%v does not name the file", err)
			}
		}
	}
	if noticed == 0 {
		t.Error("no damage is noticed")
	}
	write(t, path, content[:len(content)-3])
	if _, err := Documents(context.Background(), dir, []int64{100}); err == nil {
		t.Error("a file that is cut short is read")
	}
}
