package source

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

type taken struct {
	docs    []Document
	rejects []Reject
	stats   Stats
	err     error
}

func (t taken) texts() string {
	var b strings.Builder
	for _, d := range t.docs {
		b.WriteString(d.Text + "\n")
	}
	return b.String()
}

// takeFile reads a file as it is.
func takeFile(t *testing.T, path string, cfg Config) (out taken) {
	t.Helper()
	format, _ := formatOf(path)
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f := File{Path: path, Logical: filepath.Base(path), Source: "case", Format: format, Size: st.Size()}
	out.stats, out.err = Read(context.Background(), f, cfg, Handler{
		Document: func(d Document) error { out.docs = append(out.docs, d); return nil },
		Reject:   func(r Reject) { out.rejects = append(out.rejects, r) },
	})
	return out
}

// Files on which something was lost or mistaken once.
func TestCases(t *testing.T) {
	for name, tc := range map[string]struct {
		docs, rejects int
		has           string // what a text must hold
	}{
		"cat.json":           {2, 0, "and two."},
		"arrjunk.json":       {2, 0, "and two."},
		"odd.jsonl":          {8, 4, "and secondbom."},
		"pad.jsonl.gz":       {1, 0, ""},
		"trail.jsonl.zst":    {200, 0, ""},
		"nulpad.jsonl":       {1, 0, "and np."},
		"meta.parquet":       {50, 0, ""},
		"contentenc.warc.gz": {12, 0, "enc aws-chunked"},
		"framing_gz.warc.gz": {9, 0, "and too short"},
		"hdr.warc.gz":        {5, 0, "and dupcl"},
		"mediatypes.warc.gz": {14, 0, "and ct14"},
		"versions.warc.gz":   {6, 0, "and vWARC_0_17"},
	} {
		got := takeFile(t, filepath.Join("testdata", "cases", name), Default())
		if got.err != nil || len(got.docs) != tc.docs || len(got.rejects) != tc.rejects || !strings.Contains(got.texts(), tc.has) {
			t.Errorf("%s: %d documents, rejects %+v, %v", name, len(got.docs), got.rejects, got.err)
		}
	}
}

func TestNestedField(t *testing.T) {
	cfg := Default()
	cfg.TextField = "content.text"
	if got := takeFile(t, filepath.Join("testdata", "cases", "nested.jsonl"), cfg); got.err != nil || len(got.docs) != 1 || !strings.Contains(got.texts(), "and nst.") {
		t.Errorf("%+v", got)
	}
	path := filepath.Join(t.TempDir(), "a.jsonl")
	write(t, path, []byte(`{"content.text":"flat","content":{"text":"deep"}}`+"\n"+`{"content":{"x":1}}`+"\n"+`{"content":"text"}`+"\n"))
	if got := takeFile(t, path, cfg); len(got.docs) != 1 || got.docs[0].Text != "flat" || len(got.rejects) != 2 {
		t.Errorf("%+v", got)
	}
}

// Ids are those of the records, whatever their type and their order, and structs are
// kept as objects are.
func TestColumnsOfAnyType(t *testing.T) {
	there := takeFile(t, filepath.Join("testdata", "cases", "meta.parquet"), Default())
	back := takeFile(t, filepath.Join("testdata", "cases", "metarev.parquet"), Default())
	if len(there.docs) != 50 || len(back.docs) != 50 {
		t.Fatal(len(there.docs), len(back.docs))
	}
	slices.Reverse(back.docs)
	for i, d := range there.docs {
		if d.SourceID == "" || d.SourceID != back.docs[i].SourceID || d.Text != back.docs[i].Text || !strings.HasPrefix(d.Meta, `{"a":`) {
			t.Fatalf("row %d: %+v and %+v", i, d, back.docs[i])
		}
	}
}

func TestKeepFields(t *testing.T) {
	cfg := Default()
	cfg.KeepFields = []string{"lang", "info.year", "absent"}
	dir := t.TempDir()
	jsonl := filepath.Join(dir, "a.jsonl")
	write(t, jsonl, []byte(`{"id":7,"text":"a","lang":"zh","info":{"year":2001},"meta":{"k":1}}`+"\n"))
	got := takeFile(t, jsonl, cfg)
	if len(got.docs) != 1 || got.docs[0].SourceID != "7" || got.docs[0].Meta != `{"meta":{"k":1},"lang":"zh","info.year":2001}` {
		t.Errorf("%+v", got)
	}
	table := filepath.Join(dir, "a.csv")
	write(t, table, []byte("\ufeffid,text,lang\n1,\"a, \"\"b\"\"\nc\",zh\n2,second,en\n3,too,many,values\n4,\"last\",\n"))
	got = takeFile(t, table, cfg)
	if got.err != nil || len(got.docs) != 3 || got.docs[0].Text != "a, \"b\"\nc" || got.docs[0].Meta != `{"lang":"zh"}` || got.docs[1].SourceID != "2" || len(got.rejects) != 1 {
		t.Errorf("%+v", got)
	}
	tabs := filepath.Join(dir, "b.tsv")
	write(t, tabs, []byte("text\tlang\none, two\ten\n"))
	if got := takeFile(t, tabs, cfg); len(got.docs) != 1 || got.docs[0].Text != "one, two" {
		t.Errorf("%+v", got)
	}
	cfg.TextField = "body"
	if got := takeFile(t, tabs, cfg); got.err == nil || !strings.Contains(got.err.Error(), "text, lang") {
		t.Errorf("no such column: %v", got.err)
	}
}

// Small files that declare to be large are refused, or read in little memory.
func TestBombs(t *testing.T) {
	got := takeFile(t, filepath.Join("testdata", "cases", "plainbomb.parquet"), Default())
	if got.err == nil || !strings.Contains(got.err.Error(), "refused") {
		t.Errorf("a page of a gigabyte: %v", got.err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got = takeFile(t, filepath.Join("testdata", "cases", "dictbomb.parquet"), Default())
	runtime.ReadMemStats(&after)
	if got.err != nil || len(got.docs) > 0 || got.stats.Rejected[ReasonTooLong] != 100_000 {
		t.Errorf("a hundred thousand times the same text: %v, %v", got.stats, got.err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<30 {
		t.Errorf("it took %d MB", n>>20)
	}
}

// An interrupt ends the reading of any file between two records.
func TestReadingStops(t *testing.T) {
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0)) // over before it begins
	defer cancel()
	for _, name := range []string{"dictbomb.parquet", "trail.jsonl.zst", "framing_gz.warc.gz"} {
		path := filepath.Join("testdata", "cases", name)
		format, _ := formatOf(path)
		n := 0
		_, err := Read(ctx, File{Path: path, Logical: name, Format: format}, Default(), Handler{Document: func(Document) error { n++; return nil }})
		if err == nil || n > 0 {
			t.Errorf("%s: %d documents, %v", name, n, err)
		}
	}
}

// What is looked at grows with the text, not with its square: blanks after a bracket.
func TestBlanksInJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	write(t, path, []byte("["+strings.Repeat(" ", 4<<20)+`{"text":"a"}`+strings.Repeat("\n", 1<<20)+"]"+strings.Repeat("\x00", 1<<16)))
	if got := takeFile(t, path, Default()); got.err != nil || len(got.docs) != 1 || got.docs[0].ByteOffset != 4<<20+1 {
		t.Errorf("%+v", got)
	}
}
