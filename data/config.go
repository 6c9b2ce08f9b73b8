package data

import (
	"errors"
	"fmt"

	"huihai/data/clean"
	"huihai/data/decontam"
	"huihai/data/dedup"
	"huihai/data/dense"
	"huihai/data/flow"
	"huihai/data/pack"
	"huihai/data/pii"
	"huihai/data/safety"
	"huihai/data/score"
	"huihai/data/source"
	"huihai/data/substring"
	"huihai/internal/bytesize"
)

// BuildConfig is the configuration of [Build].
type BuildConfig struct {
	// Inputs are files, folders and patterns; "name=path" names the data set.
	Inputs []string `yaml:"inputs" mapstructure:"inputs"`
	// Output is the folder of the result.
	Output string `yaml:"output" mapstructure:"output"`
	// Tokenizer is a SentencePiece model file; empty means to train one.
	Tokenizer string `yaml:"tokenizer" mapstructure:"tokenizer"`
	// VocabSize is the size of a tokenizer to train.
	VocabSize int `yaml:"vocab_size" mapstructure:"vocab_size"`
	// TokenizerBytes bounds the text a tokenizer is trained on; beyond it a
	// seeded sample of documents is taken. 0 means no bound.
	TokenizerBytes int64 `yaml:"tokenizer_bytes" mapstructure:"tokenizer_bytes"`
	// ValidationFraction is the share of kept documents held out, chosen by a
	// hash of their id. Above 0, at least one of two or more is.
	ValidationFraction float64 `yaml:"validation_fraction" mapstructure:"validation_fraction"`
	// MaxBytes stops reading before the document that would bring the text
	// beyond it; 0 means no bound.
	MaxBytes int64 `yaml:"max_bytes" mapstructure:"max_bytes"`
	// Seed draws the shuffle, the held-out documents and the samples.
	Seed uint64 `yaml:"seed" mapstructure:"seed"`
	// Workers is how many tasks run at a time; 0 means one per CPU. It never
	// changes the result.
	Workers int `yaml:"workers" mapstructure:"workers"`
	// Memory bounds the memory of the stages, such as "4GiB"; empty means no
	// bound. Tasks then run fewer at a time and spill more; it never changes
	// the result.
	Memory string `yaml:"memory" mapstructure:"memory"`
	// KeepWork keeps the intermediate files below Output/.work.
	KeepWork bool `yaml:"keep_work" mapstructure:"keep_work"`

	Source source.Config `yaml:"source" mapstructure:"source"`
	Clean  clean.Config  `yaml:"clean" mapstructure:"clean"`
	PII    pii.Config    `yaml:"pii" mapstructure:"pii"`
	Score  score.Config  `yaml:"score" mapstructure:"score"`
	Models ModelsConfig  `yaml:"models" mapstructure:"models"`
	Safety safety.Config `yaml:"safety" mapstructure:"safety"`
	// Signals puts all measures of a document into the table: some hundred
	// numbers. Those that no chosen rule asks for are 0.
	Signals  bool            `yaml:"signals" mapstructure:"signals"`
	Decontam decontam.Config `yaml:"decontam" mapstructure:"decontam"`
	Dedup    dedup.Config    `yaml:"dedup" mapstructure:"dedup"`
	// Semantic finds copies by vectors of vocabulary, Passages by suffix arrays.
	Semantic SemanticConfig `yaml:"semantic" mapstructure:"semantic"`
	Passages PassagesConfig `yaml:"passages" mapstructure:"passages"`
	// Paragraphs and Sentences say what happens to copies among kept documents.
	Paragraphs dedup.SpanConfig `yaml:"paragraphs" mapstructure:"paragraphs"`
	Sentences  dedup.SpanConfig `yaml:"sentences" mapstructure:"sentences"`
	Trim       TrimConfig       `yaml:"trim" mapstructure:"trim"`
	Sample     SampleConfig     `yaml:"sample" mapstructure:"sample"`
	Pack       pack.Config      `yaml:"pack" mapstructure:"pack"`
}

