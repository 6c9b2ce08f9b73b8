package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// Folder is a Store whose objects are files below a folder: a network file
// system, or a place for tests.
type Folder string

// URL implements Store.
func (f Folder) URL(key string) string { return "file://" + filepath.ToSlash(f.path(key)) }

func (f Folder) path(key string) string { return filepath.Join(string(f), filepath.FromSlash(key)) }

// Get implements Store.
func (f Folder) Get(ctx context.Context, key string, offset, n int64, w io.Writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	file, err := os.Open(f.path(key))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	if n < 0 {
		_, err = io.Copy(w, file)
		return err
	}
	if _, err = io.CopyN(w, file, n); errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s is shorter than the %d bytes asked for: %w", f.URL(key), offset+n, io.ErrUnexpectedEOF)
	}
	return err
}

// Put implements Store.
func (f Folder) Put(ctx context.Context, key string, r io.ReaderAt, size int64, sum string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := f.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	info, err := atomicfile.WriteFile(vfs.OS{}, path, func(w io.Writer) error {
		_, err := io.CopyN(w, io.NewSectionReader(r, 0, size), size)
		return err
	})
	if err == nil && info.SHA256 != sum {
		err = errors.Join(fmt.Errorf("put %s: the content's SHA-256 is %s, not %s", f.URL(key), info.SHA256, sum), os.Remove(path))
	}
	return err
}

// List implements Store.
func (f Folder) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	// The walk begins at the deepest folder that holds all matches.
	top := f.path(prefix[:strings.LastIndexByte(prefix, '/')+1])
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing was put there yet
		}
		if err != nil || d.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		rel, err := filepath.Rel(string(f), path)
		if key := filepath.ToSlash(rel); strings.HasPrefix(key, prefix) && !isTemp(d.Name()) {
			keys = append(keys, key)
		}
		return err
	})
	slices.Sort(keys) // a walk goes by folders, where a/b comes before a-b
	return keys, err
}

func isTemp(name string) bool {
	_, temp := atomicfile.IsTemp(name)
	return temp
}

// Delete implements Store.
func (f Folder) Delete(_ context.Context, key string) error {
	if err := os.Remove(f.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
