package configs

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Render writes c as YAML that [Load] reads back to the same values. With a
// provenance, every line ends in a comment that says where its value is from.
func Render(w io.Writer, c *Config, prov *Provenance) error {
	lines, err := renderLines(c, prov)
	if err != nil {
		return err
	}
	width := 0
	for _, l := range lines {
		if l.note != "" && utf8.RuneCountInString(l.text) > width && utf8.RuneCountInString(l.text) <= 60 {
			width = utf8.RuneCountInString(l.text)
		}
	}
	var b bytes.Buffer
	for _, l := range lines {
		b.WriteString(l.text)
		if l.note != "" {
			pad := max(1, width+2-utf8.RuneCountInString(l.text))
			b.WriteString(strings.Repeat(" ", pad) + "# " + l.note)
		}
		b.WriteByte('\n')
	}
	_, err = w.Write(b.Bytes())
	return err
}

type line struct{ text, note string }

// renderLines writes a line per key, and a heading wherever the group changes.
func renderLines(c *Config, prov *Provenance) ([]line, error) {
	var out []line
	var open []string // groups of the line before
	v := reflect.ValueOf(c).Elem()
	for _, k := range theSchema().keys {
		path := strings.Split(k.Path, ".")
		groups := path[:len(path)-1]
		same := 0
		for same < min(len(open), len(groups)) && open[same] == groups[same] {
			same++
		}
		for depth := same; depth < len(groups); depth++ {
			if depth == 0 && len(out) > 0 {
				out = append(out, line{})
			}
			out = append(out, line{text: indent(depth) + groups[depth] + ":"})
		}
		open = groups
		field := k.of(v)
		if field.Kind() == reflect.Pointer && field.IsNil() {
			out = append(out, line{text: indent(len(groups)) + "# " + k.Leaf() + ": not set"})
			continue
		}
		text, err := flow(field.Interface())
		if err != nil {
			return nil, fmt.Errorf("configuration: render %s: %w", k.Path, err)
		}
		l := line{text: indent(len(groups)) + k.Leaf() + ": " + text}
		if prov != nil {
			l.note = prov.Of(k.Path).String()
		}
		out = append(out, l)
	}
	return out, nil
}

func indent(depth int) string { return strings.Repeat("  ", depth) }

// flow writes a value on one line.
func flow(v any) (string, error) {
	n, err := node(reflect.ValueOf(v))
	if err != nil {
		return "", err
	}
	setFlow(n)
	text, err := yaml.Marshal(n)
	return strings.TrimRight(string(text), "\n"), err
}

// node returns the YAML node of a value. yaml.Node.Encode goes through block text,
// which the YAML package cannot always read back: "\nA" in a list is one such.
func node(v reflect.Value) (*yaml.Node, error) {
	n := &yaml.Node{}
	switch v.Kind() {
	case reflect.String:
		n.SetString(v.String())
		return n, nil
	case reflect.Interface:
		return node(v.Elem())
	case reflect.Slice:
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		for i := range v.Len() {
			x, err := node(v.Index(i))
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, x)
		}
		return n, nil
	case reflect.Map:
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			name, value := &yaml.Node{}, v.MapIndex(key)
			name.SetString(key.String())
			x, err := node(value)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, name, x)
		}
		return n, nil
	case reflect.Struct:
		if isGroup(v.Type()) {
			return nodeOfStruct(v)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return node(v.Elem())
		}
	case reflect.Float32, reflect.Float64:
		if v.Float() == 0 { // there is one zero
			v = reflect.Zero(v.Type())
		}
	}
	return n, n.Encode(v.Interface())
}

// nodeOfStruct writes an item of a list, which has keys of its own.
func nodeOfStruct(v reflect.Value) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := range v.NumField() {
		name, _ := fieldName(v.Type().Field(i))
		if name == "" || v.Field(i).Kind() == reflect.Pointer && v.Field(i).IsNil() {
			continue
		}
		key := &yaml.Node{}
		key.SetString(name)
		x, err := node(v.Field(i))
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, key, x)
	}
	return n, nil
}

// setFlow chooses the one-line style of every node: the YAML package folds
// neither flow values nor quoted words.
func setFlow(n *yaml.Node) {
	if n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode {
		n.Style = yaml.FlowStyle
	}
	if n.Kind == yaml.ScalarNode && strings.ContainsAny(n.Value, "\n\r") {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, c := range n.Content {
		setFlow(c)
	}
}

// Shown is a loaded configuration for machines.
type Shown struct {
	Preset  string            `json:"preset,omitempty"`
	File    string            `json:"file,omitempty"`
	Config  map[string]any    `json:"config"`
	Origins map[string]string `json:"origins"`
}

// Show returns the configuration as a tree of values and the origin of each
// key.
func Show(c *Config, prov *Provenance) Shown {
	out := Shown{Preset: prov.Preset, File: prov.File, Config: map[string]any{}, Origins: map[string]string{}}
	v := reflect.ValueOf(c).Elem()
	l := &layer{}
	for _, k := range theSchema().keys {
		l.settings = append(l.settings, setting{key: k, value: plain(k.of(v).Interface())})
		out.Origins[k.Path] = prov.Of(k.Path).String()
	}
	out.Config = l.nested()
	return out
}

// plain turns a value into maps, lists and scalars with the names of the YAML
// document, so that JSON has them too.
func plain(v any) any {
	var out any
	n, err := node(reflect.ValueOf(v))
	if err != nil || n.Decode(&out) != nil {
		return v
	}
	return out
}