// DefaultBuild returns the configuration used when nothing is said.
func DefaultBuild() BuildConfig {
	return BuildConfig{
		VocabSize: 8000, TokenizerBytes: 64 << 20, Seed: 1,
		Source: source.Default(), Clean: clean.Default(), PII: pii.Default(), Score: score.Default(),
		Safety: safety.Default(), Decontam: decontam.Default(),
		Dedup: dedup.Default(), Semantic: SemanticConfig{Config: dense.Default()}, Passages: PassagesConfig{Config: substring.Default()},
		Paragraphs: dedup.DefaultSpans(), Sentences: dedup.DefaultSpans(), Trim: DefaultTrim(), Sample: DefaultSample(), Pack: pack.Default(),
	}
}

// Validate reports every impossible value at once, each naming its key.
func (c BuildConfig) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if len(c.Inputs) == 0 {
		bad("inputs is empty; name at least one file, folder or pattern (--input PATH)")
	}
	if c.Output == "" {
		bad("output is empty; name the folder for the result (--output DIR)")
	}
	if c.Tokenizer == "" && (c.VocabSize < 300 || c.VocabSize > 1<<20) {
		bad("vocab_size is %d; to train a tokenizer it must be from 300 to %d", c.VocabSize, 1<<20)
	}
	if !(c.ValidationFraction >= 0 && c.ValidationFraction < 1) {
		bad("validation_fraction is %g; it must be at least 0 and less than 1", c.ValidationFraction)
	}
	if c.MaxBytes < 0 {
		bad("max_bytes is %d; it cannot be negative (0 means no bound)", c.MaxBytes)
	}
	if c.TokenizerBytes < 0 {
		bad("tokenizer_bytes is %d; it cannot be negative (0 means no bound)", c.TokenizerBytes)
	}
	if c.Memory != "" {
		n, err := bytesize.Parse(c.Memory)
		if err != nil {
			bad("memory: %w", err)
		} else if least := c.leastMemory(); n < least {
			bad("memory is %s; the largest stage of this configuration needs %s: give at least that much, or leave it empty for no bound", c.Memory, mebibytes(least))
		}
	}
	if c.Workers < 0 {
		bad("workers is %d; it cannot be negative (0 means one per CPU)", c.Workers)
	}
	for _, part := range []struct {
		key string
		err error
	}{
		{"source", c.Source.Validate()}, {"clean", c.Clean.Validate()}, {"pii", c.PII.Validate()}, {"score", c.Score.Validate()}, {"models", c.Models.Validate()}, {"safety", c.Safety.Validate()}, {"decontam", c.Decontam.Validate()},
		{"dedup", c.Dedup.Validate()}, {"semantic", c.Semantic.Validate()}, {"passages", c.Passages.Validate()}, {"paragraphs", c.Paragraphs.Validate()}, {"sentences", c.Sentences.Validate()}, {"trim", c.Trim.Validate()}, {"sample", c.Sample.Validate()}, {"pack", c.Pack.Validate()},
	} {
		if part.err != nil {
			bad("%s: %w", part.key, part.err)
		}
	}
	return errors.Join(errs...)
}

// memoryBytes is the budget in bytes, 0 for none.
func (c BuildConfig) memoryBytes() int64 {
	n, err := bytesize.Parse(c.Memory)
	if err != nil {
		return 0
	}
	return n
}

// What one task of the largest stages holds.
const (
	documentsMemory = 256 << 20 // a group of rows of documents, or a partition of rows of tokens
	passagesMemory  = 300 << 20 // the suffix array of the segments of one anchor
)

// leastMemory is the least budget in bytes, whatever the size of the corpus.
func (c BuildConfig) leastMemory() int64 {
	n := int64(documentsMemory)
	if c.Passages.Find {
		n = max(n, passagesMemory)
	}
	if c.Semantic.Find {
		n = max(n, c.Semantic.sampleBytes())
	}
	return n + flow.LeastRecords
}

