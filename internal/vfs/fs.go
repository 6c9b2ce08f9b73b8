// Package vfs is the file system as everything here writes to it: one small
// interface, the real one behind it ([OS]), and one that fails any chosen operation
// (package vfs/vfstest), by which it is tested that a full disk or a kill at any
// moment leaves either the old or the new. Files are read through package os.
package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrLocked is returned by FS.Lock when another process holds the lock.
var ErrLocked = errors.New("locked by another process")

// FS is what is asked of a file system. Paths are those of the os
// package.
type FS interface {
	// Create makes a new file; an existing one is an error.
	Create(path string) (File, error)
	// MkdirAll makes a folder and its parents.
	MkdirAll(path string) error
	// Rename moves a file, replacing one, or a folder to a free name.
	Rename(from, to string) error
	// Link gives a file a second name, which must be free, so that it may lose the
	// first. Where a file system has no links the file is moved.
	Link(from, to string) error
	// RemoveAll removes a file or a folder with all in it; what is absent is
	// no error.
	RemoveAll(path string) error
	// SyncDir flushes the entries of a folder to disk, where that can be done: the
	// renames themselves are atomic anyway.
	SyncDir(path string) error
	// ReadDir lists a folder, sorted by name.
	ReadDir(path string) ([]fs.DirEntry, error)
	// Lock takes the lock of an existing file or folder without waiting, until
	// the result is closed or the process ends. It returns ErrLocked when
	// somebody else has it.
	Lock(path string) (io.Closer, error)
	// Free returns the bytes free on the file system that holds path, or
	// errors.ErrUnsupported.
	Free(path string) (int64, error)
}

// File is a file being written.
type File interface {
	io.Writer
	// Sync flushes what was written to disk.
	Sync() error
	Close() error
}

// OS is the real file system.
type OS struct{}

// Create implements FS.
func (OS) Create(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// MkdirAll implements FS.
func (OS) MkdirAll(path string) error { return os.MkdirAll(path, 0o755) }

// Rename implements FS.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Link implements FS.
func (OS) Link(from, to string) error {
	if err := os.Link(from, to); err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}

// RemoveAll implements FS.
func (OS) RemoveAll(path string) error { return os.RemoveAll(path) }

// ReadDir implements FS.
func (OS) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

// SyncDir implements FS.
func (OS) SyncDir(path string) error { return syncDir(path) }

// Lock implements FS.
func (OS) Lock(path string) (io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// Free implements FS.
func (OS) Free(path string) (int64, error) { return free(path) }
