//go:build !(linux || darwin)

package vfs

import (
	"errors"
	"os"
)

// syncDir does nothing: folders cannot be flushed everywhere.
func syncDir(string) error { return nil }

func lock(*os.File) error { return nil }

func free(string) (int64, error) { return 0, errors.ErrUnsupported }
