package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huihai/data"
	"huihai/data/build"
	"huihai/data/megatron"
	"huihai/data/pack"
	"huihai/data/query"
	"huihai/data/shard"
)

const seqLen = 24

// dataSet builds a data set in which sampling repeats one source and leaves another
// out.
func dataSet(t *testing.T, method string) (string, *build.Report) {
	t.Helper()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(3, 0))
	words := strings.Fields("river mountain forest 春花秋月 garden city <b>&amp; winter 何時了 engine letter question")
	cfg := build.Default()
	for _, name := range []string{"once", "twice", "never"} {
		var b bytes.Buffer
		for i := range 25 {
			text := ""
			for range 5 + rng.IntN(60) {
				text += words[rng.IntN(len(words))] + fmt.Sprint(" ", rng.IntN(100), " ")
			}
			l, err := json.Marshal(map[string]any{"id": fmt.Sprint(name, i), "text": text, "meta": map[string]int{"n": i}})
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(l, '\n'))
		}
		path := filepath.Join(dir, name+".jsonl")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		cfg.Inputs = append(cfg.Inputs, name+"="+path)
	}
	cfg.Output, cfg.VocabSize, cfg.Workers, cfg.ValidationFraction = filepath.Join(dir, "set"), 500, 2, 0.2
	cfg.Pack.SequenceLength, cfg.Pack.Method = seqLen, method
	cfg.Score.Profile, cfg.Dedup.Near = "none", false
	cfg.Sample.Sources = map[string]float64{"twice": 2, "never": 0}
	r, err := build.Run(context.Background(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Output, r
}

func export(t *testing.T, dir string, o Options) *Summary {
	t.Helper()
	s, err := Export(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pieces collects from the rows the pieces of each document.
func pieces(t *testing.T, dir, kind string) map[int64][][]int32 {
	t.Helper()
	m, err := data.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[int64][][]int32{}
	err = query.Scan(context.Background(), dir, m, kind, func(r *shard.TokenRow) (bool, error) {
		for i, doc := range r.DocNos {
			end := len(r.TokenIDs)
			if i+1 < len(r.DocStarts) {
				end = int(r.DocStarts[i+1])
			}
			if doc != shard.NoDocument {
				out[doc] = append(out[doc], slices.Clone(r.TokenIDs[r.DocStarts[i]:end]))
			}
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// madeOf tells whether tokens can be laid out of all the pieces, each used once.
func madeOf(tokens []int32, pieces [][]int32) bool {
	if len(tokens) == 0 {
		return len(pieces) == 0
	}
	for i, p := range pieces {
		if len(p) <= len(tokens) && slices.Equal(p, tokens[:len(p)]) &&
			madeOf(tokens[len(p):], slices.Delete(slices.Clone(pieces), i, i+1)) {
			return true
		}
	}
	return false
}

// The sequences of documents are exactly what stands in the rows: the pieces of each
// document, copies and all, make its sequences.
func TestDocumentsAreTheRows(t *testing.T) {
	for _, method := range []string{pack.Concat, pack.BestFit} {
		dir, report := dataSet(t, method)
		for i, split := range []string{data.Train, data.Validation} {
			prefix := filepath.Join(t.TempDir(), "out")
			s := export(t, dir, Options{Format: Megatron, Unit: Documents, Split: split, Output: prefix})
			if want := report.Splits[i].Ledger; s.Tokens != want.Tokens || s.Sequences != want.Documents {
				t.Errorf("%s %s: %d tokens in %d sequences, the ledger has %+v", method, split, s.Tokens, s.Sequences, want)
			}
			r, err := megatron.Open(prefix)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var numbers []int64 // of the documents, in the order of the sequences
			m, _ := data.ReadManifest(dir)
			err = query.Scan(context.Background(), dir, m, data.KindDocuments, func(d *shard.Document) (bool, error) {
				if d.Split == split {
					numbers = append(numbers, slices.Repeat([]int64{d.DocNo}, int(d.Copies))...)
				}
				return true, nil
			})
			if err != nil || len(numbers) != len(r.Lengths) || len(numbers) < 5 {
				t.Fatalf("%s %s: %d sequences of %d copies: %v", method, split, len(r.Lengths), len(numbers), err)
			}
			left := pieces(t, dir, kindOf(split))
			for from := 0; from < len(numbers); {
				to := from
				var tokens []int32
				for to < len(numbers) && numbers[to] == numbers[from] {
					if tokens, err = r.Document(tokens, to); err != nil {
						t.Fatal(err)
					}
					to++
				}
				if !madeOf(tokens, left[numbers[from]]) {
					t.Errorf("%s %s: document %d is not what its rows hold", method, split, numbers[from])
				}
				delete(left, numbers[from])
				from = to
			}
			if len(left) > 0 {
				t.Errorf("%s %s: %d documents of the rows are missing", method, split, len(left))
			}
		}
	}
}

func TestRowsAreTheRows(t *testing.T) {
	dir, _ := dataSet(t, pack.Concat)
	prefix := filepath.Join(t.TempDir(), "out")
	s := export(t, dir, Options{Format: Megatron, Unit: Rows, Split: All, Output: prefix})
	m, err := data.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	rows := m.Rows(data.KindTokens) + m.Rows(data.KindValidation)
	if s.Sequences != rows || s.Tokens != rows*(seqLen+1) || s.DType != "uint16" || len(s.Files) != 2 {
		t.Errorf("summary %+v of %d rows", s, rows)
	}
	r, err := megatron.Open(prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for _, kind := range []string{data.KindTokens, data.KindValidation} {
		err := query.Scan(context.Background(), dir, m, kind, func(row *shard.TokenRow) (bool, error) {
			got, err := r.Sequence(nil, n)
			if !slices.Equal(got, row.TokenIDs) {
				t.Errorf("sequence %d is not the row", n)
			}
			n++
			return true, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestJSONLines(t *testing.T) {
	dir, report := dataSet(t, pack.Concat)
	path := filepath.Join(t.TempDir(), "out.jsonl")
	s := export(t, dir, Options{Format: JSONL, Unit: Documents, Split: All, Output: path})
	if s.Documents != report.Kept.Documents || s.Sequences != s.Documents {
		t.Errorf("summary %+v; %d documents are kept", s, report.Kept.Documents)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type told struct {
		ID, Text, Source, Split string
		Copies                  int
		Quality                 float32
		TokenCount              int64 `json:"token_count"`
		Meta                    struct{ N *int }
	}
	byID := map[string]told{}
	var tokens int64
	for in := bufio.NewScanner(f); in.Scan(); {
		var d told
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		byID[d.ID] = d
		tokens += d.TokenCount
		if d.Meta.N == nil || d.Source == "" || d.Split == "" || d.Copies != map[string]int{"once": 1, "twice": 2, "never": 0}[d.Source] {
			t.Errorf("line %s", in.Text())
		}
	}
	if int64(len(byID)) != s.Documents || tokens != s.Tokens {
		t.Errorf("%d lines of %d tokens, summary %+v", len(byID), tokens, s)
	}
	// Read again, the text is the same: a build of the export keeps all of it.
	cfg := build.Default()
	cfg.Inputs, cfg.Output, cfg.VocabSize = []string{path}, filepath.Join(t.TempDir(), "again"), 500
	cfg.Score.Profile, cfg.Dedup.Near, cfg.Pack.SequenceLength = "none", false, seqLen
	again, err := build.Run(context.Background(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.Kept != report.Kept {
		t.Errorf("built again from the export: %+v, want %+v", again.Kept, report.Kept)
	}
}

// The files do not depend on the number of workers.
func TestWorkersDoNotMatter(t *testing.T) {
	dir, _ := dataSet(t, pack.Concat)
	var sums []string
	for _, workers := range []int{1, 3} {
		s := export(t, dir, Options{Format: Megatron, Unit: Documents, Split: All, Output: filepath.Join(t.TempDir(), "x"), Workers: workers})
		sums = append(sums, s.Files[0].SHA256+s.Files[1].SHA256)
	}
	if sums[0] != sums[1] {
		t.Error("one worker and three make different files")
	}
}

func TestExportRefuses(t *testing.T) {
	dir, _ := dataSet(t, pack.Concat)
	prefix := filepath.Join(t.TempDir(), "out")
	o := Options{Format: Megatron, Unit: Documents, Split: data.Train, Output: prefix}
	refused := func(name, want string, o Options) {
		t.Helper()
		if _, err := Export(context.Background(), dir, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", name, err, want)
		}
		if _, err := os.Stat(prefix + ".idx"); err == nil {
			t.Errorf("%s: an index is left", name)
		}
	}
	_, err := Export(context.Background(), dir, Options{Unit: "x", Workers: -1})
	for _, want := range []string{"format", "unit", "split", "output", "workers"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no options: %v does not name %s", err, want)
		}
	}
	o.Output = filepath.Join(prefix, "no", "folder")
	refused("no folder", "make it first", o)
	o.Output = prefix
	if err := os.WriteFile(prefix+".bin", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	refused("in the way", "exists", o)
	if err := os.Remove(prefix + ".bin"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "documents", "documents-00000.parquet")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	refused("damaged", "documents-00000.parquet is damaged", o)
	if _, err := os.Stat(prefix + ".bin"); err == nil {
		t.Error("tokens are left after a failure")
	}
	path = filepath.Join(dir, "tokenizer.model")
	if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused("tokenizer", "tokenizer", o)
}
