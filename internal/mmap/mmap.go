// Package mmap maps files read-only, so that opening a checkpoint of many
// gigabytes costs nothing until its tensors are read.
//
// It owns the mapping and its lifetime, and memory outside the Go heap. It must not know what is in the file.
//
// # A file that changes while it is mapped
//
// The length is fixed when the file is opened. Should somebody truncate the
// file afterwards, the pages beyond its new end are gone, and touching them
// raises a fault instead of returning an error. [Map.ReadAt] and [Map.Do] turn
// that fault into an error; code that reads the slice of [Map.Bytes] outside
// Do ends the program. Writers that replace files by rename, as package
// atomicfile does, never cause this: a mapping keeps the old file.
//
// Where the system has no memory mapping, the whole file is read into memory
// and the same calls work.
package mmap

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"runtime/debug"
	"sync"
)

// ErrClosed is returned by calls on a Map after Close.
var ErrClosed = errors.New("mmap: the file is closed")

// Map is a file mapped read-only. Its methods may be called from several
// goroutines; Close waits for running calls of ReadAt and Do.
type Map struct {
	path string
	mu   sync.RWMutex
	data []byte
	open bool
}

// Open maps the regular file at path. Folders, pipes and devices are refused.
func Open(path string) (*Map, error) {
	// A pipe would block in open, so its kind is asked for first.
	if err := regular(os.Stat(path)); err != nil {
		return nil, fmt.Errorf("mmap: open %s: %w", path, unwrapPath(err))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("mmap: open %s: %w", path, unwrapPath(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err := regular(info, err); err != nil {
		return nil, fmt.Errorf("mmap: open %s: %w", path, unwrapPath(err))
	}
	if info.Size() > math.MaxInt {
		return nil, fmt.Errorf("mmap: open %s: %d bytes do not fit this machine's address space", path, info.Size())
	}
	m := &Map{path: path, open: true}
	if info.Size() > 0 {
		if m.data, err = mapFile(f, int(info.Size())); err != nil {
			return nil, fmt.Errorf("mmap: map %s (%d bytes): %w", path, info.Size(), err)
		}
	}
	return m, nil
}

func regular(info fs.FileInfo, err error) error {
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a folder, not a file")
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	}
	return nil
}

// unwrapPath drops the operation and path that the os package adds, which the
// caller states itself.
func unwrapPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Path returns the name the file was opened under.
func (m *Map) Path() string { return m.path }

// Bytes returns the file's content, nil after Close. The slice must not be
// written to and is invalid once Close is called. It is owned by m.
func (m *Map) Bytes() []byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.data
}

// Len returns the file's length in bytes when it was opened, 0 after Close.
func (m *Map) Len() int { return len(m.Bytes()) }

// Do calls f with the content, keeping Close out until f returns. A fault while
// f reads, because the file was truncated or its disk failed, is returned as an
// error. f must not call Close.
func (m *Map) Do(f func(data []byte) error) (err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if !m.open {
		return ErrClosed
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if addr, ok := r.(interface{ Addr() uintptr }); ok && within(m.data, addr.Addr()) {
			err = fmt.Errorf("mmap: read %s: the file was truncated while in use, or its disk cannot be read", m.path)
			return
		}
		panic(r)
	}()
	return f(m.data)
}

// ReadAt copies from offset off, as io.ReaderAt.
func (m *Map) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("mmap: read %s: negative offset %d", m.path, off)
	}
	err = m.Do(func(data []byte) error {
		if off >= int64(len(data)) {
			return io.EOF
		}
		if n = copy(p, data[off:]); n < len(p) {
			return io.EOF
		}
		return nil
	})
	return n, err
}

// Close unmaps the file. Closing twice is harmless.
func (m *Map) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.open {
		return nil
	}
	data := m.data
	m.open, m.data = false, nil
	if data == nil {
		return nil
	}
	if err := unmapFile(data); err != nil {
		return fmt.Errorf("mmap: close %s: %w", m.path, err)
	}
	return nil
}
