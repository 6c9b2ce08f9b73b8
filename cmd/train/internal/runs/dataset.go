package runs

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"huihai/data"
	"huihai/data/build"
	"huihai/model"
	"huihai/tokenizer"
	"huihai/trainer"
)

type dataState = data.State

func decode(raw json.RawMessage, v any) error { return json.Unmarshal(raw, v) }

// dataset is an open data set: the loader of its training split and what its
// build left beside the shards.
type dataset struct {
	dir        string
	loader     *data.Loader // nil before openOrder
	validation *data.Loader // nil without a held-out split
	manifest   *data.Manifest
	report     *build.Report // nil when report.json was removed
	tokenizer  []byte        // tokenizer.model
	pieces     *tokenizer.Tokenizer
	unread     int64 // rows of the last pass that no step takes
}

func openDataset(dir string) (*dataset, error) {
	d := &dataset{dir: dir}
	var err error
	if d.manifest, err = data.ReadManifest(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "tokenizer.model")
	if d.tokenizer, err = os.ReadFile(path); err != nil {
		return nil, fmt.Errorf("read the data set's tokenizer: %w", err)
	}
	if d.pieces, err = tokenizer.LoadVerified(path, d.manifest.Tokenizer); err != nil {
		return nil, err
	}
	if d.report, err = readReport(dir); err != nil {
		return nil, err
	}
	if d.manifest.Rows(data.KindValidation) > 0 {
		if d.validation, err = data.Open(dir, data.EvaluationLoader()); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// checkValidation opens and verifies the held-out shards now: what is wrong with
// them is told before the run and not after it. Shards that cannot be opened are
// an error. Damaged content is a warning: it spoils the evaluation, which will
// say so, and not the training.
func (d *dataset) checkValidation(ctx context.Context) (warning, err error) {
	if d.validation == nil {
		return nil, nil
	}
	c := data.EvaluationLoader()
	c.Verify = false
	l, err := data.Open(d.dir, c)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(l.CheckFiles(ctx), l.Close()); err != nil {
		return nil, err
	}
	return d.validation.CheckFiles(ctx), ctx.Err()
}

// openOrder opens the training split in the order of a run whose steps have the
// given rows.
func (d *dataset) openOrder(c data.LoaderConfig, rows trainer.Rows) (err error) {
	c.Split = data.Train
	c.RowsBefore = rows.Before
	d.loader, err = data.Open(d.dir, c)
	return err
}

// Close closes the loaders.
func (d *dataset) Close() error {
	var errs []error
	for _, l := range []*data.Loader{d.loader, d.validation} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

func readReport(dir string) (*build.Report, error) {
	path := filepath.Join(dir, "report.json")
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r build.Report
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return &r, nil
}

// fits refuses a data set that was made for another model. folder is where the
// weights are from, "" for fresh ones.
func (d *dataset) fits(m model.Config, t trainer.Config, folder string) error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if d.manifest.SequenceLength != t.SequenceLength {
		bad("train.sequence_length is %d but the rows in %s hold %d tokens; use that, or build the data again with --sequence-length %d",
			t.SequenceLength, d.dir, d.manifest.SequenceLength, t.SequenceLength)
	}
	if d.manifest.VocabSize > m.VocabSize {
		bad("the data set's tokenizer has %d pieces but model.vocab_size is %d; raise it to at least that, or build the data with the model's own tokenizer",
			d.manifest.VocabSize, m.VocabSize)
	}
	if folder != "" {
		if err := d.sameTokenizer(folder, m); err != nil {
			errs = append(errs, err)
		}
	}
	if int(d.manifest.EOS) != m.EosTokenID {
		bad("documents in %s end in token %d, but the model's eos_token_id is %d; set model.eos_token_id (in a model folder: config.json) to that of the tokenizer, or build the data with the model's own tokenizer",
			d.dir, d.manifest.EOS, m.EosTokenID)
	}
	return errors.Join(errs...)
}

// sameTokenizer compares the data set's tokenizer with that of the folder the
// weights are from.
func (d *dataset) sameTokenizer(folder string, m model.Config) error {
	path := filepath.Join(folder, "tokenizer.model")
	mend := fmt.Sprintf("build the data with the model's own: train data build --tokenizer %s --input ... --output ...", path)
	theirs, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && d.manifest.VocabSize < m.VocabSize-m.VocabSize/64:
		return fmt.Errorf("%s has no tokenizer.model to compare with, and the data set's has only %d pieces of the model's %d; copy the model's tokenizer.model there and build the data with it", folder, d.manifest.VocabSize, m.VocabSize)
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("read the model's tokenizer: %w", err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(theirs)); sum != d.manifest.Tokenizer {
		return fmt.Errorf("the data in %s was made with another tokenizer (%s, SHA-256 %.12s) than the model's (%s, SHA-256 %.12s), so its token ids mean other pieces; %s",
			d.dir, filepath.Join(d.dir, "tokenizer.model"), d.manifest.Tokenizer, path, sum, mend)
	}
	return nil
}
