package checkpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"huihai/checkpoint/safetensors"
	"huihai/internal/atomicfile"
)

const folderPrefix = "checkpoint-"

func folderName(step int) string { return folderPrefix + strconv.Itoa(step) }

// stepOf returns N of the folder name checkpoint-N.
func stepOf(name string) (step int, ok bool) {
	digits, ok := strings.CutPrefix(name, folderPrefix)
	if !ok {
		return 0, false
	}
	step, err := strconv.Atoi(digits)
	return step, err == nil && step >= 0 && strconv.Itoa(step) == digits
}

func isCheckpointName(name string) bool {
	_, ok := stepOf(name)
	return ok
}

// Entry is one checkpoint folder of a run.
type Entry struct {
	Path    string
	Step    int
	Problem error // why it is not complete, nil when it is
}

// List returns the checkpoints in root by rising step. Completeness is judged
// by the marker and the sizes of the files; their content is read by Load only.
// A folder that was being replaced when its process died is listed under the
// name it has. A root that does not exist has no checkpoints.
func List(root string) ([]Entry, error) {
	dirs, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: list %s: %w", root, cause(err))
	}
	names := map[string]bool{}
	for _, d := range dirs {
		names[d.Name()] = true
	}
	var out []Entry
	for _, d := range dirs {
		name := d.Name()
		if base, ok := atomicfile.IsOld(name); ok && !names[base] {
			name = base
		}
		step, ok := stepOf(name)
		path := filepath.Join(root, d.Name())
		if info, err := os.Stat(path); !ok || err != nil || !info.IsDir() {
			continue
		}
		out = append(out, Entry{Path: path, Step: step, Problem: complete(path, step)})
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(a.Step, b.Step) })
	return out, nil
}

func complete(path string, step int) error {
	m, err := readMarker(path)
	if err != nil {
		return err
	}
	if m.GlobalStep != step {
		return fmt.Errorf("%s is of step %d; the folder was renamed or mixed up", markerFile, m.GlobalStep)
	}
	return m.checkSizes(path)
}

// Loaded is an open training checkpoint.
type Loaded struct {
	Path      string
	Trainer   TrainerState
	Model     *Model
	Optimizer *safetensors.File // nil when only the model was saved
}

// Load opens a checkpoint after comparing every file with the size and SHA-256
// that complete.json has for it, which reads all of them once. The error names
// each file that differs.
func Load(path string) (*Loaded, error) { return LoadContext(context.Background(), path) }

// LoadContext is [Load] that ends with its context's error when that is
// cancelled; files are read at one to two GB a second and processor.
func LoadContext(ctx context.Context, path string) (*Loaded, error) {
	l := &Loaded{Path: path}
	if err := l.load(ctx); err != nil {
		l.Close()
		return nil, fmt.Errorf("checkpoint: load %s: %w", path, err)
	}
	return l, nil
}

func (l *Loaded) load(ctx context.Context) error {
	m, err := readMarker(l.Path)
	if err != nil {
		if _, statErr := os.Stat(l.Path); statErr != nil {
			return cause(statErr)
		}
		return err
	}
	if err := m.verify(ctx, l.Path); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(l.Path, stateFile))
	if err != nil {
		return fmt.Errorf("read %s: %w", stateFile, cause(err))
	}
	if l.Trainer, err = parseTrainerState(data); err != nil {
		return err
	}
	if l.Trainer.GlobalStep != m.GlobalStep {
		return fmt.Errorf("%s is of step %d but %s of step %d; files of two checkpoints are mixed", stateFile, l.Trainer.GlobalStep, markerFile, m.GlobalStep)
	}
	if l.Model, err = OpenModel(l.Path); err != nil {
		return err
	}
	// What was not verified must not be used: a file may have been added since.
	if err := m.listsAll(append(l.Model.readFrom(), stateFile)); err != nil {
		return err
	}
	l.Model.keepSums(m.Files)
	if !m.lists(optimizerFile) {
		return nil
	}
	l.Optimizer, err = safetensors.Open(filepath.Join(l.Path, optimizerFile))
	return err
}

// Close unmaps all files. Closing twice is harmless.
func (l *Loaded) Close() error {
	var errs []error
	if l.Model != nil {
		errs = append(errs, l.Model.Close())
	}
	if l.Optimizer != nil {
		errs = append(errs, l.Optimizer.Close())
	}
	return errors.Join(errs...)
}

// readSmall reads a regular file of at most 64 MiB.
func readSmall(path string) ([]byte, error) {
	const most = 64 << 20
	// A pipe would block in open, so its kind is asked for first.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(data) > most {
		err = fmt.Errorf("the file has more than %d bytes", most)
	}
	return data, err
}
