package runs

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"huihai/data"
	"huihai/model"
	"huihai/trainer"
)

// dataset is an open data set: the loader of its training split and what its
// build left beside the shards.
type dataset struct {
	dir        string
	loader     *data.Loader
	manifest   *data.Manifest
	report     *data.Report // nil when report.json was removed
	tokenizer  []byte
	validation bool // there is a held-out split
}

func openDataset(dir string, cfg data.LoaderConfig) (*dataset, error) {
	d := &dataset{dir: dir}
	var err error
	if d.manifest, err = data.ReadManifest(dir); err != nil {
		return nil, err
	}
	if d.tokenizer, err = os.ReadFile(filepath.Join(dir, "tokenizer.model")); err != nil {
		return nil, fmt.Errorf("read the data set's tokenizer: %w", err)
	}
	if d.report, err = readReport(dir); err != nil {
		return nil, err
	}
	for _, f := range d.manifest.Files {
		d.validation = d.validation || f.Kind == data.Validation && f.Rows > 0
	}
	d.loader, err = data.Open(dir, cfg)
	return d, err
}

func readReport(dir string) (*data.Report, error) {
	path := filepath.Join(dir, "report.json")
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r data.Report
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return &r, nil
}

// fits refuses a data set that was made for another model.
func (d *dataset) fits(m model.Config, t trainer.Config) error {
	var errs []error
	if d.manifest.SequenceLength != t.SequenceLength {
		errs = append(errs, fmt.Errorf("train.sequence_length is %d but the rows in %s hold %d tokens; use that, or build the data again with --sequence-length %d",
			t.SequenceLength, d.dir, d.manifest.SequenceLength, t.SequenceLength))
	}
	if d.manifest.VocabSize > m.VocabSize {
		errs = append(errs, fmt.Errorf("the data set's tokenizer has %d pieces but model.vocab_size is %d; raise it to at least that, or build the data with the model's own tokenizer",
			d.manifest.VocabSize, m.VocabSize))
	}
	return errors.Join(errs...)
}

// runID names a run after its configuration and its data, so that a repeated
// run has the same name and its checkpoints the same bytes.
func (d *dataset) runID(rendered []byte) string {
	sum := sha256.Sum256(append([]byte(d.manifest.Fingerprint), rendered...))
	return fmt.Sprintf("%x", sum[:6])
}

func fingerprint(rendered []byte) string { return fmt.Sprintf("%x", sha256.Sum256(rendered)) }
