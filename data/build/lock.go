package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"huihai/internal/vfs"
)

// nameOwner is the note of who builds in a folder, for those who are refused.
const nameOwner = "owner.json"

type owner struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
}

// lock takes the output folder for this process, which ends with free: two builds in
// one folder would remove each other's working files.
func (b *builder) lock() (free func(), err error) {
	if err := b.fs().MkdirAll(b.engine.Dir); err != nil {
		return nil, fmt.Errorf("make the folder %s: %w", b.engine.Dir, err)
	}
	note := filepath.Join(b.engine.Dir, nameOwner)
	held, err := b.fs().Lock(b.cfg.Output)
	if errors.Is(err, vfs.ErrLocked) {
		who := "another process"
		var o owner
		if content, err := os.ReadFile(note); err == nil && json.Unmarshal(content, &o) == nil {
			who = fmt.Sprintf("process %d on %s, since %s,", o.PID, o.Host, o.Started.Format(time.DateTime))
		}
		return nil, fmt.Errorf("%s builds in %s; wait until it ends, or choose another output folder", who, b.cfg.Output)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the output folder: %w", err)
	}
	host, _ := os.Hostname()
	if err := writeJSON(b.fs(), note, owner{os.Getpid(), host, time.Now()}); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return func() {
		// What was made for this build alone goes with it; folders with something in
		// them stay.
		_ = os.Remove(note)
		_ = os.Remove(b.engine.Dir)
		_ = os.Remove(b.cfg.Output)
		_ = held.Close()
	}, nil
}
