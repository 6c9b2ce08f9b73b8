package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

func write(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func gz(content string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(content))
	_ = z.Close()
	return b.Bytes()
}

func zst(content string) []byte {
	e, _ := zstd.NewWriter(nil)
	return e.EncodeAll([]byte(content), nil)
}

type outcome struct {
	docs    []Document
	rejects []Reject
	stats   Stats
	err     error
}

func (o outcome) texts() []string {
	var out []string
	for _, d := range o.docs {
		out = append(out, d.Text)
	}
	return out
}

// read reads one file by its path, as Discover would find it.
func read(t testing.TB, path string, cfg Config) outcome {
	t.Helper()
	l, err := Discover([]string{path}, "")
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	o.stats, o.err = Read(context.Background(), l.Files[0], cfg, Handler{
		Document: func(d Document) error { o.docs = append(o.docs, d); return nil },
		Reject:   func(r Reject) { o.rejects = append(o.rejects, r) },
	})
	return o
}

func TestFormats(t *testing.T) {
	dir := t.TempDir()
	lines := "{\"text\":\"one\"}\n\n{\"text\":\"two\",\"id\":7}\r\n{\"text\":\"三\"}"
	array := ` [ {"text":"one"}, {"text":"two"},{"text":"三"} ] `
	want := []string{"one", "two", "三"}
	type row struct {
		ID   string  `parquet:"id,optional"`
		Text *string `parquet:"text,optional"`
		N    int64   `parquet:"n"`
	}
	s := func(v string) *string { return &v }
	var pq bytes.Buffer
	if err := parquet.Write(&pq, []row{{"a", s("one"), 1}, {"", s("two"), 2}, {"c", s("三"), 3}}); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"a.jsonl": []byte(lines), "a.ndjson": []byte("\xef\xbb\xbf" + lines), "a.jsonl.gz": gz(lines), "a.jsonl.zst": zst(lines),
		"a.JSONL": []byte(lines), "a.json": []byte(array), "a.json.gz": gz(array), "cat.json": []byte(strings.ReplaceAll(lines, "\n\n", " ")),
		"a.parquet": pq.Bytes(), "two-members.jsonl.gz": append(gz(lines[:15]), gz(lines[15:])...),
	} {
		o := read(t, write(t, filepath.Join(dir, name), content), Default())
		if o.err != nil || !slices.Equal(o.texts(), want) {
			t.Errorf("%s: %q, %v", name, o.texts(), o.err)
		}
		if o.stats.Documents != 3 || o.stats.TextBytes != 9 {
			t.Errorf("%s: stats %+v", name, o.stats)
		}
	}
	for name, content := range map[string][]byte{
		"b.txt": []byte("one\ntwo\n三"), "b.md": []byte("\xef\xbb\xbfone\ntwo\n三"), "b.txt.gz": gz("one\ntwo\n三"), "b.go": []byte("one\ntwo\n三"),
		"b.strange": []byte("one\ntwo\n三"), "b.md.zst": zst("one\ntwo\n三"),
	} {
		o := read(t, write(t, filepath.Join(dir, name), content), Default())
		if o.err != nil || !slices.Equal(o.texts(), []string{"one\ntwo\n三"}) {
			t.Errorf("%s: %q, %v", name, o.texts(), o.err)
		}
	}
}

