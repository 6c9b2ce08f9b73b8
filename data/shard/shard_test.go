package shard

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

func TestDocumentsRoundTrip(t *testing.T) {
	var b bytes.Buffer
	w := NewDocumentWriter(&b)
	w.SetMeta(KeyConfig, "abc")
	want := []Document{
		{ID: "a", DocNo: 3, Text: "中文\ntext", Source: "s", URL: "u", FilePath: "f", ByteOffset: 9, RawSHA: [16]byte{1, 2}, Meta: `{"k":1}`,
			Language: "zh", LanguageScript: "Hani", LanguageScore: 0.5, HanRatio: 0.25, Scripts: []Share{{"Hani", 0.75}}, Signals: []Signal{{"words", 4}}, Quality: 0.75, Words: 4, DupNGram: 0.1, DupLine: 0.2,
			Perplexity: 12.5, Classifier: 0.25, Safety: 1, Paragraphs: []Span{{0, 6, 0.5, 2, 3}, {7, 11, 1, 1, 0}}, Sentences: []Span{{0, 6, 0.25, 1, 1}},
			SemCluster: 3, SemSim: 0.5, PIICount: 2, ContamTask: "gsm8k", ContamItem: "7", ContamScore: 0.9, Removed: []Removed{{6, "duplicate_sentence", "gone"}},
			ExactHash: -5, ClusterID: -1, ClusterSize: 1, IsCanonical: true,
			DupParaFrac: 0.3, Status: "kept", Split: "train", SampleWeight: 1, Copies: 2, TokenCount: 7},
		{ID: "b", DocNo: 4, Source: "s", Status: "empty", Scripts: []Share{}, Signals: []Signal{}, Paragraphs: []Span{}, Sentences: []Span{}, Removed: []Removed{}},
	}
	for _, d := range want {
		if err := w.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := parquet.Read[Document](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{KeySchema: SchemaVersion, KeyKind: "documents", KeyConfig: "abc", KeyRows: "2"} {
		if v, _ := f.Lookup(key); v != want {
			t.Errorf("footer %s = %q, want %q", key, v, want)
		}
	}
}

// The column names are a promise to people's queries.
func TestColumnNames(t *testing.T) {
	names := func(s *parquet.Schema) string {
		var out []string
		for _, f := range s.Fields() {
			out = append(out, f.Name())
		}
		return strings.Join(out, " ")
	}
	want := "id source_id doc_no text source url file_path byte_offset raw_sha meta language language_script language_score han_ratio scripts quality perplexity classifier safety words " +
		"dup_5gram_frac dup_line_frac signals paragraphs sentences exact_hash minhash_cluster_id minhash_cluster_size is_canonical dup_para_frac " +
		"sem_cluster sem_sim pii_count contam_task contam_item contam_score removed " +
		"status split sample_weight copies token_count"
	if got := names(parquet.SchemaOf(Document{})); got != want {
		t.Errorf("documents: %s", got)
	}
	if got := names(parquet.SchemaOf(TokenRow{})); got != "seq_no token_ids doc_nos doc_starts source weight" {
		t.Errorf("tokens: %s", got)
	}
}

func TestRowGroupsEndByBytes(t *testing.T) {
	var b bytes.Buffer
	w := newWriter(&b, "documents", 4096, 10_000, func(d *Document) int { return len(d.Text) })
	for i := range 100 {
		size := 100
		if i%10 == 0 {
			size = 20_000
		}
		if err := w.Write(Document{Text: strings.Repeat("x", size)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.RowGroups()); n != 11 || f.NumRows() != 100 {
		t.Errorf("%d row groups of %d rows", n, f.NumRows())
	}
}

// tokenFile writes rows of random shape and returns them and the file's path.
func tokenFile(t *testing.T, rows, width, groupBytes int) (string, []TokenRow) {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(rows), uint64(width)))
	var b bytes.Buffer
	w := newWriter(&b, "tokens", 1000, groupBytes, func(r *TokenRow) int { return 4 * len(r.TokenIDs) })
	var want []TokenRow
	for i := range rows {
		r := TokenRow{SeqNo: int64(i), DocStarts: []int32{0}, DocNos: []int64{int64(i)}, Source: fmt.Sprint("s", rng.IntN(3)), Weight: 1}
		for k := range width {
			r.TokenIDs = append(r.TokenIDs, rng.Int32N(125696))
			if k > 0 && rng.IntN(20) == 0 {
				r.DocStarts, r.DocNos = append(r.DocStarts, int32(k)), append(r.DocNos, rng.Int64())
			}
		}
		want = append(want, r)
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path, want
}

// Any row can be read in any order, whatever the cache holds.
func TestTokensInAnyOrder(t *testing.T) {
	path, want := tokenFile(t, 300, 17, 5000)
	rapid.Check(t, func(t *rapid.T) {
		cache := PageCache{Limit: int64(rapid.SampledFrom([]int{0, 2000, 20000, 1 << 30}).Draw(t, "cache"))}
		f, err := OpenTokens(path, 17, &cache)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if f.Rows() != 300 || len(f.groups) < 3 {
			t.Fatalf("%d rows in %d groups", f.Rows(), len(f.groups))
		}
		var r Row
		for range 20 {
			i := rapid.IntRange(0, 299).Draw(t, "row")
			if err := f.Read(int64(i), &r); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Tokens, want[i].TokenIDs) || !slices.Equal(r.Starts, want[i].DocStarts) || !slices.Equal(r.Docs, want[i].DocNos) {
				t.Fatalf("row %d is %+v, want %+v", i, r, want[i])
			}
			if source, err := f.Source(int64(i)); err != nil || source != want[i].Source {
				t.Fatalf("row %d is of source %q, want %q: %v", i, source, want[i].Source, err)
			}
			if cache.bytes > cache.Limit {
				t.Fatalf("the cache holds %d bytes of %d", cache.bytes, cache.Limit)
			}
		}
	})
}

func TestTokenErrors(t *testing.T) {
	path, _ := tokenFile(t, 10, 5, 5000)
	f, err := OpenTokens(path, 6, &PageCache{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r Row
	for _, i := range []int64{-1, 10} {
		if err := f.Read(i, &r); err == nil {
			t.Errorf("row %d of 10 is read", i)
		}
		if _, err := f.Source(i); err == nil {
			t.Errorf("row %d of 10 has a source", i)
		}
	}
	if err := f.Read(0, &r); err == nil || !strings.Contains(err.Error(), "should have 6") {
		t.Errorf("rows of another width: %v", err)
	}
	var b bytes.Buffer
	w := NewDocumentWriter(&b)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "documents.parquet")
	if err := os.WriteFile(other, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenTokens(other, 5, &PageCache{}); err == nil || !strings.Contains(err.Error(), "token_ids") {
		t.Errorf("a file of documents: %v", err)
	}
}

func TestRowCheck(t *testing.T) {
	for name, r := range map[string]Row{
		"short":        {Tokens: []int32{1}, Starts: []int32{0}, Docs: []int64{0}},
		"no start":     {Tokens: []int32{1, 2}},
		"late start":   {Tokens: []int32{1, 2}, Starts: []int32{1}, Docs: []int64{0}},
		"beyond":       {Tokens: []int32{1, 2}, Starts: []int32{0, 2}, Docs: []int64{0, 1}},
		"not rising":   {Tokens: []int32{1, 2}, Starts: []int32{0, 0}, Docs: []int64{0, 1}},
		"uneven lists": {Tokens: []int32{1, 2}, Starts: []int32{0, 1}, Docs: []int64{0}},
	} {
		if r.check(0, 2) == nil {
			t.Errorf("%s passes", name)
		}
	}
	ok := Row{Tokens: []int32{1, 2}, Starts: []int32{0, 1}, Docs: []int64{0, 1}}
	if err := ok.check(0, 2); err != nil {
		t.Error(err)
	}
}

func FuzzOpenTokens(f *testing.F) {
	var b bytes.Buffer
	w := NewTokenWriter(&b)
	_ = w.Write(TokenRow{TokenIDs: []int32{1, 2, 3}, DocNos: []int64{0}, DocStarts: []int32{0}})
	_ = w.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "x.parquet")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		tf, err := OpenTokens(path, 3, &PageCache{Limit: 1 << 20})
		if err != nil {
			return
		}
		defer tf.Close()
		var r Row
		for i := range min(tf.Rows(), 10) {
			if tf.Read(i, &r) == nil && len(r.Tokens) != 3 {
				t.Errorf("row %d has %d tokens", i, len(r.Tokens))
			}
			_, _ = tf.Source(i)
		}
	})
}
