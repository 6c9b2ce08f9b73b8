package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huihai/data"
	"huihai/data/build"
	"huihai/data/query"
)

var river = strings.Repeat("The river runs past the old mill and turns towards the sea. ", 8)

// set builds a data set of four documents: two copies, one too short, one alone.
func set(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	lines := `{"text":"` + river + `"}
{"text":"` + river + `"}
{"text":"a"}
{"text":"` + strings.Repeat("床前明月光，疑是地上霜。举头望明月，低头思故乡。", 4) + `"}
`
	in := filepath.Join(dir, "texts.jsonl")
	if err := os.WriteFile(in, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := build.Default()
	cfg.Inputs, cfg.Output, cfg.VocabSize, cfg.Pack.SequenceLength = []string{in}, filepath.Join(dir, "set"), 400, 32
	cfg.Score.Profile = "none" // the texts repeat themselves
	if _, err := build.Run(context.Background(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	return cfg.Output
}

func TestQueries(t *testing.T) {
	dir, ctx := set(t), context.Background()

	table, err := query.Stats(ctx, dir, []string{"status", "language"})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, g := range table.Groups {
		counts[strings.Join(g.Values, "/")] = g.Documents
		if q := g.Quantiles["bytes"]; q[0] > q[3] || q[3] > q[6] || q[6] == 0 {
			t.Errorf("quantiles %v", q)
		}
		if q, ok := g.Quantiles["perplexity"]; ok {
			t.Errorf("quantiles %v of a score that no document has", q)
		}
	}
	for _, want := range []string{"exact_duplicate/en", "kept/zh"} {
		if counts[want] != 1 {
			t.Errorf("%d documents of %s, want 1 (%v)", counts[want], want, counts)
		}
	}

	hits := func(f query.Filter) (out []query.Hit) {
		if err := query.Search(ctx, dir, f, func(h query.Hit) error { out = append(out, h); return nil }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	poem := hits(query.Filter{Text: "明月"})
	if len(poem) != 1 || poem[0].Matches != 8 || poem[0].Offset != len("床前") || !strings.HasPrefix(poem[0].Snippet, "床前明月") {
		t.Fatalf("search for a text: %+v", poem)
	}
	if got := hits(query.Filter{Regexp: `[Rr]iver\s+runs`, Status: "kept"}); len(got) != 1 || got[0].Matches != 8 {
		t.Errorf("search by expression and status: %+v", got)
	}
	if got := hits(query.Filter{Limit: 2}); len(got) != 2 {
		t.Errorf("%d hits beyond the limit", len(got))
	}
	if got := hits(query.Filter{Source: "none"}); len(got) != 0 {
		t.Errorf("a source that is not there: %+v", got)
	}

	s, err := query.Explain(ctx, dir, poem[0].ID[:12])
	if err != nil {
		t.Fatal(err)
	}
	tokens := int32(0)
	for _, r := range s.Rows {
		tokens += r.Tokens
	}
	if s.Document.ID != poem[0].ID || tokens != s.Document.TokenCount || len(s.Cluster) != 0 || !strings.HasPrefix(s.Decision, "kept for the train split") {
		t.Errorf("story of the poem: %d of %d tokens, %s", tokens, s.Document.TokenCount, s.Decision)
	}
	if len(s.Components) == 0 || len(s.Others) == 0 || s.Original != "" { // it repeats itself: rules of other sets
		t.Errorf("rules of the poem: %d components, others %v", len(s.Components), s.Others)
	}
	copied := hits(query.Filter{Status: "exact_duplicate"})
	if s, err = query.Explain(ctx, dir, copied[0].ID); err != nil || len(s.Cluster) != 2 || len(s.Rows) != 0 || !strings.Contains(s.Decision, s.Cluster[0].ID) {
		t.Errorf("story of a copy: %+v, %v", s, err)
	}
}

// Of a near copy, the copy that stayed and what differs are told.
func TestTwin(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	var own []string
	for i := range 40 {
		own = append(own, fmt.Sprintf("The %s mill on the %s river was built by the family of %s.", word(i), word(i+50), word(i+100)))
	}
	text := strings.Join(own, " ")
	var lines string
	for _, s := range []string{text, "  " + text, text + " It was sold!\nNobody knows why."} {
		b, err := json.Marshal(map[string]string{"text": s})
		if err != nil {
			t.Fatal(err)
		}
		lines += string(b) + "\n"
	}
	in := filepath.Join(dir, "texts.jsonl")
	if err := os.WriteFile(in, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := build.Default()
	cfg.Inputs, cfg.Output, cfg.VocabSize, cfg.Pack.SequenceLength = []string{in}, filepath.Join(dir, "set"), 400, 32
	cfg.Score.Profile = "none"
	if _, err := build.Run(ctx, cfg, nil); err != nil {
		t.Fatal(err)
	}
	stories := map[string]*query.Story{}
	err := query.Search(ctx, cfg.Output, query.Filter{}, func(h query.Hit) error {
		s, err := query.Explain(ctx, cfg.Output, h.ID)
		stories[s.Document.Status] = s
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	kept, exact, near := stories["kept"], stories["exact_duplicate"], stories["near_duplicate"]
	if kept == nil || exact == nil || near == nil {
		t.Fatalf("the copies are %v", stories)
	}
	if kept.Twin != nil {
		t.Errorf("the one that stays has a twin %+v", kept.Twin)
	}
	// The longest has the best quality, and so the two others have one twin.
	added := []string{"It was sold!", "Nobody knows why."}
	for _, s := range []*query.Story{exact, near} {
		w := s.Twin
		if w.ID != kept.Document.ID || w.FilePath != "texts.jsonl" || w.Similarity < 0.9 || w.Similarity >= 1 ||
			w.Only.Total != 0 || w.OnlyTwin.Total != 2 || !slices.Equal(w.OnlyTwin.Sentences, added) {
			t.Errorf("the twin of the %s: %+v", s.Document.Status, w)
		}
	}
}

// word returns a word of its own for each number.
func word(n int) string {
	return string(rune('a'+n%26)) + string(rune('a'+n/26)) + "ton" + string(rune('a'+n%7))
}

// What is said of a row is what the loader says of it, and leads to the documents.
func TestRowsLeadToDocuments(t *testing.T) {
	dir, ctx := set(t), context.Background()
	l, err := data.Open(dir, data.DefaultLoader())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b, err := l.Next(ctx, 6)
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int64
	for _, r := range b.Lineage {
		numbers = append(numbers, r.Row)
	}
	rows, err := query.Rows(dir, data.Train, numbers)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		want := b.Lineage[i]
		end := int32(0)
		for k, s := range r.Spans {
			if s.DocNo != want.Docs[k] || s.Start != want.Starts[k] || s.Start != end || s.End <= s.Start {
				t.Errorf("row %d: span %d is %+v, want document %d from %d", r.Row, k, s, want.Docs[k], want.Starts[k])
			}
			end = s.End
		}
		if r.Row != want.Row || r.Source != want.Source || len(r.Spans) != len(want.Docs) || end != int32(b.SeqLen+1) {
			t.Errorf("row %+v, want %+v", r, want)
		}
		found, err := query.Documents(ctx, dir, want.Docs)
		if err != nil {
			t.Fatal(err)
		}
		for _, no := range want.Docs {
			if no < 0 {
				continue // padding
			}
			s, err := query.Explain(ctx, dir, found[no].ID)
			if err != nil {
				t.Fatal(err)
			}
			d := s.Document
			if got := found[no]; got.DocNo != d.DocNo || got.FilePath != d.FilePath || got.TokenCount != d.TokenCount || got.Beginning == "" || !strings.HasPrefix(d.Text, got.Beginning) {
				t.Errorf("document %d is %+v, want %+v", no, got, d)
			}
		}
	}
	for _, bad := range []int64{-1, l.Rows()} {
		if _, err := query.Rows(dir, data.Train, []int64{bad}); err == nil || !strings.Contains(err.Error(), "asked for row") {
			t.Errorf("row %d: %v", bad, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	dir, ctx := set(t), context.Background()
	none := func(query.Hit) error { return nil }
	for what, err := range map[string]error{
		"source, language": func() error { _, err := query.Stats(ctx, dir, []string{"colour"}); return err }(),
		"not both":         query.Search(ctx, dir, query.Filter{Text: "a", Regexp: "b"}, none),
		"missing closing":  query.Search(ctx, dir, query.Filter{Regexp: "("}, none),
		"no document":      func() error { _, err := query.Explain(ctx, dir, "zzzz"); return err }(),
		"is no data set":   query.Search(ctx, t.TempDir(), query.Filter{}, none),
	} {
		if err == nil || !strings.Contains(err.Error(), strings.Split(what, ",")[0]) {
			t.Errorf("%v does not say %q", err, what)
		}
	}
	// A damaged file is named.
	path := filepath.Join(dir, "documents", "documents-00000.parquet")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4; i < len(b)/2; i++ {
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := query.Search(ctx, dir, query.Filter{Text: "river"}, none); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged file: %v", err)
	}
}
