package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"huihai/internal/atomicfile"
	"huihai/internal/vfs"
)

// Names in a run's folder.
const (
	LockFile   = "run.lock"
	RecordFile = "run.json"
	ConfigFile = "config.yaml"
	LogFile    = "trainer_log.jsonl"
	EventsDir  = "runs"
	FaultsDir  = "faults"
	Abandoned  = "abandoned"
)

// Dir is a run's folder, held by this process.
type Dir struct {
	path string
	lock io.Closer
	made bool // by Open
}

// Holder is who holds a folder, as run.lock has it.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
	Command string    `json:"command"`
}

// InUseError says that another process trains in the folder.
type InUseError struct {
	Path   string
	Holder Holder // empty when its note cannot be read
}

// Error names the other process.
func (e *InUseError) Error() string {
	who := "another process"
	if h := e.Holder; h.PID != 0 {
		who = fmt.Sprintf("process %d on %s, started %s (%s),", h.PID, h.Host, h.Started.Local().Format("2006-01-02 15:04:05"), h.Command)
	}
	return fmt.Sprintf("%s is in use: %s trains in it; wait until it ends, or name another train.output_dir", e.Path, who)
}

// Open takes the folder at path for this process, making it if need be. command
// is what a person sees who is refused because of it. If another process holds
// the folder the error is an *[InUseError].
func Open(path, command string, now time.Time) (*Dir, error) {
	d := &Dir{path: filepath.Clean(path)}
	switch info, err := os.Stat(d.path); {
	case errors.Is(err, fs.ErrNotExist):
		d.made = true
		if err := os.MkdirAll(d.path, 0o755); err != nil {
			return nil, fmt.Errorf("make the output folder: %w", err)
		}
	case err != nil:
		return nil, fmt.Errorf("open the output folder: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("train.output_dir %s is a file; name a folder", d.path)
	}
	name := filepath.Join(d.path, LockFile)
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the output folder: %w", err)
	}
	defer f.Close()
	d.lock, err = vfs.OS{}.Lock(name)
	if errors.Is(err, vfs.ErrLocked) {
		return nil, &InUseError{Path: d.path, Holder: readHolder(name)}
	}
	if err != nil {
		return nil, fmt.Errorf("lock the output folder: %w", err)
	}
	host, _ := os.Hostname()
	note, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, Started: now, Command: command})
	if err == nil {
		err = errors.Join(f.Truncate(0), writeAt(f, append(note, '\n')))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the output folder: %w", err), d.Close())
	}
	return d, nil
}

func writeAt(f *os.File, b []byte) error {
	_, err := f.WriteAt(b, 0)
	return err
}

// readHolder reads the note of a lock; one that cannot be read is empty.
func readHolder(name string) Holder {
	var h Holder
	if b, err := os.ReadFile(name); err == nil && json.Unmarshal(b, &h) != nil {
		return Holder{}
	}
	return h
}

// Path returns the folder.
func (d *Dir) Path() string { return d.path }

// Join returns the path of something in the folder.
func (d *Dir) Join(elem ...string) string {
	return filepath.Join(append([]string{d.path}, elem...)...)
}

// Close gives the folder back. A folder that Open made and in which nothing was
// written is removed, so that a run that is refused leaves nothing.
func (d *Dir) Close() error {
	if d.lock == nil {
		return nil
	}
	entries, err := os.ReadDir(d.path)
	if err == nil && d.made && len(entries) == 1 && entries[0].Name() == LockFile {
		err = errors.Join(os.Remove(d.Join(LockFile)), os.Remove(d.path))
	}
	err = errors.Join(err, d.lock.Close())
	d.lock = nil
	if err != nil {
		return fmt.Errorf("close the output folder: %w", err)
	}
	return nil
}

// WriteConfig writes the effective configuration and returns its name in the
// folder. A config.yaml that is not one of ours (a person keeps his own file
// there) is left alone and another name is taken.
func (d *Dir) WriteConfig(text []byte) (name string, err error) {
	name = ConfigFile
	old, err := os.ReadFile(d.Join(name))
	switch {
	case err == nil && !strings.HasPrefix(string(old), configHeader):
		name = "run_config.yaml"
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("save the configuration: %w", err)
	}
	if err := d.write(name, append([]byte(configHeader+"\n"), text...)); err != nil {
		return "", fmt.Errorf("save the configuration: %w", err)
	}
	return name, nil
}

// configHeader begins every configuration file that a run wrote.
const configHeader = "# The settings of this run, written by it, each with its origin."

// write makes a file of the folder appear at once.
func (d *Dir) write(name string, content []byte) error {
	_, err := atomicfile.WriteFile(vfs.OS{}, d.Join(name), func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	return err
}
