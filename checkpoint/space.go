package checkpoint

import (
	"errors"
	"fmt"
	"syscall"

	"huihai/internal/vfs"
)

// SpaceError reports a disk that is too small for what is to be saved.
type SpaceError struct {
	Path   string // folder that was written to
	Needed int64  // bytes the save takes
	Free   int64  // bytes free, -1 when unknown
	Err    error  // what the system said, nil when the save was not begun
}

// Error gives the bytes needed and the bytes free.
func (e *SpaceError) Error() string {
	msg := fmt.Sprintf("the disk is too full: the save needs %d bytes (%s) in %s", e.Needed, human(e.Needed), e.Path)
	if e.Free >= 0 {
		msg += fmt.Sprintf(", where %d (%s) are free", e.Free, human(e.Free))
	}
	msg += "; free space, lower save_total_limit, or choose another folder"
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

// Unwrap returns the system's error.
func (e *SpaceError) Unwrap() error { return e.Err }

// withSpace runs save when the file system of dir has room for needed bytes,
// and turns its failure for want of space into a SpaceError.
func withSpace(fsys vfs.FS, dir string, needed int64, save func() error) error {
	free, err := fsys.Free(dir)
	if err == nil && free < needed {
		return &SpaceError{Path: dir, Needed: needed, Free: free}
	}
	if err != nil { // without an answer, the save itself will tell
		free = -1
	}
	err = save()
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &SpaceError{Path: dir, Needed: needed, Free: free, Err: err}
	}
	return err
}

// human renders a number of bytes with a decimal unit.
func human(n int64) string {
	v, units := float64(n), []string{"B", "kB", "MB", "GB", "TB"}
	for v >= 1000 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	return fmt.Sprintf("%.3g %s", v, units[0])
}
