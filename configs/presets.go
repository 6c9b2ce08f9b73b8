package configs

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"huihai/model"
)

// The shipped files: presets hold model shapes, recipes whole runs. They share
// one space of names.
//
//go:embed presets/*.yaml recipes/*.yaml
var shipped embed.FS

// Preset is a configuration shipped with the program.
type Preset struct {
	Name    string // as in "preset: NAME"
	Recipe  bool   // a whole run, not only a model's shape
	Summary string // first line of its comment
	Text    []byte // commented YAML, made to be copied and edited
}

// Presets returns the shipped configurations: shapes first, then recipes, each
// by family and size.
func Presets() []Preset {
	var all []Preset
	for _, dir := range []string{"presets", "recipes"} {
		entries, err := shipped.ReadDir(dir)
		if err != nil {
			panic("configs: embedded presets are missing") // cannot happen in a built program
		}
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return bySize(a.Name(), b.Name()) })
		for _, e := range entries {
			p := Preset{Name: strings.TrimSuffix(e.Name(), ".yaml"), Recipe: dir == "recipes"}
			p.Text, err = shipped.ReadFile(path.Join(dir, e.Name()))
			if err != nil {
				panic("configs: embedded presets cannot be read")
			}
			first, _, _ := strings.Cut(string(p.Text), "\n")
			p.Summary = strings.TrimSpace(strings.TrimPrefix(first, "#"))
			all = append(all, p)
		}
	}
	return all
}

var sizeSuffix = regexp.MustCompile(`^(.*)-([0-9.]+)([mb])\.yaml$`)

// bySize orders names, ladder-835m before ladder-1.5b.
func bySize(a, b string) int {
	x, y := sizeSuffix.FindStringSubmatch(a), sizeSuffix.FindStringSubmatch(b)
	if x == nil || y == nil || x[1] != y[1] {
		return cmp.Compare(a, b)
	}
	m, _ := strconv.ParseFloat(x[2], 64)
	n, _ := strconv.ParseFloat(y[2], 64)
	return cmp.Or(cmp.Compare(y[3], x[3]), cmp.Compare(m, n)) // "m" before "b"
}

// PresetByName returns a shipped configuration, or an error that names the
// nearest.
func PresetByName(name string) (Preset, error) {
	var names []string
	for _, p := range Presets() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	hint := "see: train config list"
	if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return Preset{}, fmt.Errorf("there is no preset %q; %s", name, hint)
}

// presetLayer reads a preset over the presets that it builds on.
func (s *schema) presetLayer(name string) (*layer, error) {
	merged := &layer{}
	seen := map[string]bool{}
	for name != "" {
		if seen[name] {
			return nil, fmt.Errorf("preset %q builds on itself", name)
		}
		seen[name] = true
		p, err := PresetByName(name)
		if err != nil {
			return nil, err
		}
		l := s.parseYAML(p.Text, Origin{Kind: FromPreset, Name: name})
		merged.settings = append(l.settings, merged.settings...)
		merged.problems = append(merged.problems, l.problems...)
		name = l.preset
	}
	return merged, nil
}

// ModelPreset returns the validated model shape of a preset or recipe.
func ModelPreset(name string) (model.Config, error) {
	c, _, err := Load(Options{Preset: name, Sections: []string{"model"}})
	if err != nil {
		return model.Config{}, err
	}
	return c.Model, nil
}