func TestProvenance(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "set-00001-of-00002.jsonl"), []byte("{\"text\":\"a\",\"url\":\"u\",\"meta\":{\"k\":[1, 2]},\"id\":\"x\"}\n{\"text\":\"b\",\"meta\":null}\n"))
	o := read(t, path, Default())
	want := []Document{
		{ID: o.docs[0].ID, Text: "a", Source: "set", FilePath: "set-00001-of-00002.jsonl", URL: "u", SourceID: "x", Meta: `{"k":[1, 2]}`},
		{ID: o.docs[1].ID, Text: "b", Source: "set", FilePath: "set-00001-of-00002.jsonl", ByteOffset: 52},
	}
	if d := cmp.Diff(want, o.docs); d != "" {
		t.Error(d)
	}
	if o.docs[0].ID == o.docs[1].ID || len(o.docs[0].ID) != 32 {
		t.Errorf("ids %q and %q", o.docs[0].ID, o.docs[1].ID)
	}
	// The same record elsewhere on the disk has the same identity.
	again := read(t, write(t, filepath.Join(t.TempDir(), "set-00001-of-00002.jsonl"), mustRead(t, path)), Default())
	if again.docs[0].ID != o.docs[0].ID || again.docs[1].ID != o.docs[1].ID {
		t.Error("ids change with the folder")
	}
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRejects(t *testing.T) {
	cfg := Default()
	cfg.MaxDocumentBytes, cfg.RejectSamples = 100, 1
	long := strings.Repeat("x", 101)
	huge := strings.Repeat("y", 200000)
	path := write(t, filepath.Join(t.TempDir(), "a.jsonl"), []byte(strings.Join([]string{
		`{"text":"good"}`, `{"text":`, `[1]`, `"s"`, `{"txt":"x"}`, `{"text":null}`, `{"text":{}}`, `{"text":""}`,
		"{\"text\":\"\xc3\x28\"}", `{"text":"` + long + `"}`, `{"text":"` + huge + `"}`, `{"text":"good too"}`,
	}, "\n")))
	o := read(t, path, cfg)
	want := map[string]int64{ReasonBrokenJSON: 1, ReasonNoText: 5, ReasonEmptyText: 1, ReasonInvalidUTF8: 1, ReasonTooLong: 2}
	if d := cmp.Diff(want, o.stats.Rejected); d != "" || o.err != nil {
		t.Errorf("%v %s", o.err, d)
	}
	if !slices.Equal(o.texts(), []string{"good", "good too"}) {
		t.Errorf("texts %q", o.texts())
	}
	if len(o.rejects) != 5 {
		t.Errorf("%d samples, want one of each reason", len(o.rejects))
	}
	for _, r := range o.rejects {
		if len(r.Sample) > 210 || !utf8.ValidString(r.Sample) || r.FilePath != "a.jsonl" {
			t.Errorf("sample %+v", r)
		}
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	var long strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&long, "{\"text\":\"line %d of many\"}\n", i)
	}
	cut := gz(long.String())
	cut = cut[:len(cut)-len(cut)/3]
	flipped := gz(long.String())
	flipped[len(flipped)-5] ^= 0xff // the checksum
	text := gz(strings.ReplaceAll(long.String(), "\n", "\n\n"))
	zcut := zst(long.String())
	for name, tc := range map[string]struct {
		content []byte
		want    string
		some    bool // documents from before the damage
	}{
		"cut.jsonl.gz":       {cut, "truncated", true},
		"flipped.jsonl.gz":   {flipped, "damaged", true},
		"cut.txt.gz":         {text[:len(text)/2], "truncated", true},
		"cut.jsonl.zst":      {zcut[:len(zcut)/2], "", false},
		"plain.jsonl.gz":     {[]byte("{}"), "not a gzip file", false},
		"binary.txt":         {[]byte("abc\x00def"), "NUL byte at offset 3", false},
		"noise.txt":          {bytes.Repeat([]byte{0xff, 0x80, 0xfe, 0x7f, 0xa0, 0xc1}, 50), "encoding could not be told", false},
		"noise.jsonl":        {bytes.Repeat([]byte("\xff\x80\xfe\x7f\xa0\xc1\n"), 50), "encoding could not be told", false},
		"noise.html":         {bytes.Repeat([]byte("\xff\x80\xfe\x7f\xa0\xc1\n"), 50), "encoding could not be told", false},
		"noarchive.warc":     {[]byte("<html>"), "no web archive", false},
		"noarchive.warc.gz":  {gz("<html>\n"), "no record begins here", false},
		"lfs.jsonl":          {[]byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "LFS pointer", false},
		"broken.json":        {[]byte(`[{"text":"kept"},{"text":]`), "broken JSON after 2 records", true},
		"unended.json":       {[]byte(`[{"text":"kept"},`), "broken JSON", true},
		"notparquet.parquet": {[]byte("PAR1xxxxPAR1"), "Parquet", false},
	} {
		o := read(t, write(t, filepath.Join(dir, name), tc.content), Default())
		var bad *FileError
		if !errors.As(o.err, &bad) || !strings.Contains(bad.Error(), tc.want) || !strings.Contains(bad.Error(), name) {
			t.Errorf("%s: error %v does not say %q", name, o.err, tc.want)
		}
		if (len(o.docs) > 0) != tc.some {
			t.Errorf("%s: %d documents from before the damage", name, len(o.docs))
		}
	}
	if o := read(t, write(t, filepath.Join(dir, "empty.txt"), nil), Default()); o.err != nil || len(o.docs) != 0 {
		t.Errorf("an empty file: %v, %d documents", o.err, len(o.docs))
	}
	gone := File{Path: filepath.Join(dir, "gone.txt"), Format: FormatText}
	if _, err := Read(context.Background(), gone, Default(), Handler{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestParquetNamesItsColumns(t *testing.T) {
	var b bytes.Buffer
	if err := parquet.Write(&b, []struct {
		Content string   `parquet:"content"`
		Tags    []string `parquet:"tags,list"`
		N       int32    `parquet:"n"`
	}{{"hello", []string{"a"}, 1}}); err != nil {
		t.Fatal(err)
	}
	path := write(t, filepath.Join(t.TempDir(), "a.parquet"), b.Bytes())
	o := read(t, path, Default())
	for _, name := range []string{`"text"`, "content", "tags.list.element", "n", "text_field"} {
		if o.err == nil || !strings.Contains(o.err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, o.err)
		}
	}
	cfg := Default()
	cfg.TextField = "content"
	if o := read(t, path, cfg); o.err != nil || !slices.Equal(o.texts(), []string{"hello"}) {
		t.Errorf("%v, %q", o.err, o.texts())
	}
	cfg.TextField = "n"
	if o := read(t, path, cfg); o.err == nil {
		t.Error("a column of numbers is taken for text")
	}
}

// A large text is cut at blank lines; the pieces are the text.
func TestTextIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Default()
		cfg.SplitBytes = int64(rapid.IntRange(256, 600).Draw(t, "split"))
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"word ", "line\n", "end.\n\n", "中文字", "😀", "é"}), 0, 600).Draw(t, "parts")
		text := "a" + strings.Join(parts, "") // no byte order mark, never empty
		dir, err := os.MkdirTemp("", "source")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "a.txt")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		var stats Stats
		stats, err = Read(context.Background(), File{Path: path, Logical: "a.txt", Format: FormatText}, cfg, Handler{Document: func(d Document) error {
			if d.ByteOffset != int64(got.Len()) || len(d.Text) > int(cfg.SplitBytes) || !utf8.ValidString(d.Text) {
				t.Fatalf("piece of %d bytes at %d, want offset %d", len(d.Text), d.ByteOffset, got.Len())
			}
			got.WriteString(d.Text)
			return nil
		}})
		lost := int(stats.RejBytes[ReasonEmptyText])
		if err != nil || got.Len()+lost != len(text) || lost == 0 && got.String() != text {
			t.Fatalf("%v: %d bytes of %d, %d in empty pieces", err, got.Len(), len(text), lost)
		}
	})
}

