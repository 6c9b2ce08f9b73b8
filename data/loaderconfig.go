package data

import (
	"errors"
	"fmt"
)

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
