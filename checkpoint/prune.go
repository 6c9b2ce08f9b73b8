package checkpoint

import (
	"errors"
	"fmt"
	"slices"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// Prune removes the oldest complete checkpoints in root until limit are left,
// those of keep not counted: they are never removed. The checkpoint of the
// highest step stays in any case. A limit of 0 removes nothing. It goes on after
// a failure; removed names what is gone.
func Prune(root string, limit int, keep func(step int) bool) (removed []string, err error) {
	return prune(vfs.OS{}, root, limit, keep)
}

func prune(fsys vfs.FS, root string, limit int, keep func(step int) bool) (removed []string, err error) {
	if limit < 0 {
		return nil, fmt.Errorf("checkpoint: save_total_limit is %d; it must not be negative", limit)
	}
	if limit == 0 {
		return nil, nil
	}
	entries, err := List(root)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Problem != nil || keep(e.Step) })
	var errs []error
	for len(entries) > limit {
		if err := atomicfile.Remove(fsys, entries[0].Path); err != nil {
			errs = append(errs, fmt.Errorf("checkpoint: remove the older checkpoint %s: %w", entries[0].Path, err))
		} else {
			removed = append(removed, entries[0].Path)
		}
		entries = entries[1:]
	}
	return removed, errors.Join(errs...)
}
