package clean

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The values of the choices in Config.
const (
	WidthKeep  = "keep"  // full-width forms stay
	WidthASCII = "ascii" // full-width letters and digits become ASCII, punctuation stays
	WidthAll   = "all"   // full-width punctuation and signs become ASCII too

	SpaceKeep   = "keep"  // ideographic spaces stay
	SpaceBlank  = "space" // each becomes one ASCII space
	SpaceIndent = "trim"  // the same, but those that begin a line go

	SimplifyOff        = "off"
	SimplifyCharacters = "characters" // character by character
	SimplifyPhrases    = "phrases"    // with the phrases where that errs

	BoilerplateOff   = "off"
	BoilerplateLines = "lines" // lines that match a named pattern go
	BoilerplateC4    = "c4"    // lines that C4's rules drop go
)

// Config chooses the optional changes.
type Config struct {
	// NFC composes characters (Unicode normalisation form C).
	NFC bool `yaml:"nfc" mapstructure:"nfc"`
	// Width is what becomes of full-width forms: "keep", "ascii" or "all".
	// Half-width Katakana becomes full-width with both of the latter. Chinese
	// prose uses full-width commas, brackets and marks on purpose, and "ascii"
	// keeps those.
	Width string `yaml:"width" mapstructure:"width"`
	// IdeographicSpace is what becomes of U+3000: "keep", "space" or "trim".
	IdeographicSpace string `yaml:"ideographic_space" mapstructure:"ideographic_space"`
	// Invisible removes soft hyphens, zero-width characters and marks of
	// direction, but for those that shape Arabic, Indic, Thai and the like or
	// join emoji.
	Invisible bool `yaml:"invisible" mapstructure:"invisible"`
	// Entities decodes HTML entities left in text, such as &amp; and &#39;.
	Entities bool `yaml:"entities" mapstructure:"entities"`
	// Mojibake repairs UTF-8 that was read as Windows-1252, and texts in encodings
	// of Chinese, Japanese, Korean and Cyrillic that were read as Latin-1.
	Mojibake bool `yaml:"mojibake" mapstructure:"mojibake"`
	// Simplify turns traditional Chinese into simplified: "off", "characters"
	// or "phrases".
	Simplify string `yaml:"simplify" mapstructure:"simplify"`
	// Citations removes the marks of encyclopedias, such as [12] and [citation needed].
	Citations bool `yaml:"citations" mapstructure:"citations"`
	// Boilerplate removes whole lines that are no text of the page: "off",
	// "lines" or "c4".
	Boilerplate string `yaml:"boilerplate" mapstructure:"boilerplate"`
	// BoilerplateKeep names patterns whose lines stay (see PatternNames).
	BoilerplateKeep []string `yaml:"boilerplate_keep" mapstructure:"boilerplate_keep"`
	// MaxBlankLines is how many blank lines in a row are kept.
	MaxBlankLines int `yaml:"max_blank_lines" mapstructure:"max_blank_lines"`
}

// Default returns the configuration used when nothing is said: no word and no
// line goes. Two blank lines are kept because program code separates definitions
// with them.
func Default() Config {
	return Config{
		NFC: true, Width: WidthKeep, IdeographicSpace: SpaceKeep, Invisible: true,
		Simplify: SimplifyOff, Boilerplate: BoilerplateOff, MaxBlankLines: 2,
	}
}

// Web returns the configuration for text extracted from crawled pages.
func Web() Config {
	c := Default()
	c.Width, c.IdeographicSpace = WidthASCII, SpaceIndent
	c.Entities, c.Mojibake, c.Boilerplate = true, true, BoilerplateLines
	c.MaxBlankLines = 1
	return c
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	choice := func(key, v string, values ...string) {
		if !slices.Contains(values, v) {
			errs = append(errs, fmt.Errorf("%s is %q; it must be one of %s", key, v, strings.Join(values, ", ")))
		}
	}
	choice("width", c.Width, WidthKeep, WidthASCII, WidthAll)
	choice("ideographic_space", c.IdeographicSpace, SpaceKeep, SpaceBlank, SpaceIndent)
	choice("simplify", c.Simplify, SimplifyOff, SimplifyCharacters, SimplifyPhrases)
	choice("boilerplate", c.Boilerplate, BoilerplateOff, BoilerplateLines, BoilerplateC4)
	names := PatternNames()
	for _, name := range c.BoilerplateKeep {
		if !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("boilerplate_keep has %q, which is no pattern; the patterns are %s", name, strings.Join(names, ", ")))
		}
	}
	if c.MaxBlankLines < 0 {
		errs = append(errs, fmt.Errorf("max_blank_lines is %d; it cannot be negative", c.MaxBlankLines))
	}
	return errors.Join(errs...)
}
