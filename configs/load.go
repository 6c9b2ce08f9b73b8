package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// Options says which layers to merge.
type Options struct {
	// File is the configuration file, "" for none.
	File string
	// Preset names the preset; it wins over HUIHAI_PRESET and the file's own
	// "preset" key. "" leaves the choice to them.
	Preset string
	// Set holds "section.key=value" overrides.
	Set []string
	// Overrides holds the values of a command's own flags, which win over all.
	Overrides []Override
	// Environ is the environment as os.Environ returns it; nil means none.
	Environ []string
	// Sections names the sections or groups ("model", "data.loader") that a
	// command uses, to be validated; nil means every one, but of those that a
	// training run does not have only the values that differ from the
	// defaults. Misspelt keys are refused everywhere.
	Sections []string
}

// Load merges the layers and validates the result. Every problem found is in
// the returned *[Error]; other error types mean that a file could not be read.
func Load(o Options) (*Config, *Provenance, error) {
	s := theSchema()
	file, err := s.readFile(o.File)
	if err != nil {
		return nil, nil, err
	}
	env, set := s.parseEnv(o.Environ), s.parseSet(o.Set)
	flags, err := s.overrideLayer(o.Overrides)
	if err != nil {
		return nil, nil, err
	}
	prov := &Provenance{File: o.File, origins: map[string]Origin{}}
	problems := slices.Concat(file.problems, env.problems, set.problems)

	name, at := choosePreset(o.Preset, set, env, file)
	preset := &layer{}
	if name != "" {
		prov.Preset = name
		if preset, err = s.presetLayer(name); err != nil {
			problems = append(problems, Problem{Origin: at, Msg: err.Error(), whole: true})
			preset = &layer{}
		}
		problems = append(problems, preset.problems...)
	}
	c, err := s.merge(prov, preset, file, env, set, flags)
	if err != nil {
		return nil, nil, err
	}
	// Without its file or preset a configuration lacks things that nobody
	// forgot.
	if !slices.ContainsFunc(problems, func(p Problem) bool { return p.whole }) {
		problems = append(problems, s.validate(c, prov, o.Sections, problems)...)
	}
	if err := asError(problems); err != nil {
		return nil, nil, err
	}
	return c, prov, nil
}

// choosePreset returns the preset of the strongest layer that names one.
func choosePreset(flag string, layers ...*layer) (string, Origin) {
	if flag != "" {
		return flag, Origin{Kind: FromFlag, Name: "--preset"}
	}
	for _, l := range layers {
		if l.preset != "" {
			return l.preset, l.presetAt
		}
	}
	return "", Origin{}
}

// merge lets viper put the layers together. The values already have the types
// of their fields, so decoding is exact: nothing is converted on the way, and a
// key that no field takes is an error.
func (s *schema) merge(prov *Provenance, preset, file, env, set, flags *layer) (*Config, error) {
	v := viper.New()
	def := Default()
	for _, k := range s.keys {
		v.SetDefault(k.Path, k.of(reflect.ValueOf(&def).Elem()).Interface())
	}
	for _, l := range []*layer{preset, file} {
		if err := v.MergeConfigMap(l.nested()); err != nil {
			return nil, fmt.Errorf("configuration: merge: %w", err)
		}
	}
	for _, l := range []*layer{env, set, flags} {
		for _, x := range l.settings {
			v.Set(x.key.Path, x.value)
		}
	}
	for _, l := range []*layer{preset, file, env, set, flags} {
		for _, x := range l.settings {
			prov.origins[x.key.Path] = x.origin
		}
	}
	c := new(Config)
	if err := v.UnmarshalExact(c); err != nil {
		return nil, fmt.Errorf("configuration: decode: %w", err)
	}
	return c, nil
}

// nested returns the settings as the tree that viper merges.
func (l *layer) nested() map[string]any {
	root := map[string]any{}
	for _, x := range l.settings {
		at := root
		path := strings.Split(x.key.Path, ".")
		for _, p := range path[:len(path)-1] {
			next, ok := at[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
		at[path[len(path)-1]] = x.value
	}
	return root
}
