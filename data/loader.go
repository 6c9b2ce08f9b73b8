package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sort"

	"huihai/data/flow"
	"huihai/data/mix"
	"huihai/data/shard"
)

// Loader serves the rows of one split as batches. Row number i of epoch e is row
// P(i) of the split, where P is a permutation drawn from the seed and e and
// evaluated on the fly; how many rows are asked for at a time does not change
// the order. A Loader is for one goroutine; it reads ahead with one of its own,
// which ends with Close.
type Loader struct {
	cfg      LoaderConfig
	dir      string
	manifest *Manifest
	files    []*tokenFile
	first    []int64 // first row of each file, and the end
	cache    shard.PageCache

	state  State
	ledger BatchLedger
	batch  Batch
	ahead  *prefetch
}

type tokenFile struct {
	ManifestFile
	open *shard.TokenFile
}

// State is the place of a loader in its order: what comes next is row Index of
// epoch Epoch.
type State struct {
	Fingerprint string `json:"fingerprint"` // of the data set
	Split       string `json:"split"`
	Shuffle     bool   `json:"shuffle"`
	Seed        uint64 `json:"seed"`
	Epoch       int64  `json:"epoch"`
	Index       int64  `json:"index"`
}

// Open opens the data set in dir for reading.
func Open(dir string, cfg LoaderConfig) (*Loader, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("data: loader: %w", err)
	}
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	l := &Loader{cfg: cfg, dir: dir, manifest: m, first: []int64{0}}
	l.cache.Limit = cfg.CacheBytes
	kind := KindTokens
	if cfg.Split == Validation {
		kind = KindValidation
	}
	for _, f := range m.Files {
		if f.Kind == kind {
			l.files = append(l.files, &tokenFile{ManifestFile: f})
			l.first = append(l.first, l.Rows()+f.Rows)
		}
	}
	if l.Rows() == 0 {
		hint := ""
		if cfg.Split == Validation {
			hint = "; build it with a validation fraction above 0"
		}
		return nil, fmt.Errorf("data: %s has no rows in its %s split%s", dir, cfg.Split, hint)
	}
	l.state = State{Fingerprint: m.Fingerprint, Split: cfg.Split, Shuffle: cfg.Shuffle, Seed: cfg.Seed}
	return l, nil
}

// Rows returns the number of rows of one epoch.
func (l *Loader) Rows() int64 { return l.first[len(l.first)-1] }

// SeqLen returns the number of inputs of a row.
func (l *Loader) SeqLen() int { return l.manifest.SequenceLength }

// VocabSize returns the size of the vocabulary that the token ids are from.
func (l *Loader) VocabSize() int { return l.manifest.VocabSize }

// Fingerprint identifies the data set.
func (l *Loader) Fingerprint() string { return l.manifest.Fingerprint }

// TokenizerFingerprint is the hex SHA-256 of the tokenizer's model file.
func (l *Loader) TokenizerFingerprint() string { return l.manifest.Tokenizer }

// Ledger returns the sum of the ledgers of all batches since Open.
func (l *Loader) Ledger() BatchLedger { return l.ledger }

// Next returns the next rows, fewer at the end of the last epoch, then io.EOF.
// A batch may reach from one epoch into the next. It is valid until the call
// after.
func (l *Loader) Next(ctx context.Context, rows int) (*Batch, error) {
	if rows < 1 {
		return nil, fmt.Errorf("data: loader: asked for %d rows", rows)
	}
	if l.ahead == nil {
		l.ahead = l.startPrefetch(l.state)
	}
	l.batch.resize(rows, l.SeqLen())
	got, next := 0, l.state
	for got < rows && !l.ended(next) {
		item, err := l.ahead.next(ctx)
		if err != nil {
			// Rows taken so far would be lost: begin again at the state.
			l.stop()
			return nil, err
		}
		l.batch.set(got, &item.row)
		l.ahead.recycle(item)
		got++
		next = l.after(next)
	}
	if got == 0 {
		return nil, io.EOF
	}
	l.state = next
	ledger := l.batch.Ledger
	l.batch.resize(got, l.SeqLen())
	l.batch.Ledger = ledger
	l.ledger.Add(ledger)
	return &l.batch, nil
}

