package tokenizer

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// findShared looks for the folder of real models and texts that lies beside a
// checkout.
func findShared() (string, bool) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			shared := filepath.Join(dir, "..", "shared", "data")
			_, err := os.Stat(shared)
			return shared, err == nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	return "", false
}

// sharedDir is findShared for tests that are skipped without it.
func sharedDir(tb testing.TB) string {
	tb.Helper()
	dir, ok := findShared()
	if !ok {
		tb.Skip("the folder of shared test data is not beside this checkout")
	}
	return dir
}

var (
	modelsMu sync.Mutex
	models   = map[string]*Tokenizer{}
)

// sharedModel loads a model once for all tests.
func sharedModel(tb testing.TB, name string) *Tokenizer {
	tb.Helper()
	path := filepath.Join(sharedDir(tb), name)
	modelsMu.Lock()
	defer modelsMu.Unlock()
	if models[path] == nil {
		t, err := Load(path)
		if err != nil {
			tb.Fatal(err)
		}
		models[path] = t
	}
	return models[path]
}

func baichuan2(tb testing.TB) *Tokenizer {
	return sharedModel(tb, "tokenizers/baichuan2/tokenizer.model")
}

// eachLine calls f with every JSON line of a gzip file.
func eachLine[T any](tb testing.TB, path string, f func(T)) {
	tb.Helper()
	file, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	zr, err := gzip.NewReader(file)
	if err != nil {
		tb.Fatal(err)
	}
	lines := bufio.NewScanner(zr)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			tb.Fatalf("%s: %v", path, err)
		}
		f(v)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
}

// documents returns the texts of a shared corpus file, up to limit bytes.
func documents(tb testing.TB, name string, limit int) []string {
	tb.Helper()
	var docs []string
	total := 0
	eachLine(tb, filepath.Join(sharedDir(tb), name), func(d struct{ Text string }) {
		if total < limit {
			docs = append(docs, d.Text)
			total += len(d.Text)
		}
	})
	return docs
}
