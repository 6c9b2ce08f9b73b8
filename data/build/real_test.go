package build

import (
	"context"
	"path/filepath"
	"testing"

	"huihai/data/clean"
	"huihai/data/dedup"
	"huihai/data/score"
	"huihai/data/source"
	"huihai/internal/golden"
)

// verdicts are what the rules of the default profile say about a corpus.
type verdicts struct {
	bytes, kept int64
	copies      int64
	dropped     map[string]int64 // bytes
}

func judgeAll(t *testing.T, inputs ...string) verdicts {
	t.Helper()
	list, err := source.Discover(inputs, "")
	if err != nil {
		t.Fatal(err)
	}
	scorer, err := score.New(score.Default())
	if err != nil {
		t.Fatal(err)
	}
	cleaner, seen := clean.New(clean.Default()), map[[16]byte]bool{}
	j := verdicts{dropped: map[string]int64{}}
	for _, f := range list.Files {
		_, err := source.Read(context.Background(), f, source.Default(), source.Handler{Document: func(d source.Document) error {
			text := cleaner.Clean(d.Text)
			r := scorer.Score(text, source.IsCode(d.FilePath))
			j.bytes += int64(len(text))
			if r.Reason == score.Kept {
				j.kept += int64(len(text))
			} else {
				j.dropped[r.Reason] += int64(len(text))
			}
			h := dedup.ExactHash(text)
			if seen[h] {
				j.copies++
			}
			seen[h] = true
			return nil
		}})
		if err != nil {
			t.Logf("%v", err)
		}
	}
	return j
}

// The default profile is for texts that someone chose: it must not throw away
// program code, documentation or verse for looking unlike web pages.
func TestDefaultProfileKeepsRealTexts(t *testing.T) {
	root := golden.GoRoot(t)
	for _, tc := range []struct {
		name   string
		inputs func(t *testing.T) []string
		least  float64
	}{
		{"Go sources", func(*testing.T) []string {
			return []string{filepath.Join(root, "src", "strconv"), filepath.Join(root, "src", "go"), filepath.Join(root, "src", "sort")}
		}, 0.97},
		{"Go documentation", func(*testing.T) []string { return []string{filepath.Join(root, "doc")} }, 0.99},
		{"Song lyrics", func(t *testing.T) []string { return []string{golden.Shared(t, "data", "pretrain/zh_song_ci.jsonl.gz")} }, 0.99},
		{"classics", func(t *testing.T) []string {
			return []string{golden.Shared(t, "data", "pretrain/zh_classics.jsonl.gz")}
		}, 0.995},
		{"legal cases", func(t *testing.T) []string { return []string{golden.Shared(t, "data", "pretrain/zh_law_raw.jsonl.gz")} }, 0.99},
		{"Chinese documentation", func(t *testing.T) []string { return []string{golden.Shared(t, "data", "pretrain/docs_zh.jsonl.gz")} }, 0.95},
		{"Shakespeare", func(t *testing.T) []string {
			return []string{golden.Shared(t, "data", "pretrain/en_tinyshakespeare.txt.gz")}
		}, 0.99},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := judgeAll(t, tc.inputs(t)...)
			share := float64(j.kept) / float64(j.bytes)
			t.Logf("%.2f%% of %.2f MB kept; dropped: %v", 100*share, float64(j.bytes)/1e6, j.dropped)
			if share < tc.least {
				t.Errorf("%.2f%% of the text is kept, want %.2f%%: %v", 100*share, 100*tc.least, j.dropped)
			}
		})
	}
}

// The file is known to hold 343 exact copies among its 2,754 documents.
func TestKnownDuplicatesAreFound(t *testing.T) {
	if j := judgeAll(t, golden.Shared(t, "data", "pretrain/docs_en.jsonl.gz")); j.copies != 343 {
		t.Errorf("%d exact copies, want 343", j.copies)
	}
}
