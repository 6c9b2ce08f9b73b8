package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"huihai/data/mix"
	"huihai/data/shard"
)

// Loader serves the rows of one split as batches. Without a mixture, row number i
// of epoch e is row P(i) of the split, where P is a permutation drawn from the seed
// and e and evaluated on the fly. With one, sources are drawn by [mix.Mixer], and
// the i-th row drawn of a source is the i-th of the source's own permutations, one
// after the other. How many rows are asked for at a time does not change the order.
//
// Of n readers with equal states, each takes every n-th row from there on: asking
// each for k rows gives the rows that asking one for n*k gives, and leaves all with
// the state that it has. So a state may be restored by any number of readers.
//
// A Loader is for one goroutine; it reads ahead with one of its own, which ends
// with Close.
type Loader struct {
	cfg      LoaderConfig
	dir      string
	manifest *Manifest
	files    []*tokenFile
	first    []int64      // first row of each file, and the end
	sources  []sourceRows // by name; nil if the data set does not tell
	streams  []uint64     // of the permutations of each source
	mixture  *mixture     // nil for none
	cache    shard.PageCache

	at, then *walk // the place, and where the running call gets to
	ledger   Ledger
	batch    Batch
	ahead    *prefetch
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
	// Mixture is the place in a mixture, of which Epoch and Index then only
	// count the rows.
	Mixture *MixtureState `json:"mixture,omitempty"`
}

// MixtureState is the place of a loader in its mixture.
type MixtureState struct {
	Segments  string `json:"segments"` // hash of the segments drawn by so far
	mix.Place        // by source, in the order of their names
}

// Open opens the data set in dir for reading.
func Open(dir string, cfg LoaderConfig) (*Loader, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("data: loader: %w", err)
	}
	if cfg.Split == "" {
		cfg.Split = Train
	}
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if err := m.checkTokenizer(dir); err != nil {
		return nil, fmt.Errorf("data: loader: %w", err)
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
	l.sources = sourcesOf(l.files)
	for _, s := range l.sources {
		l.streams = append(l.streams, streamOf(s.name))
	}
	if len(cfg.Mixture) > 0 {
		if l.sources == nil {
			return nil, fmt.Errorf("data: loader: %s does not tell which rows are of which source, so there is nothing to mix: build the data set again, or leave the mixture out", dir)
		}
		if l.mixture, err = newMixture(cfg.Mixture, l.sources, cfg.RowsBefore); err != nil {
			return nil, fmt.Errorf("data: loader: %w", err)
		}
	}
	return l, l.move(State{Fingerprint: m.Fingerprint, Split: cfg.Split, Shuffle: cfg.Shuffle, Seed: cfg.Seed})
}

// move goes to a state.
func (l *Loader) move(s State) error {
	at, err := l.newWalk(s)
	if err != nil {
		return fmt.Errorf("data: loader: %w", err)
	}
	then, err := l.newWalk(s)
	if err != nil {
		return fmt.Errorf("data: loader: %w", err)
	}
	l.stop()
	l.at, l.then = at, then
	return nil
}

// Rows returns the number of rows of one epoch.
func (l *Loader) Rows() int64 { return l.first[len(l.first)-1] }

// Available counts the rows from the start of the order to its end, but not beyond
// limit. It takes time in proportion only where a mixture can end.
func (l *Loader) Available(limit int64) (int64, error) {
	if l.mixture == nil {
		if e := int64(l.cfg.Epochs); e > 0 && e <= limit/l.Rows() {
			return e * l.Rows(), nil
		}
		return limit, nil
	}
	if l.mixture.endless() {
		return limit, nil
	}
	m, err := mix.NewMixer(l.mixture.segments)
	if err != nil {
		return 0, fmt.Errorf("data: loader: %w", err)
	}
	for m.Draws() < limit && !m.Ended() {
		m.Next()
	}
	return m.Draws(), nil
}

// SeqLen returns the number of inputs of a row.
func (l *Loader) SeqLen() int { return l.manifest.SequenceLength }

// VocabSize returns the size of the vocabulary that the token ids are from.
func (l *Loader) VocabSize() int { return l.manifest.VocabSize }

// Fingerprint identifies the data set.
func (l *Loader) Fingerprint() string { return l.manifest.Fingerprint }

