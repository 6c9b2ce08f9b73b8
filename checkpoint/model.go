package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"huihai/checkpoint/safetensors"
)

// Names of the files in a model folder.
const (
	configFile          = "config.json"
	generationFile      = "generation_config.json"
	tokenizerFile       = "tokenizer.model"
	tokenizerConfigFile = "tokenizer_config.json"
	singleFile          = "model.safetensors"
	indexFile           = "model.safetensors.index.json"
)

// Model is an open Hugging Face model folder. Its methods may be called from
// several goroutines.
type Model struct {
	Dir    string
	Config []byte // config.json as it is on disk

	files    []*safetensors.File
	index    map[string]int // tensor name -> files
	names    []string
	warnings []string

	mu   sync.Mutex
	sums map[string]string // SHA-256 of files by name, where known
}

// OpenModel opens a model folder: config.json and model.safetensors, or the
// shards that model.safetensors.index.json lists. All headers are checked, and
// the index against them; no tensor is read. The error names what is missing.
func OpenModel(dir string) (*Model, error) {
	m := &Model{Dir: dir, index: map[string]int{}}
	if err := m.open(); err != nil {
		m.Close()
		return nil, fmt.Errorf("checkpoint: open model %s: %w", dir, err)
	}
	return m, nil
}

func (m *Model) open() error {
	info, err := os.Stat(m.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no such folder; give the path of a downloaded model: %w", fs.ErrNotExist)
	case err != nil:
		return cause(err)
	case !info.IsDir():
		return errors.New("it is a file; give the folder that holds config.json")
	}
	if m.Config, err = readSmall(filepath.Join(m.Dir, configFile)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is missing; is this a model folder?%s %w", configFile, insideHint(m.Dir), fs.ErrNotExist)
		}
		return fmt.Errorf("read %s: %w", configFile, err)
	}
	if exists(filepath.Join(m.Dir, singleFile)) {
		if exists(filepath.Join(m.Dir, indexFile)) {
			m.warnings = append(m.warnings, fmt.Sprintf("%s has both %s and %s; the first is read", m.Dir, singleFile, indexFile))
		}
		return m.openSingle()
	}
	data, err := readSmall(filepath.Join(m.Dir, indexFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noWeights(m.Dir)
	case err != nil:
		return fmt.Errorf("read %s: %w", indexFile, err)
	}
	index, err := parseIndex(data)
	if err != nil {
		return fmt.Errorf("%s: %w", indexFile, err)
	}
	return m.openShards(index)
}

// insideHint names the newest checkpoint of a run's folder, which people give
// instead of the checkpoint.
func insideHint(dir string) string {
	entries, err := List(dir)
	if err != nil {
		return ""
	}
	for _, e := range slices.Backward(entries) {
		if e.Problem == nil {
			return fmt.Sprintf(" It holds %s, which is one.", filepath.Base(e.Path))
		}
	}
	return ""
}

func (m *Model) openSingle() error {
	f, err := safetensors.Open(filepath.Join(m.Dir, singleFile))
	if err != nil {
		return err
	}
	m.files = []*safetensors.File{f}
	m.names = f.Names()
	for _, name := range m.names {
		m.index[name] = 0
	}
	if f.Len() == 0 {
		return fmt.Errorf("%s holds no tensor", singleFile)
	}
	return nil
}

