package checkpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"huihai/checkpoint/safetensors"
	"huihai/internal/atomicfile"
)

// DefaultShardBytes is the size at which Hugging Face libraries start a new
// shard.
const DefaultShardBytes = 5_000_000_000

// TensorSource is a named tensor that can write itself.
type TensorSource = safetensors.Source

// SaveOptions is what a model folder is made from.
type SaveOptions struct {
	Config  []byte         // config.json, required
	Tensors []TensorSource // in model order; shards are cut in this order

	// MaxShardSize is the most bytes of tensors in one file, 0 for
	// DefaultShardBytes. A larger tensor gets a file of its own.
	MaxShardSize int64

	// Chat says that the model follows the chat format, which
	// generation_config.json then describes. GenerationConfig, when not nil,
	// is written instead.
	Chat             bool
	GenerationConfig []byte

	// Tokenizer is tokenizer.model; nil leaves the tokenizer's files out.
	// TokenizerConfig, when not nil, replaces the released tokenizer_config.json.
	Tokenizer       []byte
	TokenizerConfig []byte

	// Extra holds further files by name, such as the released Python files.
	Extra map[string][]byte

	// Overwrite allows SaveModel to replace files of a model already there.
	Overwrite bool

	fsys atomicfile.FS // nil for the real one
}

// SaveModel writes a Hugging Face model folder. A dir that does not exist
// appears whole or not at all. In an existing folder other files are left
// alone; all new files are on disk before the first is moved into place, and
// until the last is, OpenModel finds no model there. Files in the way are an
// error unless Overwrite is set.
func SaveModel(dir string, o SaveOptions) error {
	if err := saveModel(dir, o); err != nil {
		return fmt.Errorf("checkpoint: save model to %s: %w", dir, err)
	}
	return nil
}

func saveModel(dir string, o SaveOptions) (err error) {
	if o.fsys == nil {
		o.fsys = atomicfile.OS{}
	}
	plan, err := planModel(o)
	if err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	final, inPlace := dir, false
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		if err := o.fsys.MkdirAll(filepath.Dir(dir)); err != nil {
			return cause(err)
		}
	case err != nil:
		return cause(err)
	case !info.IsDir():
		return errors.New("it is a file; give a folder")
	default:
		final, inPlace = filepath.Join(dir, "model"), true
	}
	parent := filepath.Dir(final)
	var remove []string
	if inPlace {
		if remove, err = inTheWay(dir, plan, o.Overwrite); err != nil {
			return err
		}
	}
	if err := atomicfile.Clean(o.fsys, parent, func(b string) bool { return b == filepath.Base(final) }); err != nil {
		return err
	}
	return withSpace(o.fsys, parent, plan.size(), func() error {
		d, err := atomicfile.Begin(o.fsys, final)
		if err != nil {
			return err
		}
		if err = plan.write(context.Background(), d); err == nil && inPlace {
			err = d.CommitInto(dir, remove...)
		} else if err == nil {
			err = d.Commit()
		}
		if err != nil {
			err = errors.Join(err, d.Abort())
		}
		return err
	})
}

// inTheWay returns the files of an older model in dir that must go before the
// new ones are moved in: first those without which OpenModel sees nothing.
func inTheWay(dir string, plan *modelPlan, overwrite bool) (remove []string, err error) {
	var found []string
	for _, f := range plan.files() {
		if exists(filepath.Join(dir, f)) {
			found = append(found, f)
		}
	}
	old := []string{singleFile, indexFile}
	shards, err := filepath.Glob(filepath.Join(escapeGlob(dir), "model-*-of-*.safetensors"))
	if err != nil {
		return nil, err
	}
	for _, s := range shards {
		old = append(old, filepath.Base(s))
	}
	for _, f := range old {
		if exists(filepath.Join(dir, f)) {
			remove = append(remove, f)
			if !slices.Contains(found, f) {
				found = append(found, f)
			}
		}
	}
	if len(found) > 0 && !overwrite {
		return nil, fmt.Errorf("the folder already has %s; choose another folder, or allow overwriting", strings.Join(found, ", "))
	}
	return remove, nil
}

// escapeGlob keeps the characters of a folder's name from being patterns.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`[`, `[[]`, `*`, `[*]`, `?`, `[?]`).Replace(dir)
}

// modelPlan is a model folder before it is written: small files in full, shards
// by their tensors.
type modelPlan struct {
	small  []namedBytes
	shards []shardPlan
	index  []byte // nil for a single file
}

type namedBytes struct {
	name string
	data []byte
}

type shardPlan struct {
	name    string
	sources []TensorSource // in the order of the file
	bytes   int64          // of the file
}

