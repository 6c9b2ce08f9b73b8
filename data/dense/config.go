package dense

import (
	"errors"
	"fmt"
)

// Config chooses vectors, clusters and what counts as the same.
type Config struct {
	// Dim is the number of components of a vector: a multiple of 16.
	Dim int `yaml:"dim" mapstructure:"dim"`
	// WordNGram and CharNGram are the longest n-grams that are counted, of texts
	// in words and of texts in Han and Kana.
	WordNGram int `yaml:"word_ngram" mapstructure:"word_ngram"`
	CharNGram int `yaml:"char_ngram" mapstructure:"char_ngram"`
	// MinUnits is the number of words or characters below which a text has no
	// vector: so few say too little.
	MinUnits int `yaml:"min_units" mapstructure:"min_units"`
	// Clusters is the number of clusters; 0 takes one per thousand documents.
	Clusters int `yaml:"clusters" mapstructure:"clusters"`
	// Margin: a text is also compared in the clusters whose centroids are nearly as
	// near as the nearest, by a cosine at most so much lower. It mends copies that
	// a border between clusters parts, at the price of more comparisons.
	Margin float64 `yaml:"margin" mapstructure:"margin"`
	// Sample is how many vectors, at most, clusters are trained on.
	Sample int `yaml:"sample" mapstructure:"sample"`
	// Iterations bounds the rounds of training.
	Iterations int `yaml:"iterations" mapstructure:"iterations"`
	// Epsilon: a text is a copy where its cosine with a better text that stays is
	// above 1 - epsilon.
	Epsilon float64 `yaml:"epsilon" mapstructure:"epsilon"`
	// Seed draws the sample's first centroids.
	Seed uint64 `yaml:"seed" mapstructure:"seed"`
}

// Default returns the configuration used when nothing is said.
func Default() Config {
	return Config{Dim: 128, WordNGram: 1, CharNGram: 2, MinUnits: 20, Margin: 0.05, Sample: 100_000, Iterations: 20, Epsilon: 0.15, Seed: 1}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	check := func(key string, v, lo, hi int) {
		if v < lo || v > hi {
			errs = append(errs, fmt.Errorf("%s is %d; it must be from %d to %d", key, v, lo, hi))
		}
	}
	check("dim", c.Dim, 16, 256)
	if c.Dim%16 != 0 {
		errs = append(errs, fmt.Errorf("dim is %d; it must be a multiple of 16", c.Dim))
	}
	check("word_ngram", c.WordNGram, 1, 5)
	check("char_ngram", c.CharNGram, 1, 5)
	check("min_units", c.MinUnits, 1, 1<<20)
	check("clusters", c.Clusters, 0, maxClusters)
	check("sample", c.Sample, 1, 1<<26)
	check("iterations", c.Iterations, 1, 1000)
	share := func(key string, v float64) {
		if !(v >= 0 && v <= 1) {
			errs = append(errs, fmt.Errorf("%s is %g; it must be from 0 to 1", key, v))
		}
	}
	share("margin", c.Margin)
	share("epsilon", c.Epsilon)
	return errors.Join(errs...)
}

// maxClusters bounds what a model may hold.
const maxClusters = 1 << 20

// ClustersFor returns how many clusters n documents are parted into.
func (c Config) ClustersFor(n int64) int {
	if c.Clusters > 0 {
		return c.Clusters
	}
	return int(min(max(n/1000, 1), 4096))
}
