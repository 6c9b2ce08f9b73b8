package build

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

// Config is the configuration of a build.
type Config struct {
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

// Default returns the configuration used when nothing is said.
func Default() Config {
	return Config{
		VocabSize: 8000, TokenizerBytes: 64 << 20, Seed: 1,
		Source: source.Default(), Clean: clean.Default(), PII: pii.Default(), Score: score.Default(),
		Safety: safety.Default(), Decontam: decontam.Default(),
		Dedup: dedup.Default(), Semantic: SemanticConfig{Config: dense.Default()}, Passages: PassagesConfig{Config: substring.Default()},
		Paragraphs: dedup.DefaultSpans(), Sentences: dedup.DefaultSpans(), Trim: DefaultTrim(), Sample: DefaultSample(), Pack: pack.Default(),
	}
}

// Validate reports every impossible value at once, each naming its key.
func (c Config) Validate() error {
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
func (c Config) memoryBytes() int64 {
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
func (c Config) leastMemory() int64 {
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
