package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// presetKey is the one top-level key that is not a section.
const presetKey = "preset"

// setting is one value of a layer, already of the Go type of its key.
type setting struct {
	key    Key
	value  any
	origin Origin
}

// layer is what one source says: the values that could be read and the
// problems of those that could not.
type layer struct {
	preset   string // value of the "preset" key
	presetAt Origin
	settings []setting
	problems []Problem
	values   int // decoded so far, those that aliases stand for each time
}

// maxValues is how many values a layer may have. Aliases of aliases make many of a
// few lines.
const maxValues = 1 << 20

// maxProblems is how many problems of a layer are told. A file that has more is not
// a configuration, and to look for what each may have meant would take minutes.
const maxProblems = 100

// full tells that no more problems are told, and says so once.
func (l *layer) full(at Origin) bool {
	if len(l.problems) == maxProblems {
		l.failWhole(at, "mend those first", "there are more problems than these %d", maxProblems)
	}
	return len(l.problems) > maxProblems
}

func (l *layer) fail(key string, at Origin, hint, format string, a ...any) {
	if l.full(at) {
		return
	}
	l.problems = append(l.problems, Problem{Key: key, Origin: at, Msg: fmt.Sprintf(format, a...), Hint: hint})
}

// failWhole reports that nothing of the layer can be read.
func (l *layer) failWhole(at Origin, hint, format string, a ...any) {
	l.problems = append(l.problems, Problem{Origin: at, Msg: fmt.Sprintf(format, a...), Hint: hint, whole: true})
}

// parseYAML reads a document. at gives the kind and name of the layer; lines
// are filled in.
func (s *schema) parseYAML(text []byte, at Origin) *layer {
	l := &layer{}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if line := indentedByTab(text); line > 0 {
		at.Line = line
		l.failWhole(at, "indent with spaces", "the line is indented with a tab, which YAML forbids")
		return l
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			l.failWhole(at, `write at least one setting, such as "preset: tiny"`, "the file is empty")
			return l
		}
		at.Line, err = splitYAMLError(err)
		l.failWhole(at, "", "not valid YAML: %v", err)
		return l
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		l.failWhole(at, "keep one document per file", "a second document follows the first (a line with ---)")
		return l
	}
	root := follow(doc.Content[0])
	at.Line = root.Line
	if root.Kind != yaml.MappingNode {
		if root.ShortTag() == "!!null" {
			l.failWhole(at, `write at least one setting, such as "preset: tiny"`, "the file is empty")
		} else {
			l.failWhole(at, `write "section:" and below it "  key: value"`, "the file is %s where sections are expected", quoteNode(root))
		}
		return l
	}
	s.parseGroup(l, root, "", at)
	return l
}

// parseGroup reads the mapping of a group; path is "" for the root.
func (s *schema) parseGroup(l *layer, n *yaml.Node, path string, at Origin) {
	eachPair(l, n, path, at, func(name string, value *yaml.Node, at Origin) {
		full := join(path, name)
		key, isKey := s.byPath[full]
		switch {
		case full == presetKey:
			l.preset, l.presetAt = value.Value, at
			if value.Kind != yaml.ScalarNode || value.Value == "" {
				l.failWhole(at, "see: train config list", "preset is %s where the name of a preset is expected", quoteNode(value))
			}
		case s.groups[full] && value.Kind == yaml.MappingNode:
			s.parseGroup(l, value, full, at)
		case s.groups[full] && value.ShortTag() == "!!null":
			// A section whose lines are all commented out.
		case s.groups[full]:
			l.fail(full, at, "its keys: "+strings.Join(s.children(full), ", "), "is %s where a section is expected", quoteNode(value))
		case isKey:
			s.parseValue(l, key, value, at)
		default:
			s.unknown(l, full, value, at)
		}
	})
}

// unknown reports a key that does not exist. A mapping below it is reported as
// one problem, and its keys are not looked at.
func (s *schema) unknown(l *layer, full string, value *yaml.Node, at Origin) {
	if l.full(at) {
		return
	}
	isMap := value != nil && value.Kind == yaml.MappingNode
	near := s.suggest(full, isMap)
	hint := didYouMean(near)
	if text, ok := retired[full]; ok {
		near, hint = nil, text
	}
	switch {
	case hint != "":
	case parent(full) == "":
		hint = "sections: " + strings.Join(s.children(""), ", ")
	case s.groups[parent(full)]:
		hint = "keys of " + parent(full) + ": " + strings.Join(s.children(parent(full)), ", ")
	}
	what := "is not a setting"
	if isMap {
		what = "is not a section"
	}
	l.fail(full, at, hint, "%s", what)
	l.problems[len(l.problems)-1].meant = near
}

