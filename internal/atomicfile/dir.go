package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"huihai/internal/vfs"
)

// Dir is a folder being built under a temporary name. It is used by one
// goroutine and ends with Commit, CommitInto or Abort.
type Dir struct {
	fsys  vfs.FS
	final string
	tmp   string
	lock  io.Closer
	files []Info

	aborted bool
}

// Begin starts a folder that will appear at final. Parents of final are made.
func Begin(fsys vfs.FS, final string) (*Dir, error) {
	final = filepath.Clean(final)
	d := &Dir{fsys: fsys, final: final, tmp: tagged(final, tempMark)}
	err := fsys.MkdirAll(d.tmp)
	if err == nil {
		d.lock, err = fsys.Lock(d.tmp)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("atomicfile: make folder %s: %w", d.tmp, cause(err)), fsys.RemoveAll(d.tmp))
	}
	return d, nil
}

// Path returns the temporary folder.
func (d *Dir) Path() string { return d.tmp }

// Files returns what was written so far, in order. The slice is the caller's.
func (d *Dir) Files() []Info { return slices.Clone(d.files) }

// WriteFile writes and flushes the file name, a plain file name, in the folder.
func (d *Dir) WriteFile(name string, write func(io.Writer) error) (Info, error) {
	if name != filepath.Base(name) || !filepath.IsLocal(name) || name == "." {
		return Info{}, fmt.Errorf("atomicfile: %q is not the name of a file in a folder", name)
	}
	info, err := writeSynced(d.fsys, filepath.Join(d.tmp, name), false, write)
	if err != nil {
		return Info{}, fmt.Errorf("atomicfile: write %s: %w", filepath.Join(d.tmp, name), cause(err))
	}
	info.Name = name
	d.files = append(d.files, info)
	return info, nil
}

// Commit makes the folder appear at its final place, replacing a folder there.
// When it fails before that, the old folder stands and Abort must be called to
// remove the new one. When only flushing or removing the old folder failed, the
// new one stands and the error says so.
func (d *Dir) Commit() error {
	fail := func(doing string, err error) error {
		return fmt.Errorf("atomicfile: %s %s: %w", doing, d.final, cause(err))
	}
	if err := d.fsys.SyncDir(d.tmp); err != nil {
		return fail("flush the new folder for", err)
	}
	old, err := d.moveAside()
	if err != nil {
		return fail("move aside the old", err)
	}
	if err := d.fsys.Rename(d.tmp, d.final); err != nil {
		err = fail("rename the new folder to", err)
		if old != "" {
			if back := d.fsys.Rename(old, d.final); back != nil {
				err = errors.Join(err, fmt.Errorf("atomicfile: the old folder could not be moved back; it is whole at %s: %w", old, cause(back)))
			}
		}
		return err
	}
	d.release()
	if err := d.fsys.SyncDir(filepath.Dir(d.final)); err != nil {
		return fail("the folder is in place, but it could not be flushed to disk:", err)
	}
	if old != "" {
		if err := Remove(d.fsys, old); err != nil {
			return fail("the folder is in place, but the one it replaced could not be removed:", err)
		}
	}
	return nil
}

// moveAside renames a folder at the final place and returns its new name, or ""
// when there is none.
func (d *Dir) moveAside() (string, error) {
	switch _, err := d.fsys.ReadDir(d.final); {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	}
	old := tagged(d.final, oldMark)
	return old, d.fsys.Rename(d.final, old)
}

// CommitInto moves the files, in the order they were written, into the existing
// folder dir, after removing the names given. It is for a folder that holds
// other things too; the move as a whole is not atomic, so the caller writes
// last, and removes first, the file without which a reader sees nothing. The
// temporary folder must be on the same file system.
func (d *Dir) CommitInto(dir string, remove ...string) error {
	fail := func(name string, err error) error {
		return fmt.Errorf("atomicfile: replace %s: %w", filepath.Join(dir, name), cause(err))
	}
	if err := d.fsys.SyncDir(d.tmp); err != nil {
		return fail("", err)
	}
	for _, name := range remove {
		if err := d.fsys.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fail(name, err)
		}
	}
	if err := d.fsys.SyncDir(dir); err != nil {
		return fail("", err)
	}
	for _, f := range d.files {
		if err := d.fsys.Rename(filepath.Join(d.tmp, f.Name), filepath.Join(dir, f.Name)); err != nil {
			return fail(f.Name, err)
		}
		// The last name is what makes the others count: it must not reach the
		// disk before them.
		if err := d.fsys.SyncDir(dir); err != nil {
			return fail(f.Name, err)
		}
	}
	return d.Abort()
}

// Abort removes the temporary folder. After a successful Commit it does nothing.
func (d *Dir) Abort() error {
	if d.lock == nil {
		return nil
	}
	err := d.fsys.RemoveAll(d.tmp)
	d.release()
	d.aborted = true
	if err != nil {
		return fmt.Errorf("atomicfile: remove %s: %w", d.tmp, cause(err))
	}
	return nil
}

func (d *Dir) release() {
	if d.lock != nil {
		_ = d.lock.Close() // only drops a lock
		d.lock = nil
	}
}

// Committed reports whether the folder stands at its final place.
func (d *Dir) Committed() bool { return d.lock == nil && !d.aborted }
