package dash

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"huihai/internal/vfs"
	"huihai/telemetry"
)

// The files of a run folder that are looked at.
const (
	logName  = "trainer_log.jsonl"
	runName  = "run.json"
	lockName = "run.lock"
)

// Status is what is known of a run.
type Status string

// What a run can be. The first four are the run's own words; the rest is found out.
const (
	Running  Status = "running"
	Finished Status = "finished"
	Stopped  Status = "stopped" // by a person or a signal, and saved
	Failed   Status = "failed"
	// Lost: the run says that it is running, and its process is gone.
	Lost Status = "lost"
	// Elsewhere: the run says that it is running on another machine, which cannot be
	// checked from this one.
	Elsewhere Status = "elsewhere"
	// Unknown: there is a log, and nothing that says what became of the run.
	Unknown Status = "unknown"
)

// statuses lists all of them, for those who count.
var statuses = []Status{Running, Finished, Stopped, Failed, Lost, Elsewhere, Unknown}

// runFile is run.json, as far as it is shown.
type runFile struct {
	RunID  string `json:"run_id"`
	Parent *struct {
		RunID string `json:"run_id"`
		Step  int64  `json:"step"`
	} `json:"parent"`
	Status    Status          `json:"status"`
	Message   string          `json:"message"`
	PID       int             `json:"pid"`
	Host      string          `json:"host"`
	Started   float64         `json:"started"` // seconds since 1970
	Ended     float64         `json:"ended"`   // 0: not yet
	Steps     int64           `json:"steps"`
	FirstStep int64           `json:"first_step"`
	Panel     []telemetry.Row `json:"panel"`
}

// maxRunFile bounds run.json.
const maxRunFile = 4 << 20

// readRunFile returns the contents of run.json, or false when there is none.
func readRunFile(path string) (runFile, bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return runFile{}, false, nil
	}
	if err != nil {
		return runFile{}, false, err
	}
	if !info.Mode().IsRegular() {
		return runFile{}, false, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return runFile{}, false, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRunFile+1))
	if err != nil {
		return runFile{}, false, fmt.Errorf("read %s: %w", path, err)
	}
	if len(text) > maxRunFile {
		return runFile{}, false, fmt.Errorf("%s is larger than %d bytes", path, maxRunFile)
	}
	var r runFile
	if err := json.Unmarshal(text, &r); err != nil {
		return runFile{}, false, fmt.Errorf("%s: %w", path, err)
	}
	return r, true, nil
}

// lockState is what is known of a run's lock.
type lockState int

const (
	lockUnknown lockState = iota // there is none, or the file system has no locks
	lockFree
	lockHeld
)

// askLock finds out whether somebody holds the lock of a run folder. A free lock is
// held for a moment, so this is asked of folders whose state is in doubt only, and
// again only when something in them has changed.
func askLock(dir string) lockState {
	path := filepath.Join(dir, lockName)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return lockUnknown
	}
	first, err := vfs.OS{}.Lock(path)
	if errors.Is(err, vfs.ErrLocked) {
		return lockHeld
	}
	if err != nil {
		return lockUnknown
	}
	defer first.Close()
	// On a file system without locks everybody gets them: so does a second one now.
	second, err := vfs.OS{}.Lock(path)
	if err == nil {
		second.Close()
		return lockUnknown
	}
	return lockFree
}

// judge tells the state of a run from what it says, its lock, and whether its process
// lives. The machine's name is host.
func judge(f runFile, have bool, host string, lock func() lockState, alive func(pid int) bool) Status {
	switch {
	case !have:
		if lock() == lockHeld {
			return Running
		}
		return Unknown
	case f.Status == Finished || f.Status == Stopped || f.Status == Failed:
		return f.Status
	case f.Status != Running:
		return Unknown
	}
	held := lock()
	switch {
	case held == lockHeld:
		return Running
	case f.Host != "" && !strings.EqualFold(f.Host, host):
		return Elsewhere // locks need not reach across machines
	case held == lockUnknown && f.PID > 0 && alive(f.PID):
		return Running
	}
	return Lost
}

// processAlive reports whether this machine has a process of that number.
func processAlive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	if runtime.GOOS == "windows" {
		return true // FindProcess looked
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, syscall.EPERM)
}
