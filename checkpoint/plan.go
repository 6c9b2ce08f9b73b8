package checkpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"huihai/checkpoint/safetensors"
	"huihai/internal/atomicfile"
)

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
