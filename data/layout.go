package data

import (
	"fmt"
	"os"
	"path/filepath"

	"huihai/tokenizer"
)

// The names inside a data set's folder.
const (
	NameManifest  = "_manifest.json"
	NameReport    = "report.json"
	NamePage      = "report.html"
	NameConfig    = "build.yaml"
	NameRejects   = "rejects.jsonl"
	NameTokenizer = tokenizer.FileName
	DirWork       = ".work"
	DirDocuments  = "documents"
	DirTokens     = "tokens"
	DirValidation = "validation"
)

// A build that replaces a data set puts its files beside those in place, under names
// with the new fingerprint, then the manifest in place of the old one, and only then
// gives the files their names. A reader that finds a manifest finds its files
// therefore, whenever the build was killed: [Manifest.Path].

// PendingPath returns the name that the file rel of the data set in dir has until the
// manifest with the fingerprint is in place.
func PendingPath(dir, rel, fingerprint string) string {
	return fmt.Sprintf("%s.%.12s.next", filepath.Join(dir, filepath.FromSlash(rel)), fingerprint)
}

// Path returns where the file rel of the data set in dir lies, whose manifest m is.
func (m *Manifest) Path(dir, rel string) string {
	if next := PendingPath(dir, rel, m.Fingerprint); isFile(next) {
		return next
	}
	return filepath.Join(dir, filepath.FromSlash(rel))
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

// TokenizerPath returns where the tokenizer of the data set in dir lies.
func TokenizerPath(dir string) string {
	if m, err := ReadManifest(dir); err == nil {
		return m.Path(dir, NameTokenizer)
	}
	return filepath.Join(dir, NameTokenizer)
}
