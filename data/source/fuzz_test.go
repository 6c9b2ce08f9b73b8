package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// Whatever a file holds, reading it ends, yields only valid documents and counts
// what it rejects.
func fuzzFile(f *testing.F, name string, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	cfg := Default()
	cfg.MaxDocumentBytes, cfg.SplitBytes, cfg.MaxRecordBytes, cfg.HTML.MinLetters = 1000, 256, 1<<16, 1
	f.Fuzz(func(t *testing.T, content []byte) {
		o := read(t, write(t, filepath.Join(t.TempDir(), name), content), cfg)
		var bad *FileError
		if o.err != nil && !errors.As(o.err, &bad) {
			t.Errorf("error %v does not name the file", o.err)
		}
		for _, d := range o.docs {
			if d.ID == "" || d.Text == "" || d.Meta != "" && !json.Valid([]byte(d.Meta)) {
				t.Errorf("document %+v", d)
			}
			if name != "a.txt" && (!utf8.ValidString(d.Text) || len(d.Text) > 1000) {
				t.Errorf("text of %d bytes", len(d.Text))
			}
		}
	})
}

func FuzzJSONL(f *testing.F) {
	fuzzFile(f, "a.jsonl", []byte("{\"text\":\"a\",\"meta\":{\"x\":1}}\n{\"text\":1}\n{"), []byte("\xef\xbb\xbf\n\n"))
}

func FuzzJSON(f *testing.F) {
	fuzzFile(f, "a.json", []byte(`[{"text":"a"},{"text":"b"}]`), []byte(`{"text":"a"}{"text":"b"}`), []byte(`[]`), []byte(`[1,`))
}

func FuzzText(f *testing.F) { fuzzFile(f, "a.txt", []byte("a\n\nb"), []byte("\xff\xfe")) }

func FuzzGzip(f *testing.F) { fuzzFile(f, "a.jsonl.gz", gz("{\"text\":\"a\"}\n")) }

func FuzzZstd(f *testing.F) { fuzzFile(f, "a.jsonl.zst", zst("{\"text\":\"a\"}\n")) }

func FuzzHTML(f *testing.F) {
	fuzzFile(f, "a.html", []byte(page), []byte("<meta charset=gbk><p>\xc4\xe3\xba\xc3"))
}

func FuzzWARC(f *testing.F) { fuzzFile(f, "a.warc", []byte(archive())) }

func FuzzWARCGzip(f *testing.F) { fuzzFile(f, "a.warc.gz", gz(archive())) }

func FuzzParquet(f *testing.F) {
	var b bytes.Buffer
	_ = parquet.Write(&b, []struct {
		Text string             `parquet:"text"`
		ID   int64              `parquet:"id"`
		Meta map[string][]int32 `parquet:"meta"`
	}{{"hello", 1, map[string][]int32{"a": {1, 2}, "b": nil}}, {"world", 2, nil}})
	fuzzFile(f, "a.parquet", b.Bytes())
}

// The scanner accepts what encoding/json accepts, and finds the same values.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{"text":"a\u00e9\ud83d\ude00\n","id":1,"text":"b","meta":{"k":[1,2.5e-3,true,null]}}`, `{}`, ` { "te\u0078t" : "x" } `,
		`{"text":"\ud800 \ud800\u0041 \udc00"}`, `{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":[1,]}`, `{"a":1}x`, `[]`, `null`, "{\"a\":\"\t\"}", `{"a":"\x"}`, `{"":tru}`,
	} {
		f.Add([]byte(s))
	}
	names := []string{"text", "id", "url", "meta"}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !utf8.Valid(raw) {
			return
		}
		w := wantedFields{names: names, heads: make([]string, 4), values: make([][]byte, 4), inside: make([][]byte, 4)}
		ok := w.find(raw)
		got := w.values
		var want map[string]json.RawMessage
		if err := json.Unmarshal(raw, &want); (err == nil && want != nil) != ok {
			t.Fatalf("%q: accepted %v, encoding/json says %v", raw, ok, err)
		}
		if !ok {
			return
		}
		for i, name := range names {
			if !bytes.Equal(got[i], want[name]) {
				t.Fatalf("%q: %s is %q, want %q", raw, name, got[i], want[name])
			}
			var s string
			if s2, isString := unquote(got[i]); isString && (json.Unmarshal(got[i], &s) != nil || s != s2) {
				t.Fatalf("%q: %s reads %q, want %q", raw, name, s2, s)
			}
		}
	})
}