// openShards opens every shard before it complains, so that a person who must
// fetch files again learns of all of them at once.
func (m *Model) openShards(index *shardIndex) error {
	var errs []error
	for i, shard := range index.shards {
		path := filepath.Join(m.Dir, shard.name)
		if !exists(path) {
			errs = append(errs, fmt.Errorf("shard %d of %d (%s) is missing; it holds %d tensors, %s first; fetch the file again",
				i+1, len(index.shards), shard.name, len(shard.tensors), shard.tensors[0]))
			continue
		}
		f, err := safetensors.Open(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("shard %d of %d: %w", i+1, len(index.shards), err))
			continue
		}
		m.files = append(m.files, f)
		if err := m.addShard(f, shard); err != nil {
			errs = append(errs, fmt.Errorf("shard %d of %d (%s): %w", i+1, len(index.shards), shard.name, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	m.checkTotal(index.totalSize)
	return nil
}

// addShard enters the tensors that the index puts into f.
func (m *Model) addShard(f *safetensors.File, shard shardFiles) error {
	var missing []string
	listed := make(map[string]bool, len(shard.tensors))
	for _, name := range shard.tensors {
		listed[name] = true
		if !f.Has(name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s puts tensor %s here, but the file does not hold it (%d such tensors); index and shards are of different models or a download is damaged",
			indexFile, missing[0], len(missing))
	}
	for _, name := range f.Names() {
		if !listed[name] {
			m.warnings = append(m.warnings, fmt.Sprintf("tensor %s of %s is not in %s and is ignored", name, shard.name, indexFile))
			continue
		}
		m.index[name] = len(m.files) - 1
		m.names = append(m.names, name)
	}
	return nil
}

// checkTotal compares the index's total_size. Tools disagree on what it counts,
// so a difference is no error: every shard's own header has been checked.
func (m *Model) checkTotal(total int64) {
	var have int64
	for _, name := range m.names {
		t, _ := m.files[m.index[name]].Tensor(name)
		have += t.NumBytes()
	}
	if total >= 0 && total != have {
		m.warnings = append(m.warnings, fmt.Sprintf("%s says total_size %d, but the tensors have %d bytes", indexFile, total, have))
	}
}

// noWeights explains a folder without safetensors by what else is in it.
func noWeights(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return cause(err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, "pytorch_model") && (strings.HasSuffix(name, ".bin") || strings.HasSuffix(name, ".bin.index.json")):
			return fmt.Errorf("it has no safetensors, only the pickle file %s, and pickle checkpoints are not read yet; convert it with Python: "+
				"AutoModelForCausalLM.from_pretrained(%q, torch_dtype=\"auto\", trust_remote_code=True).save_pretrained(OUT, safe_serialization=True)", name, dir)
		case strings.HasPrefix(name, "model-") && strings.HasSuffix(name, ".safetensors"):
			return fmt.Errorf("it has shards such as %s but no %s, without which their order and number are unknown; fetch that file too", name, indexFile)
		case name == "adapter_config.json":
			return fmt.Errorf("it has no %s; this is an adapter, not a model: give the model it belongs to", singleFile)
		}
	}
	return fmt.Errorf("it has no weights: neither %s nor %s", singleFile, indexFile)
}

// Close unmaps all files; tensors of the model become invalid. Closing twice is
// harmless.
func (m *Model) Close() error {
	var errs []error
	for _, f := range m.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Names returns the tensors' names, file by file in the order of their data.
// The slice is the caller's.
func (m *Model) Names() []string { return slices.Clone(m.names) }

// Has reports whether the model has a tensor with the given name.
func (m *Model) Has(name string) bool {
	_, ok := m.index[name]
	return ok
}

// Tensor returns the tensor with the given name.
func (m *Model) Tensor(name string) (safetensors.Tensor, error) {
	i, ok := m.index[name]
	if !ok {
		return safetensors.Tensor{}, fmt.Errorf("checkpoint: model %s has no tensor %s (it has %d tensors, %s first)",
			m.Dir, name, len(m.names), m.names[0])
	}
	return m.files[i].Tensor(name)
}

// Size returns the bytes of all tensors together.
func (m *Model) Size() int64 {
	var n int64
	for _, name := range m.names {
		t, _ := m.files[m.index[name]].Tensor(name)
		n += t.NumBytes()
	}
	return n
}

// Warnings returns oddities that do not keep the model from being used.
func (m *Model) Warnings() []string { return slices.Clone(m.warnings) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// cause drops the operation and path that the os package puts before an error,
// for callers that state both themselves.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
