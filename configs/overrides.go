package configs

import (
	"fmt"
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
		if text := retiredEnv(name); text != "" {
			hint = text
		} else if near := s.suggestEnv(name); near != "" {
			hint = didYouMean([]string{near})
		}
		l.fail("", at, hint, "matches no setting")
	}
	return l
}

// retiredEnv returns the text of [retired] for a variable.
func retiredEnv(name string) string {
	for path, text := range retired {
		if envName(path) == name {
			return text
		}
	}
	return ""
}

func (s *schema) suggestEnv(name string) string {
	if k, ok := s.byPath[aliases[s.leafOfEnv(name)]]; ok {
		return k.Env
	}
	best, bestD := "", 4
	for _, k := range s.keys {
		if d := distance(name, k.Env); d < bestD {
			best, bestD = k.Env, d
		}
	}
	if best != "" {
		return best
	}
	// A variable without its section.
	for _, near := range s.suggest(s.leafOfEnv(name), false) {
		if k, ok := s.byPath[near]; ok {
			return k.Env
		}
	}
	return ""
}

// leafOfEnv is what is left of a variable's name without its prefix and its groups.
func (s *schema) leafOfEnv(name string) string {
	path := strings.ToLower(strings.TrimPrefix(name, envPrefix))
	for _, g := range s.paths(true) {
		path = strings.TrimPrefix(path, strings.ReplaceAll(g, ".", "_")+"_")
	}
	return path
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
		case !ok || path == "":
			l.fail("", at, "write --set section.key=value", "%q is not of that form", arg)
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
		l.problems[i].Origin.Line = 0
	}
	for i := range l.settings {
		l.settings[i].origin.Line = 0
	}
}

// Override is a value that a flag of a command's own gives, such as --input.
type Override struct {
	Key   string // "data.build.inputs"
	Value any    // of a type that converts to the key's
	Flag  string // "--input", for messages
}

// overrideLayer takes flags of commands. A key or type that does not fit is a
// mistake of the command, not of the person.
func (s *schema) overrideLayer(overrides []Override) (*layer, error) {
	l := &layer{}
	for _, o := range overrides {
		key, ok := s.byPath[o.Key]
		v := reflect.ValueOf(o.Value)
		if !ok || !v.IsValid() || !v.CanConvert(key.Type) || (v.Kind() == reflect.String) != (key.Type.Kind() == reflect.String) {
			return nil, fmt.Errorf("configuration: flag %s cannot set %q to %v", o.Flag, o.Key, o.Value)
		}
		at := Origin{Kind: FromFlag, Name: o.Flag}
		l.settings = append(l.settings, setting{key, v.Convert(key.Type).Interface(), at})
	}
	return l, nil
}
