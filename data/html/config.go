package html

import (
	"errors"
	"fmt"
)

// The extractors.
const (
	ExtractorFast = "fast" // the text the page is about
	ExtractorNone = "none" // all text of the body, without scripts and styles
)

// Config chooses what of a page is text.
type Config struct {
	// Extractor is "fast" or "none".
	Extractor string `yaml:"extractor" mapstructure:"extractor"`
	// Precision prefers losing a paragraph to keeping a menu: outside the article
	// nothing is kept, and a page without one gives nothing.
	Precision bool `yaml:"precision" mapstructure:"precision"`
	// Tables keeps the rows of tables.
	Tables bool `yaml:"tables" mapstructure:"tables"`
	// Comments keeps what readers wrote below an article.
	Comments bool `yaml:"comments" mapstructure:"comments"`
	// MinLetters is how much text a page must give (a Han character counts as
	// three letters); less is no document.
	MinLetters int `yaml:"min_letters" mapstructure:"min_letters"`
}

// Default returns the configuration used when nothing is said.
func Default() Config {
	return Config{Extractor: ExtractorFast, Tables: true, MinLetters: 100}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	if c.Extractor != ExtractorFast && c.Extractor != ExtractorNone {
		errs = append(errs, fmt.Errorf("extractor is %q; the extractors are %s and %s", c.Extractor, ExtractorFast, ExtractorNone))
	}
	if c.MinLetters < 0 {
		errs = append(errs, fmt.Errorf("min_letters is %d; it cannot be negative", c.MinLetters))
	}
	return errors.Join(errs...)
}
