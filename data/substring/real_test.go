package substring

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"slices"
	"strconv"
	"testing"

	"huihai/data/clean"
	"huihai/data/cut"
	"huihai/data/source"
	"huihai/internal/golden"
)

// realDocuments reads a file of the shared data.
func realDocuments(t testing.TB, name string) (docs []Document) {
	t.Helper()
	list, err := source.Discover([]string{golden.Shared(t, "data", name)}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list.Files {
		if _, err := source.Read(context.Background(), f, source.Default(), source.Handler{Document: func(d source.Document) error {
			docs = append(docs, Document{Text: d.Text})
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
	}
	return docs
}

// windowCounts are what libdivsufsort and Kasai's algorithm say.
type windowCounts struct {
	AgainWindows int64 `json:"again_windows"`
	KeptWindows  int64 `json:"kept_windows"`
	AgainBytes   int64 `json:"again_bytes"`
	KeptBytes    int64 `json:"kept_bytes"`
}

func countWindows(marks []Mark, size int) (c windowCounts) {
	for doc := 0; len(marks) > 0; doc++ {
		n := 0
		var again, kept []Span
		for n < len(marks) && marks[n].Doc == int64(doc) {
			m := marks[n]
			windows := int64(m.Len() - size + 1)
			if m.Kept {
				kept = append(kept, m.Span)
				c.KeptWindows += windows
			} else {
				again = append(again, m.Span)
				c.AgainWindows += windows
			}
			n++
		}
		c.AgainBytes += cut.Total(cut.Union(again))
		c.KeptBytes += cut.Total(cut.Union(kept))
		marks = marks[n:]
	}
	return c
}

// On real text an independent suffix sorter finds the same order and the same
// repeats, directly and by stages.
func TestAgainstDivsufsort(t *testing.T) {
	b, err := os.ReadFile("testdata/divsufsort.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Files map[string]struct {
			Documents, Bytes int
			CRC              uint32 `json:"suffix_array_crc32"`
			Sizes            map[string]windowCounts
		}
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	for name, file := range want.Files {
		t.Run(name, func(t *testing.T) {
			docs := realDocuments(t, name)
			var text []byte
			for _, d := range docs {
				text = append(text, d.Text...)
			}
			if len(docs) != file.Documents || len(text) != file.Bytes {
				t.Fatalf("%d documents of %d bytes, want %d of %d", len(docs), len(text), file.Documents, file.Bytes)
			}
			sa := make([]int32, len(text))
			suffixArray(text, sa)
			var le []byte
			for _, p := range sa {
				le = binary.LittleEndian.AppendUint32(le, uint32(p))
			}
			if got := crc32.ChecksumIEEE(le); got != file.CRC {
				t.Errorf("the suffix array has checksum %d, want %d", got, file.CRC)
			}
			for size, want := range file.Sizes {
				cfg := Default()
				cfg.MinBytes, _ = strconv.Atoi(size)
				marks := direct(t, docs, cfg)
				slices.SortFunc(marks, Mark.compare)
				if got := countWindows(marks, cfg.MinBytes); got != want {
					t.Errorf("%s bytes: %+v, want %+v", size, got, want)
				}
				if cfg.MinBytes != 200 {
					continue
				}
				byStages, counts := staged(t, docs, cfg, 0)
				cover := coverageOf(docs, marks)
				if !slices.EqualFunc(cover, coverageOf(docs, byStages), slices.Equal) || !slices.EqualFunc(cover, coverageOf(docs, find(t, docs, cfg)), slices.Equal) {
					t.Error("stages give other marks")
				}
				t.Logf("%d bytes of text, %+v", len(text), counts)
			}
		})
	}
}

// What the defaults do to real text, as a report; it fails where they break text
// that people want kept: verse repeats little, and is cut at lines only.
func TestDefaultsOnRealText(t *testing.T) {
	cleaner := clean.New(clean.Default())
	for _, tc := range []struct {
		name string
		most float64 // share of the text taken out, whole documents included
	}{
		{"pretrain/zh_classics.jsonl.gz", 0.02}, {"pretrain/web_c4_en.jsonl.gz", 0.02}, {"pretrain/zh_law_raw.jsonl.gz", 0.05}, {"web/dolma_cc_en.jsonl.gz", 0.03},
	} {
		docs := realDocuments(t, tc.name)
		for i := range docs {
			docs[i].Text = cleaner.Clean(docs[i].Text)
		}
		cfg := Default()
		marks := find(t, docs, cfg)
		var c Counts
		for i, d := range docs {
			n := 0
			for n < len(marks) && marks[n].Doc == int64(i) {
				n++
			}
			c.Add(Decide(d.Text, marks[:n], cfg).Counts)
			marks = marks[n:]
		}
		t.Logf("%s: %+v", tc.name, c)
		if share := float64(c.Removed+c.DroppedSize) / float64(c.Bytes); share > tc.most {
			t.Errorf("%s: a share of %.4f goes, want at most %.4f", tc.name, share, tc.most)
		}
	}
}
