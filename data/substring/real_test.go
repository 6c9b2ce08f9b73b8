package substring

import (
	"context"
	"testing"

	"huihai/data/clean"
	"huihai/data/source"
	"huihai/internal/golden"
)

// realDocuments reads and cleans files of the shared data, each exact text once.
func realDocuments(t testing.TB, names ...string) (docs []Document) {
	t.Helper()
	cleaner, seen := clean.New(clean.Default()), map[string]bool{}
	for _, name := range names {
		list, err := source.Discover([]string{golden.Shared(t, "data", name)}, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list.Files {
			if _, err := source.Read(context.Background(), f, source.Default(), source.Handler{Document: func(d source.Document) error {
				if text := cleaner.Clean(d.Text); !seen[text] {
					seen[text] = true
					docs = append(docs, Document{Text: text})
				}
				return nil
			}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return docs
}