// mebibytes writes a size as the configuration takes it, rounded up.
func mebibytes(n int64) string { return fmt.Sprintf("%dMiB", (n+1<<20-1)>>20) }

// LoaderConfig is the configuration of a [Loader]. The tag run:"free" is on what
// changes no row and no order.
type LoaderConfig struct {
	// Shuffle draws rows in a seeded order, a new one each epoch.
	Shuffle bool `yaml:"shuffle" mapstructure:"shuffle"`
	// Seed draws the order.
	Seed uint64 `yaml:"seed" mapstructure:"seed"`
	// Prefetch is how many rows are read ahead.
	Prefetch int `yaml:"prefetch" mapstructure:"prefetch" run:"free"`
	// CacheBytes bounds the decoded pages kept in memory.
	CacheBytes int64 `yaml:"cache_bytes" mapstructure:"cache_bytes" run:"free"`
	// Verify compares a file with its checksum before it is first read.
	Verify bool `yaml:"verify" mapstructure:"verify" run:"free"`
	// Mixture draws the sources of the training split by weight; empty draws
	// every row once per epoch.
	Mixture []MixtureSegment `yaml:"mixture" mapstructure:"mixture"`

	// Split is [Train] or [Validation]; empty means Train.
	Split string `yaml:"-" mapstructure:"-"`
	// Epochs is the number of passes, after which Next gives io.EOF; 0 means
	// no end.
	Epochs int `yaml:"-" mapstructure:"-"`
	// RowsBefore tells how many rows the training steps before a step take, all
	// of them since the start of the order, by which segments of a mixture that
	// begin at a step find their row. A run that changes its batch on the way
	// hands in a function that goes on from there: the rows of steps that were
	// taken stay what they were. A number that does not fit is given as the
	// greatest. Nil allows segments from step 0 only.
	RowsBefore func(step int) int64 `yaml:"-" mapstructure:"-"`
	// Reader is the number of this one of Readers loaders that share the order;
	// 0 Readers means one.
	Reader  int `yaml:"-" mapstructure:"-"`
	Readers int `yaml:"-" mapstructure:"-"`
}

func (c LoaderConfig) readers() int { return max(1, c.Readers) }

// DefaultLoader returns the configuration for training.
func DefaultLoader() LoaderConfig {
	return LoaderConfig{Shuffle: true, Seed: 1, Prefetch: 64, CacheBytes: 512 << 20, Verify: true}
}

// EvaluationLoader returns the configuration for reading the validation split
// once, in order.
func EvaluationLoader() LoaderConfig {
	c := DefaultLoader()
	c.Split, c.Shuffle, c.Epochs = Validation, false, 1
	c.CacheBytes = 16 << 20 // read in order, once each time
	return c
}

// Validate reports every impossible value at once.
func (c LoaderConfig) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if c.Split != "" && c.Split != Train && c.Split != Validation {
		bad("split is %q; it must be %q or %q", c.Split, Train, Validation)
	}
	if c.Epochs < 0 {
		bad("epochs is %d; it cannot be negative (0 means no end)", c.Epochs)
	}
	if c.Prefetch < 1 || c.Prefetch > 1<<20 {
		bad("prefetch is %d; it must be from 1 to %d", c.Prefetch, 1<<20)
	}
	if c.CacheBytes < 0 {
		bad("cache_bytes is %d; it cannot be negative", c.CacheBytes)
	}
	if c.Reader < 0 || c.Reader >= c.readers() {
		bad("reader %d of %d is impossible", c.Reader, c.readers())
	}
	if len(c.Mixture) > 0 {
		if c.Split == Validation {
			bad("mixture is for split %q only, not for %q", Train, c.Split)
		}
		if c.Epochs > 0 {
			bad("epochs is %d, but a mixture has none; bound it by mixture[0].max_epochs", c.Epochs)
		}
		if err := validateMixture(c.Mixture); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// The splits of a data set.
const (
	Train      = "train"
	Validation = "validation"
)