// planModel checks the options and lays out the folder.
func planModel(o SaveOptions) (*modelPlan, error) {
	if !json.Valid(o.Config) {
		return nil, fmt.Errorf("the given %s is not valid JSON", configFile)
	}
	p := &modelPlan{}
	add := func(name string, data []byte) { p.small = append(p.small, namedBytes{name, data}) }
	add(configFile, o.Config)
	gen := o.GenerationConfig
	if gen == nil {
		var err error
		if gen, err = generationConfig(o.Config, o.Chat); err != nil {
			return nil, err
		}
	}
	add(generationFile, gen)
	if o.Tokenizer != nil {
		add(tokenizerFile, o.Tokenizer)
		config := o.TokenizerConfig
		if config == nil {
			var err error
			if config, err = tokenizerConfig(o.Config); err != nil {
				return nil, err
			}
		}
		add(tokenizerConfigFile, config)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Extra)) {
		if name != filepath.Base(name) || !filepath.IsLocal(name) || name == "." || reserved(name) {
			return nil, fmt.Errorf("extra file %q: the name is not a plain file name, or is one that is written anyway", name)
		}
		add(name, o.Extra[name])
	}
	if len(o.Tensors) == 0 {
		return nil, errors.New("there are no tensors to save")
	}
	return p, p.shard(o.Tensors, o.MaxShardSize)
}

// reserved reports whether a folder has a file of this name by itself.
func reserved(name string) bool {
	return slices.Contains([]string{configFile, generationFile, tokenizerFile, tokenizerConfigFile,
		singleFile, indexFile, stateFile, optimizerFile, markerFile}, name) || strings.HasSuffix(name, ".safetensors")
}

// shard cuts the tensors into files, in order: a file is closed when the next
// tensor would take it beyond limit.
func (p *modelPlan) shard(tensors []TensorSource, limit int64) error {
	if limit == 0 {
		limit = DefaultShardBytes
	}
	if limit < 0 {
		return fmt.Errorf("max_shard_size is %d bytes; it must be positive", limit)
	}
	seen := map[string]bool{}
	var total, current int64
	for _, t := range tensors {
		size, err := t.Info().Size()
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if seen[t.Name] {
			return fmt.Errorf("tensor %q is given twice", t.Name)
		}
		seen[t.Name] = true
		if len(p.shards) == 0 || current > 0 && size > limit-current {
			p.shards = append(p.shards, shardPlan{})
			current = 0
		}
		s := &p.shards[len(p.shards)-1]
		s.sources = append(s.sources, t)
		current += size
		total += size
	}
	index := shardIndex{totalSize: total}
	for i := range p.shards {
		s := &p.shards[i]
		s.name = singleFile
		if len(p.shards) > 1 {
			s.name = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(p.shards))
		}
		if err := s.layOut(); err != nil {
			return err
		}
		files := shardFiles{name: s.name}
		for _, t := range s.sources {
			files.tensors = append(files.tensors, t.Name)
		}
		index.shards = append(index.shards, files)
	}
	if len(p.shards) == 1 {
		return nil
	}
	var err error
	p.index, err = index.encode()
	return err
}

// layOut sorts the tensors as the reference writer does and computes the size
// of the file.
func (s *shardPlan) layOut() error {
	slices.SortStableFunc(s.sources, func(a, b TensorSource) int { return safetensors.Compare(a.Info(), b.Info()) })
	header, err := safetensors.Header(safetensors.Infos(s.sources), fileMetadata())
	if err != nil {
		return err
	}
	data, err := safetensors.TotalSize(safetensors.Infos(s.sources))
	s.bytes = int64(len(header)) + data
	return err
}

// fileMetadata is what Hugging Face loaders want to see in every file.
func fileMetadata() map[string]string { return map[string]string{"format": "pt"} }

// files returns the names in the order of writing.
func (p *modelPlan) files() []string {
	var names []string
	for _, f := range p.small {
		names = append(names, f.name)
	}
	for _, s := range p.shards {
		names = append(names, s.name)
	}
	if p.index != nil {
		names = append(names, indexFile)
	}
	return names
}

// size returns the bytes of all files together.
func (p *modelPlan) size() int64 {
	n := int64(len(p.index))
	for _, f := range p.small {
		n += int64(len(f.data))
	}
	for _, s := range p.shards {
		n += s.bytes
	}
	return n
}

// write writes all files; the one that makes the model complete goes last.
func (p *modelPlan) write(ctx context.Context, d *atomicfile.Dir) error {
	for _, f := range p.small {
		if err := writeBytes(d, f.name, f.data); err != nil {
			return err
		}
	}
	for _, s := range p.shards {
		if err := s.write(ctx, d); err != nil {
			return err
		}
	}
	if p.index == nil {
		return nil
	}
	return writeBytes(d, indexFile, p.index)
}

func (s *shardPlan) write(ctx context.Context, d *atomicfile.Dir) error {
	_, err := d.WriteFile(s.name, func(w io.Writer) error {
		return safetensors.WriteAll(cancelling{ctx, w}, s.sources, fileMetadata())
	})
	return err
}

func writeBytes(d *atomicfile.Dir, name string, data []byte) error {
	_, err := d.WriteFile(name, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(data))
		return err
	})
	return err
}

// cancelling stops writing when its context ends.
type cancelling struct {
	ctx context.Context
	w   io.Writer
}

func (c cancelling) Write(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}
