package flow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"huihai/internal/vfs"
)

// manifestName is the file that makes a task folder whole.
const manifestName = "manifest.json"

// Input is a file a task reads: where it lies now, and what is in it. Only the
// hash enters the task's key, so that a moved folder stays valid.
type Input struct {
	Path string
	Hash string
	// Changed, if set, is asked once a task has read the file, and gives an error
	// when that is no longer what Hash says. It is for files that are not this
	// program's own.
	Changed func(ctx context.Context) error

	from *Result // whose output it is, for one that may have to be fetched
	name string  // of the output
}

// OutputFile describes one file that a task wrote.
type OutputFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Manifest says what a task's result was made from and what it holds. It holds
// no time, no machine name and nothing of how the engine kept the records that
// travel to partitions: equal work gives equal bytes on any engine.
type Manifest struct {
	Stage      string          `json:"stage"`
	Index      int             `json:"index"`
	Count      int             `json:"count"`
	Code       string          `json:"code"`        // version of the code
	ConfigHash string          `json:"config_hash"` // of the stage's configuration
	InputHash  string          `json:"input_hash"`  // of all inputs in order
	Key        string          `json:"key"`         // of everything the result depends on
	Rows       int64           `json:"rows"`
	Info       json.RawMessage `json:"info,omitempty"`    // counters of the stage's own
	Emitted    []Emitted       `json:"emitted,omitempty"` // by partition
	Outputs    []OutputFile    `json:"outputs"`
}

// Result is a finished task: its manifest and the folder of its outputs.
type Result struct {
	Manifest
	Dir    string
	Reused bool // an earlier run had already done it

	stored *stored // where its files are to be had; nil when they are in Dir
}

// Path returns where the named output lies. With a store it may have to be
// fetched first, which happens to the inputs of a task and by [Engine.Fetch].
func (r *Result) Path(name string) string { return filepath.Join(r.Dir, name) }

// Input returns the named output as an input of a later task. It panics if the
// task never wrote such a file, which is a mistake in the pipeline's code.
func (r *Result) Input(name string) Input {
	for _, o := range r.Outputs {
		if o.Name == name {
			return Input{Path: r.Path(name), Hash: o.SHA256, from: r, name: name}
		}
	}
	panic("flow: stage " + r.Stage + " has no output " + name)
}

// emittedHash stands for all records that the task emitted.
func (r *Result) emittedHash() string {
	h, err := Hash(r.Emitted)
	if err != nil {
		panic("flow: a manifest's own fields have no JSON form")
	}
	return h
}

// DecodeInfo reads the stage's own counters into v.
func (r *Result) DecodeInfo(v any) error {
	if err := json.Unmarshal(r.Info, v); err != nil {
		return fmt.Errorf("flow: counters of stage %s, task %d: %w", r.Stage, r.Index, err)
	}
	return nil
}

// Hash returns the hex sha256 of v's JSON form. Struct fields come in their
// declared order and map keys sorted, so the text is canonical.
func Hash(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("flow: hash a configuration: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// hashBuffers are few, however many files are hashed.
var hashBuffers = sync.Pool{New: func() any { return new([1 << 18]byte) }}

// HashFile returns the hex sha256 of a file's content.
func HashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h, buf := sha256.New(), hashBuffers.Get().(*[1 << 18]byte)
	defer hashBuffers.Put(buf)
	for {
		if err := ctx.Err(); err != nil { // a large file takes minutes
			return "", err
		}
		n, err := f.Read(buf[:])
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", fmt.Errorf("read %s: %w", path, err)
		}
	}
}

// writeManifest writes the manifest that makes dir whole.
func writeManifest(fs vfs.FS, dir string, m *Manifest) error {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(fs, filepath.Join(dir, manifestName), append(b, '\n'))
}

// loadResult returns the finished task in dir if it has the given key and all
// its outputs are in place with the right sizes; otherwise nil.
func loadResult(dir, key string) *Result {
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil
	}
	r := &Result{Dir: dir, Reused: true}
	if json.Unmarshal(b, &r.Manifest) != nil || r.Key != key {
		return nil
	}
	for _, o := range r.Outputs {
		st, err := os.Stat(r.Path(o.Name))
		if err != nil || st.Size() != o.Bytes {
			return nil
		}
	}
	return r
}

// verify compares a result that an earlier run left with its manifest, byte by
// byte, and returns the name of a file that is damaged, or "".
func (r *Result) verify(ctx context.Context) (damaged string, err error) {
	check := func(name, sum string) (bool, error) {
		got, err := HashFile(ctx, r.Path(name))
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return err == nil && got == sum, nil
	}
	for _, o := range r.Outputs {
		if ok, err := check(o.Name, o.SHA256); err != nil || !ok {
			return o.Name, err
		}
	}
	l, err := readRuns(r.Dir)
	if err != nil {
		return "", nil // it emitted nothing, or an exchange has it
	}
	for _, run := range l.Runs {
		if ok, err := check(run.Name, run.SHA256); err != nil || !ok {
			return run.Name, err
		}
	}
	return "", nil
}

// sign fills in the hashes that decide whether a result may be used again.
func (m *Manifest) sign(s spec, params string, partitions int) error {
	sources, err := s.sources(m.Stage)
	if err != nil {
		return err
	}
	if m.InputHash, err = Hash(sources); err != nil {
		return err
	}
	m.Key, err = Hash([]any{m.Stage, m.Index, m.Count, m.Code, m.ConfigHash, m.InputHash, params, partitions})
	return err
}
