package atomicfile

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"huihai/internal/vfs"
)

// Info describes a file that was written.
type Info struct {
	Name   string // within its folder
	Size   int64
	SHA256 string // lower-case hexadecimal
}

// WriteFile writes a file of its own: write produces the content, which then
// appears at path at once, replacing a file there. On failure path is as it
// was. Leftovers of earlier attempts at the same path are removed first.
func WriteFile(fsys vfs.FS, path string, write func(io.Writer) error) (Info, error) {
	dir, base := filepath.Split(path)
	if err := Clean(fsys, filepath.Clean(dir), func(b string) bool { return b == base }); err != nil {
		return Info{}, err
	}
	tmp := tagged(path, tempMark)
	info, err := writeSynced(fsys, tmp, true, write)
	info.Name = base
	if err == nil {
		err = fsys.Rename(tmp, path)
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("atomicfile: write %s: %w", path, cause(err)), fsys.RemoveAll(tmp))
		return Info{}, err
	}
	if err := fsys.SyncDir(filepath.Clean(dir)); err != nil {
		return Info{}, fmt.Errorf("atomicfile: flush the folder of %s: %w", path, cause(err))
	}
	return info, nil
}

// writeSynced writes and flushes a new file, hashing what goes by.
func writeSynced(fsys vfs.FS, path string, locked bool, write func(io.Writer) error) (info Info, err error) {
	f, err := fsys.Create(path)
	if err != nil {
		return info, err
	}
	defer func() {
		// A failed Close may be the only word of a failed write.
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	if locked {
		l, err := fsys.Lock(path)
		if err != nil {
			return info, err
		}
		defer l.Close()
	}
	h := &hashing{w: f, hash: sha256.New()}
	b := bufio.NewWriterSize(h, 128<<10)
	if err := write(b); err != nil {
		return info, err
	}
	if err := b.Flush(); err != nil {
		return info, err
	}
	if err := f.Sync(); err != nil {
		return info, err
	}
	return Info{Size: h.size, SHA256: hex.EncodeToString(h.hash.Sum(nil))}, nil
}

// hashing hashes and counts what w took.
type hashing struct {
	w    io.Writer
	hash hash.Hash
	size int64
}

func (h *hashing) Write(p []byte) (int, error) {
	n, err := h.w.Write(p)
	h.hash.Write(p[:n])
	h.size += int64(n)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

// cause drops the operation and path that the os package puts before an error,
// for messages that state both themselves.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
