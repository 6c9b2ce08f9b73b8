package data

import (
	"errors"
	"fmt"
)

// SpansConfig chooses what happens to paragraphs and sentences that occur more
// than once among the kept documents. They are counted in any case.
type SpansConfig struct {
	// Paragraphs removes copies of paragraphs: the one in the document of the
	// highest quality stays.
	Paragraphs bool `yaml:"paragraphs" mapstructure:"paragraphs"`
	// Sentences does so with sentences.
	Sentences bool `yaml:"sentences" mapstructure:"sentences"`
	// MinParagraphBytes and MinSentenceBytes are the lengths from which copies
	// count.
	MinParagraphBytes int `yaml:"min_paragraph_bytes" mapstructure:"min_paragraph_bytes"`
	MinSentenceBytes  int `yaml:"min_sentence_bytes" mapstructure:"min_sentence_bytes"`
	// MinCopies is how often a span must occur before copies are removed.
	MinCopies int `yaml:"min_copies" mapstructure:"min_copies"`
	// MinQuality removes paragraphs and sentences of lower quality; 0 none.
	MinQuality float64 `yaml:"min_quality" mapstructure:"min_quality"`
	// MinLeft drops a document of which less than this share of bytes is left.
	MinLeft float64 `yaml:"min_left" mapstructure:"min_left"`
}

// DefaultSpans counts copies and removes none.
func DefaultSpans() SpansConfig {
	return SpansConfig{MinParagraphBytes: 60, MinSentenceBytes: 60, MinCopies: 2, MinLeft: 0.2}
}

// Validate reports every impossible value at once.
func (c SpansConfig) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if c.MinParagraphBytes < 1 {
		bad("min_paragraph_bytes is %d; it must be at least 1", c.MinParagraphBytes)
	}
	if c.MinSentenceBytes < 1 {
		bad("min_sentence_bytes is %d; it must be at least 1", c.MinSentenceBytes)
	}
	if c.MinCopies < 2 {
		bad("min_copies is %d; it must be at least 2", c.MinCopies)
	}
	if !(c.MinQuality >= 0 && c.MinQuality <= 1) {
		bad("min_quality is %g; it must be from 0 to 1", c.MinQuality)
	}
	if !(c.MinLeft >= 0 && c.MinLeft <= 1) {
		bad("min_left is %g; it must be from 0 to 1", c.MinLeft)
	}
	return errors.Join(errs...)
}