func (s *schema) parseValue(l *layer, key Key, n *yaml.Node, at Origin) {
	dst := reflect.New(key.Type).Elem()
	before := len(l.problems)
	decodeValue(l, n, dst, key.Path, at)
	if len(l.problems) == before {
		l.settings = append(l.settings, setting{key, dst.Interface(), at})
	}
}

// eachPair calls f for every key of a mapping and reports duplicate keys, keys
// that are not plain words, and merge keys.
func eachPair(l *layer, n *yaml.Node, path string, at Origin, f func(name string, value *yaml.Node, at Origin)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], follow(n.Content[i+1])
		at.Line = k.Line
		switch first, dup := seen[k.Value]; {
		case k.ShortTag() == "!!merge":
			l.fail(join(path, "<<"), at, `use "preset: NAME" or write the keys out`, "merge keys are not supported")
			continue
		case k.Kind != yaml.ScalarNode || k.Value == "":
			l.fail("", at, "", "the key is not a word")
			continue
		case dup:
			l.fail(join(path, k.Value), at, "keep one of them", "is given twice, first on line %d", first)
			continue
		}
		seen[k.Value] = k.Line
		f(k.Value, v, at)
	}
}

// decodeValue converts a node into dst by dst's type and reports what does not
// fit.
func decodeValue(l *layer, n *yaml.Node, dst reflect.Value, path string, at Origin) {
	if l.values++; l.values >= maxValues {
		if l.values == maxValues {
			l.failWhole(at, "write less of it, with fewer aliases", "the configuration has more than %d values", maxValues)
		}
		return
	}
	n = follow(n)
	t := dst.Type()
	isText := t == durationType || reflect.PointerTo(t).Implements(textUnmarshaler)
	expected := func() {
		l.fail(path, at, "", "is %s, not of type %s", quoteNode(n), typeName(t))
	}
	switch {
	case isText && n.Kind != yaml.ScalarNode:
		expected()
	case isText:
		if err := decodeScalar(n, dst); err != nil {
			l.fail(path, at, "", "%v", err)
		}
	case t.Kind() == reflect.Pointer:
		dst.Set(reflect.New(t.Elem()))
		decodeValue(l, n, dst.Elem(), path, at)
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		dst.Set(reflect.MakeSlice(t, len(n.Content), len(n.Content)))
		for i, item := range n.Content {
			at.Line = item.Line
			decodeValue(l, item, dst.Index(i), path+"["+strconv.Itoa(i)+"]", at)
		}
	case t.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
		dst.Set(reflect.MakeMapWithSize(t, len(n.Content)/2))
		eachPair(l, n, path, at, func(name string, value *yaml.Node, at Origin) {
			v := reflect.New(t.Elem()).Elem()
			decodeValue(l, value, v, join(path, name), at)
			dst.SetMapIndex(reflect.ValueOf(name).Convert(t.Key()), v)
		})
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		decodeStruct(l, n, dst, path, at)
	case n.Kind != yaml.ScalarNode || t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Struct:
		expected()
	default:
		if err := decodeScalar(n, dst); err != nil {
			l.fail(path, at, "", "%v", err)
		}
	}
}

// decodeStruct reads an item of a list, which has keys of its own.
func decodeStruct(l *layer, n *yaml.Node, dst reflect.Value, path string, at Origin) {
	fields := map[string]int{}
	var names []string
	for i := range dst.NumField() {
		if name, _ := fieldName(dst.Type().Field(i)); name != "" {
			fields[name] = i
			names = append(names, name)
		}
	}
	eachPair(l, n, path, at, func(name string, value *yaml.Node, at Origin) {
		i, ok := fields[name]
		if !ok {
			hint := "its keys: " + strings.Join(names, ", ")
			if near := nearest(name, names); near != "" {
				hint = didYouMean([]string{near})
			}
			l.fail(join(path, name), at, hint, "is not a setting")
			return
		}
		decodeValue(l, value, dst.Field(i), join(path, name), at)
	})
}

// follow returns the node that an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// indentedByTab returns the first line whose indentation holds a tab, or 0.
// The YAML package's own message for it names neither tab nor remedy. Lines of
// blanks alone and comments are harmless.
func indentedByTab(text []byte) int {
	for i, line := range bytes.Split(text, []byte("\n")) {
		body := bytes.TrimLeft(line, " \t")
		if len(body) == 0 || body[0] == '#' || body[0] == '\r' {
			continue
		}
		if bytes.ContainsRune(line[:len(line)-len(body)], '\t') {
			return i + 1
		}
	}
	return 0
}

var yamlErrorLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// splitYAMLError takes the line out of a message of the YAML package.
func splitYAMLError(err error) (line int, rest error) {
	m := yamlErrorLine.FindStringSubmatch(err.Error())
	if m == nil {
		return 0, err
	}
	line, _ = strconv.Atoi(m[1])
	return line, errors.New(strings.TrimPrefix(err.Error(), m[0]))
}
