package data

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sort"
	"sync"

	"huihai/data/flow"
	"huihai/data/shard"
	"huihai/tokenizer"
)

// tokenFile is a file of the split.
type tokenFile struct {
	ManifestFile
	verified bool
	open     *shard.TokenFile
}

// CheckFiles opens every file of the split and compares it with the manifest: its
// size, with loader.verify its SHA-256, its columns and its number of rows. Without
// it a file is opened and verified when the first of its rows is wanted, which may
// be at the end of a run. The error names every file that is wrong.
func (l *Loader) CheckFiles(ctx context.Context) error {
	l.stop() // the reader ahead opens files too
	errs := make([]error, len(l.files))
	var todo sync.WaitGroup
	turn := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, f := range l.files {
		todo.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			errs[i] = l.verify(ctx, f)
		})
	}
	todo.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, f := range l.files {
		if errs[i] == nil && f.open == nil {
			errs[i] = l.openFile(ctx, f)
		}
	}
	return errors.Join(errs...)
}

// read fills r with a row of the split and returns its source, "" if the data set
// does not tell.
func (l *Loader) read(ctx context.Context, row int64, r *shard.Row) (source string, err error) {
	i := sort.Search(len(l.files), func(k int) bool { return l.first[k+1] > row })
	f := l.files[i]
	if f.open == nil {
		if err := l.openFile(ctx, f); err != nil {
			return "", err
		}
	}
	row -= l.first[i]
	if err := f.open.Read(row, r); err != nil {
		return "", err
	}
	for k, id := range r.Tokens {
		if id < 0 || int(id) >= l.manifest.VocabSize {
			return "", fmt.Errorf("data: loader: %s: token %d of row %d is %d, but the tokenizer has ids from 0 to %d: build the data set again", l.path(f), k, row, id, l.manifest.VocabSize-1)
		}
	}
	return f.source(row)
}

// source returns the source of a row of the file: that of its run or, where rows of
// several sources are mixed, that of its column.
func (f *tokenFile) source(row int64) (string, error) {
	for i, n := 0, row; i < len(f.Runs); i++ {
		if n -= f.Runs[i].Rows; n < 0 {
			return f.Runs[i].Source, nil
		}
	}
	return f.open.Source(row)
}

func (l *Loader) path(f *tokenFile) string {
	return l.manifest.Path(l.dir, f.ManifestFile.Path)
}

// openFile verifies a file and opens it.
func (l *Loader) openFile(ctx context.Context, f *tokenFile) error {
	if err := l.verify(ctx, f); err != nil {
		return err
	}
	path := l.path(f)
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

// verify compares a file with the manifest once, as far as that was asked for.
func (l *Loader) verify(ctx context.Context, f *tokenFile) error {
	if f.verified {
		return nil
	}
	path := l.path(f)
	st, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("data: loader: %w: copy it again or build the data set again", err)
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("data: loader: %s is no file", path)
	}
	if l.cfg.Verify {
		if st.Size() != f.Bytes {
			return fmt.Errorf("data: loader: %s is damaged: it has %d bytes, the manifest says %d: copy it again or build the data set again", path, st.Size(), f.Bytes)
		}
		sum, err := flow.HashFile(ctx, path)
		if err != nil {
			return fmt.Errorf("data: loader: %w", err)
		}
		if sum != f.SHA256 {
			return fmt.Errorf("data: loader: %s is damaged: its SHA-256 is %.12s, the manifest says %.12s: copy it again or build the data set again", path, sum, f.SHA256)
		}
	}
	f.verified = true
	return nil
}

// checkTokenizer compares the tokenizer in dir with what the manifest says of it,
// so that the ids in the rows mean what the model is told.
func (m *Manifest) checkTokenizer(dir string) error {
	path := TokenizerPath(dir)
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the data set's tokenizer: %w: copy it again or build the data set again", err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(content)); sum != m.Tokenizer {
		return fmt.Errorf("%s is not the tokenizer that the data set was built with: its SHA-256 is %.12s, the manifest says %.12s: copy it again or build the data set again", path, sum, m.Tokenizer)
	}
	n, err := tokenizer.CountPieces(content)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if n != m.VocabSize || int64(m.EOS) >= int64(n) {
		return fmt.Errorf("%s has %d pieces, but the manifest says %d, and that id %d ends a document: build the data set again", path, n, m.VocabSize, m.EOS)
	}
	return nil
}
