package data

import (
	"errors"
	"fmt"
)

// TrimConfig chooses what is taken out of kept documents besides copies, and when
// too little is left of one.
type TrimConfig struct {
	// MinParagraphQuality and MinSentenceQuality take out spans of lower quality;
	// 0 takes out none.
	MinParagraphQuality float64 `yaml:"min_paragraph_quality" mapstructure:"min_paragraph_quality"`
	MinSentenceQuality  float64 `yaml:"min_sentence_quality" mapstructure:"min_sentence_quality"`
	// MinLeft drops a document of which less than this share of bytes is left.
	MinLeft float64 `yaml:"min_left" mapstructure:"min_left"`
}

// DefaultTrim takes nothing out for its quality.
func DefaultTrim() TrimConfig { return TrimConfig{MinLeft: 0.2} }

// Validate reports every impossible value at once.
func (c TrimConfig) Validate() error {
	var errs []error
	for _, p := range []struct {
		key   string
		value float64
	}{{"min_paragraph_quality", c.MinParagraphQuality}, {"min_sentence_quality", c.MinSentenceQuality}, {"min_left", c.MinLeft}} {
		if !(p.value >= 0 && p.value <= 1) {
			errs = append(errs, fmt.Errorf("%s is %g; it must be from 0 to 1", p.key, p.value))
		}
	}
	return errors.Join(errs...)
}