func (l *Loader) ended(s State) bool { return l.cfg.Epochs > 0 && s.Epoch >= int64(l.cfg.Epochs) }

// after returns the state one row on.
func (l *Loader) after(s State) State {
	if s.Index++; s.Index == l.Rows() {
		s.Epoch++
		s.Index = 0
	}
	return s
}

// State returns the place of the loader: the first row that Next has not yet
// returned.
func (l *Loader) State() State { return l.state }

// Restore moves the loader to a place that State gave, of this loader or of
// another on the same data set. The seed and order are those of the state.
func (l *Loader) Restore(s State) error {
	switch {
	case s.Fingerprint != l.manifest.Fingerprint:
		return fmt.Errorf("data: loader: the saved state is of data set %.12s, but %s is %.12s: the data has changed since", s.Fingerprint, l.dir, l.manifest.Fingerprint)
	case s.Split != l.cfg.Split:
		return fmt.Errorf("data: loader: the saved state is of split %q, but the loader reads %q", s.Split, l.cfg.Split)
	case s.Epoch < 0 || s.Index < 0 || s.Index >= l.Rows():
		return fmt.Errorf("data: loader: the saved state is at row %d of epoch %d; an epoch has %d rows", s.Index, s.Epoch, l.Rows())
	}
	l.stop()
	l.state = s
	return nil
}

// Close ends reading ahead and closes the files.
func (l *Loader) Close() error {
	l.stop()
	var errs []error
	for _, f := range l.files {
		if f.open != nil {
			errs = append(errs, f.open.Close())
			f.open = nil
		}
	}
	return errors.Join(errs...)
}

func (l *Loader) stop() {
	if l.ahead != nil {
		l.ahead.stop()
		l.ahead = nil
	}
}

// read fills r with the row that state s points at. perm caches the epoch's
// permutation.
func (l *Loader) read(ctx context.Context, s State, perm *epochOrder, r *shard.Row) error {
	at := s.Index
	if s.Shuffle {
		at = perm.at(l.Rows(), s)
	}
	i := sort.Search(len(l.files), func(k int) bool { return l.first[k+1] > at })
	f := l.files[i]
	if f.open == nil {
		if err := l.openFile(ctx, f); err != nil {
			return err
		}
	}
	return f.open.Read(at-l.first[i], r)
}

// openFile verifies a file and opens it.
func (l *Loader) openFile(ctx context.Context, f *tokenFile) error {
	path := filepath.Join(l.dir, filepath.FromSlash(f.Path))
	if l.cfg.Verify {
		sum, err := flow.HashFile(ctx, path)
		if err != nil {
			return fmt.Errorf("data: loader: %w", err)
		}
		if sum != f.SHA256 {
			return fmt.Errorf("data: loader: %s is damaged: its SHA-256 is %.12s, the manifest says %.12s: copy it again or build the data set again", path, sum, f.SHA256)
		}
	}
	t, err := shard.OpenTokens(path, l.SeqLen()+1, &l.cache)
	if err != nil {
		return fmt.Errorf("data: loader: %w", err)
	}
	if t.Rows() != f.Rows {
		_ = t.Close()
		return fmt.Errorf("data: loader: %s has %d rows; the manifest says %d", path, t.Rows(), f.Rows)
	}
	f.open = t
	return nil
}

// epochOrder is the permutation of one epoch.
type epochOrder struct {
	perm  *mix.Permutation
	epoch int64
	seed  uint64
}

func (e *epochOrder) at(rows int64, s State) int64 {
	if e.perm == nil || e.epoch != s.Epoch || e.seed != s.Seed {
		e.perm, e.epoch, e.seed = mix.NewPermutation(rows, s.Seed, uint64(s.Epoch)), s.Epoch, s.Seed
	}
	return e.perm.At(s.Index)
}
