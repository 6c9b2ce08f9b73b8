package configs

import (
	"reflect"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reservedEnv are the HUIHAI_ variables that are not settings, with what they
// are for.
var reservedEnv = map[string]string{
	envPrefix + "PRESET": "name of the preset, like --preset",
}

// parseEnv reads the HUIHAI_ variables among environ ("NAME=value"), in the
// order of their names.
func (s *schema) parseEnv(environ []string) *layer {
	l := &layer{}
	names := map[string]string{}
	var sorted []string
	for _, e := range environ {
		name, value, ok := strings.Cut(e, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) {
			continue
		}
		if _, dup := names[name]; !dup {
			sorted = append(sorted, name)
		}
		names[name] = value
	}
	sort.Strings(sorted)
	for _, name := range sorted {
		at := Origin{Kind: FromEnv, Name: name}
		if key, ok := s.byEnv[name]; ok {
			s.parseText(l, key, names[name], at)
			continue
		}
		if name == envPrefix+"PRESET" {
			l.preset, l.presetAt = names[name], at
		}
		if _, ok := reservedEnv[name]; ok {
			continue
		}
		hint := "unset it, or see the names with: train config keys"
		if near := s.suggestEnv(name); near != "" {
			hint = "did you mean " + near + "?"
		}
		l.fail("", at, hint, "matches no setting")
	}
	return l
}

func (s *schema) suggestEnv(name string) string {
	best, bestD := "", 4
	for _, k := range s.keys {
		if d := distance(name, k.Env); d < bestD {
			best, bestD = k.Env, d
		}
	}
	if best != "" {
		return best
	}
	// A variable without its section, or with another framework's name.
	path := strings.ToLower(strings.TrimPrefix(name, envPrefix))
	for g := range s.groups {
		path = strings.TrimPrefix(path, g+"_")
	}
	if k, ok := s.byPath[s.suggest(path, false)]; ok {
		return k.Env
	}
	return ""
}

// parseSet reads --set arguments; a later one wins over an earlier one.
func (s *schema) parseSet(args []string) *layer {
	l := &layer{}
	for _, arg := range args {
		at := Origin{Kind: FromSet}
		path, value, ok := strings.Cut(arg, "=")
		path = strings.TrimSpace(path)
		key, known := s.byPath[path]
		switch {
		case !ok:
			l.fail("", at, "write --set section.key=value", "%q has no =", arg)
		case known:
			s.parseText(l, key, value, at)
		case path == presetKey:
			l.preset, l.presetAt = strings.TrimSpace(value), at
		case s.groups[path]:
			l.fail(path, at, "its keys: "+strings.Join(s.children(path), ", "), "is a section and takes no value")
		default:
			s.unknown(l, path, nil, at)
		}
	}
	return l
}

// parseText converts the text of a variable or flag. Text settings are taken as
// they stand; lists may be written a,b,c; everything else is YAML.
func (s *schema) parseText(l *layer, key Key, text string, at Origin) {
	if key.Type.Kind() == reflect.String {
		v := reflect.New(key.Type).Elem()
		v.SetString(text)
		l.settings = append(l.settings, setting{key, v.Interface(), at})
		return
	}
	text = strings.TrimSpace(text)
	if key.Type.Kind() == reflect.Slice && !strings.HasPrefix(text, "[") && text != "" {
		text = "[" + text + "]"
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		l.fail(key.Path, at, "", "is %q, not of type %s", text, key.TypeName())
		return
	}
	if len(doc.Content) == 0 {
		l.fail(key.Path, at, "", "has no value; it takes a value of type %s", key.TypeName())
		return
	}
	s.parseValue(l, key, doc.Content[0], at)
	for i := range l.problems { // lines inside a flag mean nothing
		if l.problems[i].Origin.Kind == at.Kind && l.problems[i].Origin.Name == at.Name {
			l.problems[i].Origin.Line = 0
		}
	}
	if n := len(l.settings); n > 0 {
		l.settings[n-1].origin.Line = 0
	}
}