// EOS returns the token id that ends a document.
func (l *Loader) EOS() int32 { return l.manifest.EOS }

// TokenizerFingerprint is the hex SHA-256 of the tokenizer's model file.
func (l *Loader) TokenizerFingerprint() string { return l.manifest.Tokenizer }

// Sources returns the names of the split's sources in order, and the rows of each;
// nothing if the data set does not tell.
func (l *Loader) Sources() (names []string, rows []int64) {
	for _, s := range l.sources {
		names, rows = append(names, s.name), append(rows, s.rows)
	}
	return names, rows
}

// Ledger returns the sum of the ledgers of all batches since Open.
func (l *Loader) Ledger() Ledger { return l.ledger.Clone() }

// Next returns the next rows of this reader, fewer at the end of the order, then
// io.EOF. A batch may reach from one epoch into the next. It is valid until the call
// after.
func (l *Loader) Next(ctx context.Context, rows int) (*Batch, error) {
	if rows < 1 {
		return nil, fmt.Errorf("data: loader: asked for %d rows", rows)
	}
	if l.ahead == nil {
		var err error
		if l.ahead, err = l.startPrefetch(l.State()); err != nil {
			return nil, err
		}
	}
	l.batch.resize(rows, l.SeqLen())
	l.then.copyFrom(l.at)
	got := 0
	for i := 0; i < rows*l.cfg.readers() && !l.then.ended(); i++ {
		l.then.skip()
		if i%l.cfg.readers() != l.cfg.Reader {
			continue
		}
		item, err := l.ahead.next(ctx)
		if err != nil {
			// Rows taken so far would be lost: begin again at the state.
			l.stop()
			return nil, err
		}
		l.batch.set(got, item.number, &item.row, item.source)
		l.ahead.recycle(item)
		got++
	}
	l.at, l.then = l.then, l.at
	if got == 0 {
		return nil, io.EOF
	}
	l.batch.cut(got)
	l.ledger.Add(&l.batch)
	return &l.batch, nil
}

// State returns the place of the loader: the first row that Next has not yet
// returned. It is the same for all readers that were asked alike.
func (l *Loader) State() State { return l.at.snapshot() }

// Restore moves the loader to a place that State gave, of this loader or of
// another on the same data set. The seed and order are those of the state.
func (l *Loader) Restore(s State) error {
	switch {
	case s.Fingerprint != l.manifest.Fingerprint:
		return fmt.Errorf("data: loader: the saved state is of data set %.12s, but %s is %.12s: the data has changed since", s.Fingerprint, l.dir, l.manifest.Fingerprint)
	case s.Split != l.cfg.Split:
		return fmt.Errorf("data: loader: the saved state is of split %q, but the loader reads %q", s.Split, l.cfg.Split)
	case (s.Mixture != nil) != (l.mixture != nil):
		return l.otherOrder(s)
	case s.Epoch < 0 || s.Index < 0 || s.Index >= l.Rows():
		return fmt.Errorf("data: loader: the saved state is at row %d of epoch %d; an epoch has %d rows", s.Index, s.Epoch, l.Rows())
	}
	if s.Mixture != nil {
		if err := l.sameSegments(s); err != nil {
			return err
		}
	}
	return l.move(s)
}

func (l *Loader) otherOrder(s State) error {
	if s.Mixture != nil {
		return errors.New("data: loader: the saved state is of a mixture of sources, but loader.mixture is empty: give the mixture of that run")
	}
	return errors.New("data: loader: the saved state is of a run without a mixture, which cannot change to one: leave loader.mixture out, or begin a new run")
}

// sameSegments refuses other segments than those that the state has drawn by.
// Segments that had not begun may differ.
func (l *Loader) sameSegments(s State) error {
	if s.Epoch > (math.MaxInt64-s.Index)/l.Rows() {
		return fmt.Errorf("data: loader: the saved state is at epoch %d, which is beyond any run", s.Epoch)
	}
	draws := s.Epoch*l.Rows() + s.Index
	begun, err := l.mixture.begun(draws)
	if err != nil {
		return err
	}
	if begun != s.Mixture.Segments {
		return fmt.Errorf("data: loader: the saved state has drawn %d rows by other segments than those of loader.mixture that begin before: give the segments of that run, and to its steps the rows that they took; what comes after may be changed, by a segment with a later from_step", draws)
	}
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
