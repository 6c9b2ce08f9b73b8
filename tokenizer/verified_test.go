package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every single bit of the file counts, also where it still parses.
func TestLoadVerified(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sharedDir(t), "models/stories260K/tok512.model"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	tok, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := LoadVerified(path, tok.Fingerprint()); err != nil || same.Fingerprint() != tok.Fingerprint() {
		t.Errorf("the file itself: %v", err)
	}
	parsed := 0
	for at := 100; at < len(data); at += len(data) / 40 {
		data[at] ^= 1
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil {
			parsed++
		}
		if _, err := LoadVerified(path, tok.Fingerprint()); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("bit 0 of byte %d: %v", at, err)
		}
		data[at] ^= 1
	}
	if parsed == 0 {
		t.Error("no damaged file parsed, so nothing was shown")
	}
}
