package score

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Config chooses the rules and the weights of quality.
type Config struct {
	// Profile says which rule sets apply: "general", "web" or "none".
	Profile string `yaml:"profile" mapstructure:"profile"`
	// RuleSets replaces the profile's sets for a language (en, zh, code, other).
	RuleSets map[string][]string `yaml:"rule_sets" mapstructure:"rule_sets"`
	// Bounds changes or switches off single rules by name.
	Bounds map[string]Bound `yaml:"bounds" mapstructure:"bounds"`
	// Languages keeps only these: BCP 47 tags such as en, zh (with yue, Cantonese) and
	// ja, code for program text, other for all but en, zh and code. Empty keeps all.
	Languages []string `yaml:"languages" mapstructure:"languages"`
	// MinQuality drops texts below; 0 drops none.
	MinQuality float64 `yaml:"min_quality" mapstructure:"min_quality"`
	// Weights of the quality components.
	Weights Weights `yaml:"weights" mapstructure:"weights"`
}

// Bound overrides a rule: a missing side keeps the published one.
type Bound struct {
	Min *float64 `yaml:"min,omitempty" mapstructure:"min"`
	Max *float64 `yaml:"max,omitempty" mapstructure:"max"`
	Off bool     `yaml:"off,omitempty" mapstructure:"off"`
}

// languages are those that rules are chosen for.
var languages = []Language{English, Chinese, Code, OtherLang}

// profiles name the rule sets per language.
var profiles = map[string]map[Language][]string{
	"general": {English: {"general"}, Chinese: {"general"}, Code: {"code"}, OtherLang: {"general"}},
	"web": {
		English: {"gopher_repetition", "gopher_quality", "fineweb"},
		Chinese: {"zh_mapcc", "zh_chinesewebtext"},
		Code:    {"code"}, OtherLang: {"gopher_repetition"},
	},
	"none": {},
}

// Default returns the configuration used when nothing is said.
func Default() Config { return Config{Profile: "general", Weights: DefaultWeights()} }

// tag is the language of a BCP 47 tag.
var tag = regexp.MustCompile(`^[a-z]{2,3}$`)

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	_, err := c.compile()
	if c.MinQuality < 0 || c.MinQuality > 1 {
		err = errors.Join(err, fmt.Errorf("min_quality is %g; it must be from 0 to 1", c.MinQuality))
	}
	for _, l := range c.Languages {
		if l != string(Code) && l != string(OtherLang) && !tag.MatchString(l) {
			err = errors.Join(err, fmt.Errorf("languages has %q; write tags such as en, zh or ja, or code, or other", l))
		}
	}
	return errors.Join(err, c.Weights.Validate())
}

// compile resolves profile, sets and bounds into the rules of each language.
func (c Config) compile() (map[Language][]Rule, error) {
	profile, ok := profiles[c.Profile]
	if !ok {
		return nil, fmt.Errorf("profile is %q; the profiles are %s", c.Profile, strings.Join(slices.Sorted(maps.Keys(profiles)), ", "))
	}
	var errs []error
	sets, used := RuleSets(), map[string]bool{}
	out := map[Language][]Rule{}
	for _, lang := range languages {
		names := profile[lang]
		if own, ok := c.RuleSets[string(lang)]; ok {
			names = own
		}
		for _, name := range names {
			set, ok := sets[name]
			if !ok {
				errs = append(errs, fmt.Errorf("rule_sets.%s has %q; the sets are %s", lang, name, strings.Join(slices.Sorted(maps.Keys(sets)), ", ")))
			}
			for _, r := range set {
				used[r.Name] = true
				if r, on := c.bound(r); on {
					errs = append(errs, r.validate())
					out[lang] = append(out[lang], r)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Bounds)) {
		if !used[name] {
			errs = append(errs, fmt.Errorf("bounds has %q, which is no rule of the chosen sets", name))
		}
	}
	for _, lang := range slices.Sorted(maps.Keys(c.RuleSets)) {
		if !slices.Contains(languages, Language(lang)) {
			errs = append(errs, fmt.Errorf("rule_sets has %q; the languages are en, zh, code and other", lang))
		}
	}
	return out, errors.Join(errs...)
}

func (c Config) bound(r Rule) (Rule, bool) {
	b, ok := c.Bounds[r.Name]
	if !ok {
		return r, true
	}
	if b.Min != nil {
		r.Min = *b.Min
	}
	if b.Max != nil {
		r.Max = *b.Max
	}
	return r, !b.Off
}
