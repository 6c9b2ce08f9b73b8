package atomicfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"huihai/internal/vfs"
)

const (
	tempMark = ".tmp-"
	oldMark  = ".old-"
	tagLen   = 16
)

// tagged returns path with the mark and a random tag.
func tagged(path, mark string) string {
	var b [tagLen / 2]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return path + mark + hex.EncodeToString(b[:])
}

// IsTemp reports whether name is a temporary of this package, and of what.
func IsTemp(name string) (base string, ok bool) { return untag(name, tempMark) }

// IsOld reports whether name is a folder that was being replaced, and by what.
func IsOld(name string) (base string, ok bool) { return untag(name, oldMark) }

func untag(name, mark string) (string, bool) {
	cut := len(name) - len(mark) - tagLen
	if cut <= 0 || !strings.HasPrefix(name[cut:], mark) {
		return "", false
	}
	if strings.Trim(name[len(name)-tagLen:], "0123456789abcdef") != "" {
		return "", false
	}
	return name[:cut], true
}

// Clean tidies what killed processes left in the folder dir: temporaries of
// names that match are removed, and a folder that was being replaced is put
// back under its name when nothing stands there, and removed otherwise. A
// temporary that a living process holds is left alone. A dir that does not
// exist is clean.
func Clean(fsys vfs.FS, dir string, match func(base string) bool) error {
	entries, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("atomicfile: clean %s: %w", dir, cause(err))
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	var errs []error
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		var err error
		if base, ok := IsTemp(e.Name()); ok && match(base) {
			err = removeUnlocked(fsys, path)
		} else if base, ok := IsOld(e.Name()); ok && match(base) {
			if names[base] {
				err = Remove(fsys, path)
			} else if err = fsys.Rename(path, filepath.Join(dir, base)); err == nil {
				names[base] = true
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("atomicfile: clean %s: %w", path, cause(err)))
		}
	}
	return errors.Join(errs...)
}

func removeUnlocked(fsys vfs.FS, path string) error {
	l, err := fsys.Lock(path)
	switch {
	case errors.Is(err, vfs.ErrLocked), errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	defer l.Close()
	return fsys.RemoveAll(path)
}

// Remove removes the folder or file at path. A folder takes a temporary name
// first, so that a crash on the way leaves no half folder under its name.
func Remove(fsys vfs.FS, path string) error {
	base := path
	if b, ok := untag(path, oldMark); ok {
		base = b
	}
	tmp := tagged(base, tempMark)
	if err := fsys.Rename(path, tmp); err != nil {
		return fmt.Errorf("atomicfile: remove %s: %w", path, cause(err))
	}
	if err := fsys.RemoveAll(tmp); err != nil {
		return fmt.Errorf("atomicfile: remove %s: %w", tmp, cause(err))
	}
	return nil
}
