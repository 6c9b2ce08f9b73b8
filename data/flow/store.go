package flow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/sync/errgroup"

	"huihai/internal/objstore"
)

// In a store, what a file holds lies under its hash and is never replaced by
// something else; an entry names the files of a finished task and is written last.
// Two machines that do the same task write the same objects, and either's entry.
const (
	storedBlobs = "blobs/"
	storedTasks = "tasks/" // then STAGE/INDEX.KEY.json
)

// storedName is a fetched entry in the local folder of its task.
const storedName = "stored.json"

// transfers is how many objects travel at a time.
const transfers = 16

// stored is the entry of a task in a store.
type stored struct {
	Manifest Manifest    `json:"manifest"`
	Runs     []storedRun `json:"runs,omitempty"` // the spill files
}

type storedRun struct {
	SHA256   string          `json:"sha256"`
	Bytes    int64           `json:"bytes"`
	Sections []storedSection `json:"sections"` // those that hold records
}

// storedSection is the stream of a partition within a spill file.
type storedSection struct {
	Partition int    `json:"partition"`
	Offset    int64  `json:"offset"`
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
}

func (r *storedRun) section(partition int) *storedSection {
	for i := range r.Sections {
		if r.Sections[i].Partition == partition {
			return &r.Sections[i]
		}
	}
	return nil
}

// sealed is the JSON form of an entry, with its own hash.
type sealed struct {
	SHA256 string          `json:"sha256"`
	Entry  json.RawMessage `json:"entry"`
}

func (s *stored) encode() ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return json.Marshal(sealed{sumOf(b), b})
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// decodeStored reads an entry and returns nil when it is not a whole one of the
// task with the given key.
func decodeStored(b []byte, key string) *stored {
	var outer sealed
	s := &stored{}
	if json.Unmarshal(b, &outer) != nil || outer.SHA256 != sumOf(outer.Entry) || json.Unmarshal(outer.Entry, s) != nil || s.Manifest.Key != key {
		return nil
	}
	return s
}

func storedKey(m *Manifest) string {
	return fmt.Sprintf("%s%s/%05d.%s.json", storedTasks, m.Stage, m.Index, m.Key)
}

