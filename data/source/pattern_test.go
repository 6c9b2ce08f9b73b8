package source

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What a pattern would match but for a link that leads nowhere is told, at its end and
// on the way.
func TestPatternsPassNothingOver(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/x.jsonl", "b/x.jsonl"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"c", "b/y.jsonl"} {
		if err := os.Symlink(filepath.Join(dir, "none"), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Find([]string{filepath.Join(dir, "*", "*.jsonl")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, p := range l.Problems {
		told = append(told, p.Path)
	}
	slices.Sort(told)
	if want := []string{filepath.Join(dir, "b/y.jsonl"), filepath.Join(dir, "c")}; len(l.Files) != 2 || !slices.Equal(told, want) {
		t.Errorf("%d files, told of %q, want %q", len(l.Files), told, want)
	}
}
