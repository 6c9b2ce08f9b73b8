package flow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// Fetch makes the given outputs of tasks lie at their paths, where they do not
// yet: with a store, a result made elsewhere comes without its files. The engine
// does so itself with the inputs of a task before that runs.
func (e *Engine) Fetch(ctx context.Context, inputs ...Input) error {
	if e.Store == nil {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(transfers)
	for _, in := range inputs {
		r := in.from
		if r == nil || r.stored == nil {
			continue
		}
		for _, o := range r.Outputs {
			if o.Name == in.name {
				g.Go(func() error { return e.fetch(ctx, r, part{in.Path, o.SHA256, 0, o.Bytes, o.SHA256}) })
			}
		}
	}
	return g.Wait()
}

// fetchRecords makes what the results emitted for a partition lie here, and no
// more: a reduction needs a small part of each spill file. With all it fetches whole
// files.
func (e *Engine) fetchRecords(ctx context.Context, from []*Result, partition int, all bool) error {
	if e.Store == nil {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(transfers)
	for _, r := range from {
		if r.stored == nil {
			continue
		}
		for i, run := range r.stored.Runs {
			if all {
				g.Go(func() error {
					return e.fetch(ctx, r, part{r.runPath(i), run.SHA256, 0, run.Bytes, run.SHA256})
				})
			} else if s := run.section(partition); s != nil && !hasFile(r.runPath(i)) {
				g.Go(func() error {
					return e.fetch(ctx, r, part{r.sectionPath(i, partition), run.SHA256, s.Offset, s.Bytes, s.SHA256})
				})
			}
		}
	}
	return g.Wait()
}

func (r *Result) runPath(run int) string { return filepath.Join(r.Dir, runName(run)) }

func (r *Result) sectionPath(run, partition int) string {
	return fmt.Sprintf("%s.%05d", r.runPath(run), partition)
}

// part is a piece of an object, and the file it becomes.
type part struct {
	path          string
	object        string // hash of the whole
	offset, bytes int64
	sum           string // hash of the piece
}

// fetch downloads a part unless its file is here. Two tasks that need the same
// at the same time share one download.
func (e *Engine) fetch(ctx context.Context, r *Result, p part) error {
	if hasFile(p.path) {
		return nil
	}
	_, err, _ := e.fetches.Do(p.path, func() (any, error) {
		if hasFile(p.path) {
			return nil, nil
		}
		return nil, e.download(ctx, r, p)
	})
	if err != nil {
		return fmt.Errorf("flow: fetch %s of stage %s, task %d: %w", filepath.Base(p.path), r.Stage, r.Index, err)
	}
	return nil
}

func (e *Engine) download(ctx context.Context, r *Result, p part) error {
	tmp := filepath.Join(r.Dir, "."+filepath.Base(p.path)+"."+uniqueName()+".tmp")
	f, err := e.fs().Create(tmp)
	if err != nil {
		return writeError(tmp, err)
	}
	h := sha256.New()
	w := &countWriter{w: io.MultiWriter(f, h), path: tmp}
	n := p.bytes
	if p.sum == p.object {
		n = -1 // the whole of it, which may be nothing
	}
	again := fmt.Sprintf("delete %s and run stage %s again", e.Store.URL(storedKey(&r.Manifest)), r.Stage)
	if err = e.Store.Get(ctx, storedBlobs+p.object, p.offset, n, w); err != nil {
		_ = f.Close()
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w; the store lost it: %s", err, again)
		}
	} else if err = closeFile(tmp, f); err == nil {
		if sum := hex.EncodeToString(h.Sum(nil)); sum != p.sum || w.n != p.bytes {
			err = fmt.Errorf("%s is damaged: %d bytes with SHA-256 %s, not %d with %s; %s", e.Store.URL(storedBlobs+p.object), w.n, sum, p.bytes, p.sum, again)
		}
	}
	if err == nil {
		if err = e.fs().Rename(tmp, p.path); err == nil {
			return nil
		}
		err = writeError(p.path, err)
	}
	_ = e.fs().RemoveAll(tmp)
	return err
}
