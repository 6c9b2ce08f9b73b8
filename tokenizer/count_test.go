package tokenizer

import (
	"path/filepath"
	"testing"
)

// Counting agrees with parsing, and a file that is cut short is noticed.
func TestCountPieces(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "*.model.gz"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no models to count: %v", err)
	}
	counted := 0
	for _, path := range paths {
		content := gunzip(t, path)
		whole, err := Parse(content)
		if err != nil {
			continue // models that are refused
		}
		counted++
		if n, err := CountPieces(content); err != nil || n != whole.VocabSize() {
			t.Errorf("%s: %d pieces counted of %d: %v", path, n, whole.VocabSize(), err)
		}
		if _, err := CountPieces(content[:len(content)-1]); err == nil {
			t.Errorf("%s: a file that is cut short is counted", path)
		}
	}
	if counted == 0 {
		t.Error("nothing was counted")
	}
}
