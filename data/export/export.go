package export

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"huihai/data"
	"huihai/data/flow"
)

// The formats.
const (
	Megatron = "megatron"
	JSONL    = "jsonl"
)

// The units of a sequence.
const (
	Documents = "documents"
	Rows      = "rows"
)

// All is both splits.
const All = "all"

// Options say what is written.
type Options struct {
	// Format is "megatron" or "jsonl".
	Format string
	// Unit is "documents" or "rows"; JSON Lines are documents.
	Unit string
	// Split is "train", "validation" or "all".
	Split string
	// Output is the path without .bin and .idx, or the file of JSON Lines; below
	// a folder that exists. Nothing there is overwritten.
	Output string
	// Workers is how many documents are encoded at a time; it never changes the
	// result.
	Workers int
}

// Validate reports every impossible value at once.
func (o Options) Validate() error {
	var errs []error
	oneOf := func(name, v string, allowed ...string) {
		if !slices.Contains(allowed, v) {
			errs = append(errs, fmt.Errorf("%s is %q; it must be one of %q", name, v, allowed))
		}
	}
	oneOf("format", o.Format, Megatron, JSONL)
	oneOf("unit", o.Unit, Documents, Rows)
	oneOf("split", o.Split, data.Train, data.Validation, All)
	if o.Format == JSONL && o.Unit == Rows {
		errs = append(errs, errors.New("format jsonl is of documents; rows go with format megatron"))
	}
	if o.Output == "" {
		errs = append(errs, errors.New("output is empty; name the file to write"))
	}
	if o.Workers < 0 {
		errs = append(errs, fmt.Errorf("workers is %d; it cannot be negative (0 means one per CPU)", o.Workers))
	}
	return errors.Join(errs...)
}

// Summary is what was written.
type Summary struct {
	Format      string `json:"format"`
	Unit        string `json:"unit"`
	Split       string `json:"split"`
	Files       []File `json:"files"`
	Documents   int64  `json:"documents"` // of the data set, each counted once; 0 for rows
	Sequences   int64  `json:"sequences"` // of Megatron, or lines
	Tokens      int64  `json:"tokens"`    // in the sequences; for jsonl of the documents once
	DType       string `json:"dtype,omitempty"`
	VocabSize   int    `json:"vocab_size"`
	EOS         int32  `json:"eos_token_id"`
	Tokenizer   string `json:"tokenizer_sha256"`
	Fingerprint string `json:"fingerprint"` // of the data set
}

// File is a file that was written.
type File struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// exporter is one export at work.
type exporter struct {
	Options
	dir      string
	manifest *data.Manifest
	summary  *Summary
}

// Export writes the data set in dir.
func Export(ctx context.Context, dir string, o Options) (*Summary, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	m, err := data.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	e := &exporter{Options: o, dir: dir, manifest: m, summary: &Summary{
		Format: o.Format, Unit: o.Unit, Split: o.Split, VocabSize: m.VocabSize, EOS: m.EOS, Tokenizer: m.Tokenizer, Fingerprint: m.Fingerprint,
	}}
	if o.Split != All && m.Rows(kindOf(o.Split)) == 0 {
		return nil, fmt.Errorf("export: %s has no rows in its %s split", dir, o.Split)
	}
	if o.Format == JSONL {
		err = e.jsonLines(ctx)
	} else {
		err = e.megatron(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return e.summary, nil
}

// kindOf is the kind of the files of a split's rows.
func kindOf(split string) string {
	if split == data.Validation {
		return data.KindValidation
	}
	return data.KindTokens
}

// fresh refuses a path where something is, since it would be lost.
func fresh(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists; remove it or choose another output", path)
	}
	if st, err := os.Stat(filepath.Dir(path)); err != nil || !st.IsDir() {
		return fmt.Errorf("%s is no folder; make it first", filepath.Dir(path))
	}
	return nil
}

// verify compares the files of the kinds with their checksums.
func (e *exporter) verify(ctx context.Context, kinds ...string) error {
	for _, f := range e.manifest.Files {
		if !slices.Contains(kinds, f.Kind) {
			continue
		}
		path := e.manifest.Path(e.dir, f.Path)
		sum, err := flow.HashFile(ctx, path)
		if err != nil {
			return err
		}
		if sum != f.SHA256 {
			return fmt.Errorf("%s is damaged: its SHA-256 is %.12s, the manifest says %.12s: copy it again or build the data set again", path, sum, f.SHA256)
		}
	}
	return nil
}