func TestDiscover(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"b.txt", "a/z.md", "a/data-01.jsonl", "a/data-02.jsonl", "a/LICENSE", "a/x.png", "a/.hidden/t.txt", ".dot.txt", "out/t.txt"} {
		write(t, filepath.Join(dir, f), []byte("x"))
	}
	logical := func(l *Listing) (out []string) {
		for _, f := range l.Files {
			out = append(out, f.Source+":"+strings.TrimPrefix(f.Logical, filepath.Base(dir)+"/"))
		}
		return out
	}
	base := filepath.Base(dir)
	want := []string{base + ":a/LICENSE", "data:a/data-01.jsonl", "data:a/data-02.jsonl", base + ":a/z.md", base + ":b.txt"}
	l, err := Discover([]string{dir}, filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, logical(l)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(Skipped{".png": 1}, l.Skipped); d != "" {
		t.Error(d)
	}
	// A file named twice is read once; a file named itself is read whatever it
	// is; a pattern and a data set's name work together.
	l, err = Discover([]string{"mine=" + filepath.Join(dir, "a", "data-*.jsonl"), filepath.Join(dir, "a", "x.png"), filepath.Join(dir, "a", "data-01.jsonl")}, "")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"mine:data-01.jsonl", "mine:data-02.jsonl", "x:x.png"}, logical(l)); d != "" {
		t.Error(d)
	}
	for _, bad := range [][]string{nil, {""}, {filepath.Join(dir, "none")}, {filepath.Join(dir, "*.none")}, {filepath.Join(dir, "[")}} {
		if _, err := Discover(bad, ""); err == nil {
			t.Errorf("inputs %q are taken", bad)
		}
	}
}

func TestStopAndErrorsOfTheHandler(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "a.jsonl"), []byte("{\"text\":\"1\"}\n{\"text\":\"2\"}\n"))
	l, _ := Discover([]string{path}, "")
	boom := errors.New("boom")
	for _, want := range []error{nil, boom} {
		n := 0
		_, err := Read(context.Background(), l.Files[0], Default(), Handler{Document: func(Document) error {
			n++
			if want == nil {
				return ErrStop
			}
			return want
		}})
		if !errors.Is(err, want) || n != 1 {
			t.Errorf("handler's %v came back as %v after %d documents", want, err, n)
		}
		var bad *FileError
		if errors.As(err, &bad) {
			t.Error("the handler's error is blamed on the file")
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, l.Files[0], Default(), Handler{Document: func(Document) error { return nil }}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
}
