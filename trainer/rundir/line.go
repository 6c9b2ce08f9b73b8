package rundir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"huihai/checkpoint"
	"huihai/internal/vfs"
)

// SetAsideAfter moves the checkpoints of later steps than the one given into
// abandoned/N and returns their new paths: a run that goes on from there leaves
// that branch. What is incomplete or damaged goes with them.
func (d *Dir) SetAsideAfter(step int) (moved []string, err error) {
	entries, err := checkpoint.List(d.path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Step > step {
			names = append(names, filepath.Base(e.Path))
		}
	}
	return d.setAside(names)
}

// leftovers are what a run without checkpoints leaves beside its configuration.
var leftovers = []string{
	LogFile, LogFile + ".old", EventsDir, RecordFile, FaultsDir, "summary.json", "training_loss.png", "training_loss.svg",
}

// SetAsideLogs moves the log and record of an earlier run into abandoned/N, so
// that a run that starts afresh does not mix with it.
func (d *Dir) SetAsideLogs() (moved []string, err error) {
	var names []string
	for _, name := range leftovers {
		if _, err := os.Lstat(d.Join(name)); err == nil {
			names = append(names, name)
		}
	}
	return d.setAside(names)
}

func (d *Dir) setAside(names []string) (moved []string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	to, err := d.newAbandoned()
	if err != nil {
		return nil, fmt.Errorf("set an earlier branch aside: %w", err)
	}
	for _, name := range names {
		path := filepath.Join(to, name)
		if err := os.Rename(d.Join(name), path); err != nil {
			return moved, fmt.Errorf("set an earlier branch aside: %w", err)
		}
		moved = append(moved, path)
	}
	return moved, errors.Join(vfs.OS{}.SyncDir(to), vfs.OS{}.SyncDir(d.path))
}

// newAbandoned makes the next free folder below abandoned.
func (d *Dir) newAbandoned() (string, error) {
	if err := os.MkdirAll(d.Join(Abandoned), 0o755); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		path := d.Join(Abandoned, strconv.Itoa(n))
		if err := os.Mkdir(path, 0o755); !errors.Is(err, fs.ErrExist) {
			return path, err
		}
	}
}

// Newest opens the newest checkpoint in the folder at path that is whole, every
// file compared with its checksum. One that is not is passed over with a word to
// note. Without any, the error is checkpoint.ErrNoCheckpoint.
func Newest(ctx context.Context, path string, note func(string)) (*checkpoint.Loaded, error) {
	entries, err := checkpoint.List(path)
	if err != nil {
		return nil, err
	}
	damaged := false
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		if e.Problem != nil {
			note(fmt.Sprintf("%s is not whole (%v) and is passed over", e.Path, e.Problem))
			continue
		}
		l, err := checkpoint.LoadContext(ctx, e.Path)
		if err == nil {
			return l, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		damaged = true
		note(fmt.Sprintf("%v; going back to the checkpoint before", err))
	}
	if damaged {
		return nil, fmt.Errorf("%s: every checkpoint is damaged: %w", path, checkpoint.ErrNoCheckpoint)
	}
	return nil, fmt.Errorf("%s: %w", path, checkpoint.ErrNoCheckpoint)
}
