package build

import (
	"context"
	"fmt"
	"path/filepath"

	"huihai/data"
	"huihai/data/decontam"
	"huihai/data/flow"
	"huihai/data/source"
)

// givenFiles are the files besides the inputs that a build depends on: what the
// configuration names by path, here by content.
type givenFiles struct {
	Tokenizer  flow.Input // no hash without one
	Perplexity map[string]flow.Input
	Classifier map[string]classifierFile
	Lexicons   []flow.Input
	Evals      []evalSet
}

// classifierFile is a model and the label whose probability is the score.
type classifierFile struct {
	Model flow.Input
	Label string
}

// evalSet is an evaluation set whose pattern was resolved.
type evalSet struct {
	Set   decontam.Set // without its path
	Files []evalFile
}

// evalFile is a file of a set; its name may be that of the task.
type evalFile struct {
	Name string
	File flow.Input
}

// identity is what the build key is made of: all that changes a byte of the data
// set. Settings that change none are zeroed in it, and paths stand as contents.
type identity struct {
	Format  int
	Version Version
	Config  Config
	Given   givenFiles
	Files   []fileIdentity
}

type fileIdentity struct {
	Logical, Source string
	Format          source.Format
	Hash            string
}

// sign computes the key of everything the result depends on.
func (b *builder) sign(ctx context.Context) (err error) {
	if b.given, err = hashGiven(ctx, b.cfg); err != nil {
		return err
	}
	if b.cfg.Tokenizer != "" { // loaded now, not after an hour of scoring
		b.tokenizerFile = b.given.Tokenizer
		if b.vocab, err = readTokenizer(b.tokenizerFile.Path); err != nil {
			return err
		}
	}
	id := identity{Format: data.FormatVersion, Version: Latest, Config: b.cfg.withoutPlaces(), Given: b.given}
	for _, f := range b.listing.Files {
		id.Files = append(id.Files, fileIdentity{f.Logical, f.Source, f.Format, b.inputs[f.Path].Hash})
	}
	b.buildKey, err = flow.Key(id)
	return err
}

// withoutPlaces returns the configuration without what changes no byte of the data
// set: how the work is done, what ends it, and where files lie.
func (c Config) withoutPlaces() Config {
	c.Inputs, c.Output, c.Workers, c.Memory, c.KeepWork, c.Tokenizer = nil, "", 0, "", false, ""
	c.Source = reading(c.Source)
	c.Models = ModelsConfig{}
	c.Safety.Lexicons = nil
	c.Decontam.Sets = nil
	return c
}

// hashGiven finds and hashes the files that the configuration names.
func hashGiven(ctx context.Context, cfg Config) (g givenFiles, err error) {
	input := func(what, path string) (in flow.Input) {
		if err != nil {
			return in
		}
		var sum string
		if sum, err = flow.HashFile(ctx, path); err != nil {
			err = fmt.Errorf("%s: %w", what, err)
		}
		return flow.Input{Path: path, Hash: sum}
	}
	if cfg.Tokenizer != "" {
		g.Tokenizer = input("tokenizer", cfg.Tokenizer)
	}
	g.Perplexity, g.Classifier = map[string]flow.Input{}, map[string]classifierFile{}
	for _, lang := range sortedKeys(cfg.Models.Perplexity) {
		g.Perplexity[lang] = input("models.perplexity."+lang, cfg.Models.Perplexity[lang])
	}
	for _, lang := range sortedKeys(cfg.Models.Classifier) {
		c := cfg.Models.Classifier[lang]
		g.Classifier[lang] = classifierFile{input("models.classifier."+lang, c.Model), c.Label}
	}
	for _, path := range cfg.Safety.Lexicons {
		g.Lexicons = append(g.Lexicons, input("safety.lexicons", path))
	}
	for _, s := range cfg.Decontam.Sets {
		paths, globErr := filepath.Glob(s.Path)
		if globErr != nil || len(paths) == 0 {
			return g, fmt.Errorf("decontam.sets: %s matches no file", s.Path)
		}
		set := evalSet{Set: s}
		set.Set.Path = ""
		for _, path := range paths {
			set.Files = append(set.Files, evalFile{filepath.Base(path), input("decontam.sets", path)})
		}
		g.Evals = append(g.Evals, set)
	}
	return g, err
}
