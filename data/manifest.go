package data

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"huihai/data/flow"
)

// FormatVersion changes when a reader of an older version would go wrong. Format 1
// had no runs: its rows can be read, but not mixed by source.
const (
	FormatVersion = 2
	oldestFormat  = 1
)

// The kinds of files of a data set.
const (
	KindDocuments  = "documents"
	KindTokens     = "tokens"
	KindValidation = "validation"
)

// Manifest is what makes a folder a data set: it is written last, names every
// file with its checksum, and holds no time or place.
type Manifest struct {
	Format         int            `json:"format"`
	Fingerprint    string         `json:"fingerprint"` // of all below but BuildKey
	BuildKey       string         `json:"build_key"`   // of inputs, configuration and code
	SequenceLength int            `json:"sequence_length"`
	VocabSize      int            `json:"vocab_size"`
	EOS            int32          `json:"eos_token_id"`
	Tokenizer      string         `json:"tokenizer_sha256"`
	Files          []ManifestFile `json:"files"`
}

// ManifestFile is one file of a data set.
type ManifestFile struct {
	Path   string `json:"path"` // relative, with slashes
	Kind   string `json:"kind"` // documents, tokens, validation or tokenizer
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Runs are the sources of a file of training rows, in the order of its rows;
	// the rows of a run are in shuffled order.
	Runs []Run `json:"runs,omitempty"`
}

// Run is a number of rows of one source that lie one after the other.
type Run struct {
	Source string `json:"source"`
	Rows   int64  `json:"rows"`
}

// Sign computes the fingerprint.
func (m *Manifest) Sign() error {
	unsigned := *m
	unsigned.Fingerprint, unsigned.BuildKey = "", ""
	var err error
	m.Fingerprint, err = flow.Hash(unsigned)
	return err
}

// ReadManifest reads and checks the manifest of the data set in dir.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, NameManifest)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, e := os.Stat(filepath.Join(dir, DirWork)); e == nil {
			return nil, fmt.Errorf("data: %s holds an unfinished build; run the same build again to finish it", dir)
		}
		return nil, fmt.Errorf("data: %s is no data set: it has no %s; make one with: train data build", dir, NameManifest)
	}
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(content, &m); err != nil {
		return nil, fmt.Errorf("data: %s is damaged: %w", path, err)
	}
	if m.Format < oldestFormat || m.Format > FormatVersion {
		return nil, fmt.Errorf("data: %s has format %d; this program reads formats %d to %d: build the data set again", path, m.Format, oldestFormat, FormatVersion)
	}
	want := m.Fingerprint
	if err := m.Sign(); err != nil {
		return nil, err
	}
	if m.Fingerprint != want {
		return nil, fmt.Errorf("data: %s was changed by hand or damaged: its fingerprint does not match", path)
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return nil, fmt.Errorf("data: %s names a file outside the folder: %q", path, f.Path)
		}
		if err := f.checkRuns(); err != nil {
			return nil, fmt.Errorf("data: %s is damaged: %w", path, err)
		}
	}
	return &m, nil
}

// checkRuns compares the runs, where there are any, with the number of rows.
func (f *ManifestFile) checkRuns() error {
	left := f.Rows
	for _, r := range f.Runs {
		if r.Rows < 1 || r.Rows > left {
			return fmt.Errorf("%s has %d rows, but not with a run of %d of source %q", f.Path, f.Rows, r.Rows, r.Source)
		}
		left -= r.Rows
	}
	if len(f.Runs) > 0 && left != 0 {
		return fmt.Errorf("%s has %d rows, of which %d have no source", f.Path, f.Rows, left)
	}
	return nil
}

// Rows returns the number of rows of a kind of files.
func (m *Manifest) Rows(kind string) int64 {
	var n int64
	for _, f := range m.Files {
		if f.Kind == kind {
			n += f.Rows
		}
	}
	return n
}

// CacheBytes is the most memory that the decoded pages of the training rows and
// of the held-out ones take in a run whose loader keeps at most limit of the
// former: all of them, counted with room to spare, or the limit.
func (m *Manifest) CacheBytes(limit int64) int64 {
	const perToken = 2 * 4 // its id, and its part of everything else
	row := perToken * int64(m.SequenceLength+1)
	return min(limit, m.Rows(KindTokens)*row) + min(EvaluationLoader().CacheBytes, m.Rows(KindValidation)*row)
}

// Damaged compares all files with the manifest, byte by byte, workers at a time, and
// returns the paths of those that are missing or differ, in the manifest's order.
func (m *Manifest) Damaged(ctx context.Context, dir string, workers int) ([]string, error) {
	wrong := make([]bool, len(m.Files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, workers))
	for i, f := range m.Files {
		g.Go(func() error {
			sum, err := flow.HashFile(ctx, m.Path(dir, f.Path))
			wrong[i] = err != nil || sum != f.SHA256
			return ctx.Err()
		})
	}
	err := g.Wait()
	var out []string
	for i, f := range m.Files {
		if wrong[i] {
			out = append(out, m.Path(dir, f.Path))
		}
	}
	return out, err
}

// Names reports whether the data set has a file of this path.
func (m *Manifest) Names(path string) bool {
	return slices.ContainsFunc(m.Files, func(f ManifestFile) bool { return f.Path == path })
}
