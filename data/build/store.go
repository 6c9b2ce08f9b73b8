package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"huihai/data/flow"
	"huihai/internal/objstore"
)

// readList returns the content of stage list's file and where it lies: in the
// store if there is one, since the local file may be of another build.
func (b *builder) readList(ctx context.Context) (path string, content []byte, err error) {
	if b.engine.Store == nil {
		path = filepath.Join(b.engine.Dir, fileList)
		content, err = os.ReadFile(path)
		return path, content, err
	}
	var buf bytes.Buffer
	err = b.engine.Store.Get(ctx, fileList, 0, -1, &buf)
	return b.engine.Store.URL(fileList), buf.Bytes(), err
}

func (b *builder) pushList(ctx context.Context) error {
	content, err := os.ReadFile(filepath.Join(b.engine.Dir, fileList))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	return b.engine.Store.Put(ctx, fileList, bytes.NewReader(content), int64(len(content)), hex.EncodeToString(sum[:]))
}

// fetchResults brings here what the report and the data set are made of.
func (b *builder) fetchResults(ctx context.Context) error {
	var need []flow.Input
	for _, r := range b.gathered {
		need = append(need, r.Input(fileRejects))
	}
	for _, r := range b.written {
		need = append(need, r.Input(fileShard), r.Input(fileUnigram))
	}
	for _, r := range b.packed {
		need = append(need, r.Input(fileShard))
	}
	return b.engine.Fetch(ctx, need...)
}

// ClearStore removes what builds with [WithStore] keep in a store, for when the
// data set is published, and nothing else there. Shares of such a build must not be at
// work.
func ClearStore(ctx context.Context, s objstore.Store) error {
	err := clearList(ctx, s) // first, so that no share begins
	if err == nil {
		err = flow.ClearStore(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("data: the data set is whole, but its working files remain in the store: %w", err)
	}
	return nil
}

// clearList removes the file of stage list, and leaves another file of that name.
func clearList(ctx context.Context, s objstore.Store) error {
	var content bytes.Buffer
	err := s.Get(ctx, fileList, 0, -1, &content)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var l savedList
	if err != nil || json.Unmarshal(content.Bytes(), &l) != nil || l.BuildKey == "" {
		return err
	}
	return s.Delete(ctx, fileList)
}
