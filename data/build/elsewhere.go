package build

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// Portable returns the configuration with the paths that workers open made
// absolute, so that processes which start in other folders mean the same files.
// Inputs stay as they are: stage list, which runs where the build was started,
// resolves them for all.
func (c Config) Portable() (Config, error) {
	var errs []error
	abs := func(path string) string {
		if path == "" {
			return path
		}
		p, err := filepath.Abs(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("data: %s: %w", path, err))
		}
		return p
	}
	c.Output, c.Tokenizer = abs(c.Output), abs(c.Tokenizer)
	c.Models.Perplexity, c.Models.Classifier = maps.Clone(c.Models.Perplexity), maps.Clone(c.Models.Classifier)
	for lang, path := range c.Models.Perplexity {
		c.Models.Perplexity[lang] = abs(path)
	}
	for lang, m := range c.Models.Classifier {
		m.Model = abs(m.Model)
		c.Models.Classifier[lang] = m
	}
	c.Safety.Lexicons = slices.Clone(c.Safety.Lexicons)
	for i, path := range c.Safety.Lexicons {
		c.Safety.Lexicons[i] = abs(path)
	}
	c.Decontam.Sets = slices.Clone(c.Decontam.Sets)
	for i, s := range c.Decontam.Sets {
		c.Decontam.Sets[i].Path = abs(s.Path)
	}
	return c, errors.Join(errs...)
}

// exchangeMemory bounds the records that [WriteExchange] holds.
const exchangeMemory = 64 << 20

// WriteExchange stores the records of one partition of a stage of cfg's build,
// for engines that carry records themselves ([WithElsewhere], [WithSink]). next
// yields the partition's blocks, in any order, and false at the end. It must be
// called for every partition, of empty ones with no block.
func WriteExchange(cfg Config, stage string, partition int, next func() ([]byte, bool)) error {
	b := newBuilder(cfg, nil, nil)
	if err := b.engine.WriteExchange(stage, partition, exchangeMemory, next); err != nil {
		return fmt.Errorf("data: stage %s, records of partition %d: %w", stage, partition, err)
	}
	return nil
}
