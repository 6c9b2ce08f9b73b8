// Package vfstest fails chosen file operations, for tests of code that writes
// through package vfs.
package vfstest

import (
	"fmt"
	"io"
	"io/fs"
	"sync"
	"syscall"

	"huihai/internal/vfs"
)

// Faulty is a file system whose operation number FailAt, counted from 0, fails.
// Writes that fail take half of their bytes first, as a full disk does. Nothing
// is really flushed: that would take most of the time, and no test pulls the plug.
type Faulty struct {
	vfs.FS
	FailAt  int  // -1 for never
	Forever bool // all later operations fail too, except removals
	Kill    bool // the operation panics with Killed, as if the process died
	FreeNow int64

	mu    sync.Mutex
	ops   []string
	locks []io.Closer
	dead  bool
}

// Killed is what an operation panics with that stands for the process's death.
// What deferred calls ask for afterwards is not done.
type Killed struct{}

// New returns a Faulty over the real file system, with much space free.
func New(failAt int, forever bool) *Faulty {
	return &Faulty{FS: vfs.OS{}, FailAt: failAt, Forever: forever, FreeNow: 1 << 60}
}

// Ops returns the operations asked for so far.
func (f *Faulty) Ops() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.ops...)
}

// Hit reports whether the chosen operation was reached.
func (f *Faulty) Hit() bool { return f.FailAt >= 0 && len(f.Ops()) > f.FailAt }

// step counts an operation and returns its injected error.
func (f *Faulty) step(op, path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.ops)
	f.ops = append(f.ops, fmt.Sprintf("%s %s", op, path))
	if f.dead || f.Kill && n == f.FailAt {
		f.die()
	}
	if f.FailAt >= 0 && (n == f.FailAt || f.Forever && n > f.FailAt) {
		return &fs.PathError{Op: op, Path: path, Err: syscall.ENOSPC}
	}
	return nil
}

// die drops all locks, as the system does for a dead process, and panics.
func (f *Faulty) die() {
	f.dead = true
	for _, l := range f.locks {
		_ = l.Close()
	}
	f.locks = nil
	panic(Killed{})
}

// Create implements vfs.FS.
func (f *Faulty) Create(path string) (vfs.File, error) {
	if err := f.step("create", path); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{file, f, path}, nil
}

// MkdirAll implements vfs.FS.
func (f *Faulty) MkdirAll(path string) error {
	if err := f.step("mkdir", path); err != nil {
		return err
	}
	return f.FS.MkdirAll(path)
}

// Rename implements vfs.FS.
func (f *Faulty) Rename(from, to string) error {
	if err := f.step("rename", from); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// Link implements vfs.FS.
func (f *Faulty) Link(from, to string) error {
	if err := f.step("link", from); err != nil {
		return err
	}
	return f.FS.Link(from, to)
}

// RemoveAll implements vfs.FS. It works on a full disk.
func (f *Faulty) RemoveAll(path string) error {
	if err := f.step("remove", path); err != nil && f.FailAt == len(f.Ops())-1 {
		return &fs.PathError{Op: "remove", Path: path, Err: syscall.EIO}
	}
	return f.FS.RemoveAll(path)
}

// SyncDir implements vfs.FS.
func (f *Faulty) SyncDir(path string) error {
	return f.step("syncdir", path)
}

// ReadDir implements vfs.FS.
func (f *Faulty) ReadDir(path string) ([]fs.DirEntry, error) {
	if err := f.step("readdir", path); err != nil {
		return nil, err
	}
	return f.FS.ReadDir(path)
}

// Lock implements vfs.FS.
func (f *Faulty) Lock(path string) (io.Closer, error) {
	if err := f.step("lock", path); err != nil {
		return nil, err
	}
	l, err := f.FS.Lock(path)
	if err == nil {
		f.mu.Lock()
		f.locks = append(f.locks, l)
		f.mu.Unlock()
	}
	return l, err
}

// Free implements vfs.FS.
func (f *Faulty) Free(string) (int64, error) { return f.FreeNow, nil }

type faultyFile struct {
	vfs.File
	fs   *Faulty
	path string
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.fs.step("write", f.path); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *faultyFile) Sync() error {
	return f.fs.step("sync", f.path)
}

func (f *faultyFile) Close() (err error) {
	defer func() {
		if closeErr := f.File.Close(); err == nil {
			err = closeErr
		}
	}()
	return f.fs.step("close", f.path)
}