// loadStored finds the tasks of a stage that the store has, and takes those that
// are not whole here from there; their files stay where they are.
func (e *Engine) loadStored(ctx context.Context, j *job) error {
	if e.Sink != nil || e.Elsewhere != nil {
		return errors.New("flow: an engine that carries records itself cannot work with a store")
	}
	keys, err := e.Store.List(ctx, storedTasks+j.stage+"/")
	if err != nil {
		return fmt.Errorf("flow: finished tasks of stage %s: %w", j.stage, err)
	}
	there := map[string]bool{}
	for _, k := range keys {
		there[k] = true
	}
	j.stored = make([]bool, len(j.specs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(transfers)
	for i := range j.specs {
		if j.stored[i] = there[storedKey(&j.manifests[i])]; !j.stored[i] || j.results[i] != nil {
			continue
		}
		g.Go(func() (err error) {
			j.results[i], err = e.loadEntry(ctx, &j.manifests[i])
			j.stored[i] = j.results[i] != nil // a damaged entry is as good as none
			return err
		})
	}
	return g.Wait()
}

// loadEntry returns a task by its entry in the store, kept in the task's local
// folder; nil when that is damaged.
func (e *Engine) loadEntry(ctx context.Context, m *Manifest) (*Result, error) {
	dir := e.taskDir(m.Stage, m.Index)
	if r := cachedEntry(dir, m.Key); r != nil {
		return r, nil
	}
	var b bytes.Buffer
	if err := e.Store.Get(ctx, storedKey(m), 0, -1, &b); err != nil {
		return nil, fmt.Errorf("flow: stage %s, task %d: %w", m.Stage, m.Index, err)
	}
	s := decodeStored(b.Bytes(), m.Key)
	if s == nil {
		return nil, nil
	}
	tmp, err := e.tempFolder(filepath.Dir(dir), m.Index)
	if err != nil {
		return nil, err
	}
	err = WriteFile(e.fs(), filepath.Join(tmp, storedName), b.Bytes())
	if err == nil {
		err = writeManifest(e.fs(), tmp, &s.Manifest)
	}
	if err == nil {
		err = e.install(tmp, dir, m.Key)
	}
	if err != nil {
		_ = e.fs().RemoveAll(tmp)
		return nil, err
	}
	return &Result{Manifest: s.Manifest, Dir: dir, Reused: true, stored: s}, nil
}

// install makes a folder with an entry the task's, unless another process that
// works in the same place did: its folder may be in use.
func (e *Engine) install(tmp, dir, key string) error {
	if e.fs().Rename(tmp, dir) == nil {
		return nil
	}
	if cachedEntry(dir, key) != nil {
		return e.fs().RemoveAll(tmp)
	}
	return e.rename(tmp, dir)
}

func cachedEntry(dir, key string) *Result {
	b, err := os.ReadFile(filepath.Join(dir, storedName))
	if err != nil {
		return nil
	}
	s := decodeStored(b, key)
	if s == nil {
		return nil
	}
	return &Result{Manifest: s.Manifest, Dir: dir, Reused: true, stored: s}
}

// push puts the files of a finished task into the store, then its entry.
func (e *Engine) push(ctx context.Context, r *Result) error {
	s := &stored{Manifest: r.Manifest}
	err := func() error {
		for _, o := range r.Outputs {
			if err := e.pushFile(ctx, r.Path(o.Name), o.SHA256, o.Bytes); err != nil {
				return err
			}
		}
		if len(r.Emitted) > 0 {
			if err := e.pushRuns(ctx, r, s); err != nil {
				return err
			}
		}
		b, err := s.encode()
		if err != nil {
			return err
		}
		return e.Store.Put(ctx, storedKey(&r.Manifest), bytes.NewReader(b), int64(len(b)), sumOf(b))
	}()
	if err != nil {
		return fmt.Errorf("flow: keep the result of stage %s, task %d: %w", r.Stage, r.Index, err)
	}
	return nil
}

func (e *Engine) pushFile(ctx context.Context, path, sum string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return e.Store.Put(ctx, storedBlobs+sum, f, size, sum)
}

func (e *Engine) pushRuns(ctx context.Context, r *Result, s *stored) error {
	l, err := readRuns(r.Dir)
	if err != nil {
		return err
	}
	for _, file := range l.Runs {
		path := filepath.Join(r.Dir, file.Name)
		run, err := describeRun(path, len(r.Emitted))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := e.pushFile(ctx, path, run.SHA256, run.Bytes); err != nil {
			return err
		}
		s.Runs = append(s.Runs, *run)
	}
	return nil
}

// describeRun hashes a spill file and its sections, which fill it but for the
// table at the end.
func describeRun(path string, partitions int) (*storedRun, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	run, whole := &storedRun{}, sha256.New()
	for p := range partitions {
		r, err := sectionOf(f, p)
		if err != nil {
			return nil, err
		}
		if r.Size() == 0 {
			continue
		}
		h := sha256.New()
		if _, err := io.Copy(io.MultiWriter(whole, h), r); err != nil {
			return nil, err
		}
		run.Sections = append(run.Sections, storedSection{p, run.Bytes, r.Size(), hex.EncodeToString(h.Sum(nil))})
		run.Bytes += r.Size()
	}
	if _, err := f.Seek(run.Bytes, io.SeekStart); err != nil {
		return nil, err
	}
	n, err := io.Copy(whole, f)
	run.Bytes += n
	run.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return run, err
}

// The names that engines give to objects. Others in the same bucket are not theirs.
var (
	ownTask = regexp.MustCompile(`^` + storedTasks + `[a-z]+/\d{5,}\.[0-9a-f]{64}\.json$`)
	ownBlob = regexp.MustCompile(`^` + storedBlobs + `[0-9a-f]{64}$`)
)

// ClearStore removes what engines keep in a store, and nothing else there: entries
// first, so that none names what is gone.
func ClearStore(ctx context.Context, s objstore.Store) error {
	for _, kind := range []struct {
		prefix string
		own    *regexp.Regexp
	}{{storedTasks, ownTask}, {storedBlobs, ownBlob}} {
		keys, err := s.List(ctx, kind.prefix)
		if err != nil {
			return err
		}
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(transfers)
		for _, k := range keys {
			if kind.own.MatchString(k) {
				g.Go(func() error { return s.Delete(ctx, k) })
			}
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return nil
}
