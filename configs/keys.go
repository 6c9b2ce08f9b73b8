package configs

import (
	"reflect"
	"sort"
	"strings"
	"sync"
)

// Key is one setting: a leaf of [Config].
type Key struct {
	Path string       // "optim.learning_rate"
	Type reflect.Type // type of the Go field
	Env  string       // "HUIHAI_OPTIM_LEARNING_RATE"
	// Free tells that the numbers of a run do not depend on the setting: its field,
	// or a group that it is in, has the tag run:"free". See [Identity].
	Free bool

	index []int // reflect path from Config to the field
}

// Section returns the first element of the key's path.
func (k Key) Section() string {
	section, _, _ := strings.Cut(k.Path, ".")
	return section
}

// Leaf returns the last element of the key's path.
func (k Key) Leaf() string { return lastElement(k.Path) }

// TypeName names the key's type for people: "integer", "list of string".
func (k Key) TypeName() string { return typeName(k.Type) }

// of returns the value of the key in c, which must be addressable.
func (k Key) of(c reflect.Value) reflect.Value { return c.FieldByIndex(k.index) }

// envPrefix starts the name of every environment variable that is a setting.
const envPrefix = "HUIHAI_"

// schema is the tree of keys, read once from the tags of Config.
type schema struct {
	keys   []Key           // in the order of the fields
	byPath map[string]Key  // leaves
	byEnv  map[string]Key  // leaves by environment name
	groups map[string]bool // inner nodes: "model", "data.loader"
}

var theSchema = sync.OnceValue(func() *schema { return newSchema(reflect.TypeFor[Config]()) })

// newSchema walks a struct type whose fields carry mapstructure tags. Nested
// structs become groups, everything else is a key.
func newSchema(root reflect.Type) *schema {
	s := &schema{byPath: map[string]Key{}, byEnv: map[string]Key{}, groups: map[string]bool{}}
	s.walk(root, "", nil, false)
	return s
}

func (s *schema) walk(t reflect.Type, prefix string, index []int, free bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, squash := fieldName(f)
		if name == "" && !squash {
			continue
		}
		at := append(append([]int(nil), index...), i)
		free := free || f.Tag.Get("run") == "free"
		if squash {
			s.walk(f.Type, prefix, at, free)
			continue
		}
		path := prefix + name
		if isGroup(f.Type) {
			s.groups[path] = true
			s.walk(f.Type, path+".", at, free)
			continue
		}
		k := Key{Path: path, Type: f.Type, Env: envName(path), Free: free, index: at}
		s.keys = append(s.keys, k)
		s.byPath[path] = k
		s.byEnv[k.Env] = k
	}
}

// fieldName returns the name that a field has in a document, or "" for a field
// that is not a setting. squash tells that its fields belong to the parent.
func fieldName(f reflect.StructField) (name string, squash bool) {
	name, rest, _ := strings.Cut(f.Tag.Get("mapstructure"), ",")
	if !f.IsExported() || name == "-" {
		return "", false
	}
	return name, f.Type.Kind() == reflect.Struct && strings.Contains(rest, "squash")
}

// isGroup tells whether a type is a group of keys and not a value of its own.
func isGroup(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(textUnmarshaler)
}

func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// Keys returns every setting there is, in the order in which [Render] writes
// them.
func Keys() []Key { return append([]Key(nil), theSchema().keys...) }

// KeyOf returns the setting at path.
func KeyOf(path string) (Key, bool) {
	k, ok := theSchema().byPath[path]
	return k, ok
}

// children returns the names directly below a group ("" for the root), sorted.
func (s *schema) children(group string) []string {
	seen := map[string]bool{}
	for _, k := range s.keys {
		rest := k.Path
		if group != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(k.Path, group+"."); !ok {
				continue
			}
		}
		name, _, _ := strings.Cut(rest, ".")
		seen[name] = true
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
