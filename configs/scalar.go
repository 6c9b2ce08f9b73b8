package configs

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

var (
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	durationType    = reflect.TypeFor[time.Duration]()
)

// typeName names a type for a person who never saw the Go source.
func typeName(t reflect.Type) string {
	switch {
	case t == durationType:
		return "duration such as 30s or 10m"
	case reflect.PointerTo(t).Implements(textUnmarshaler):
		return "text"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean (true or false)"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "integer"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "non-negative integer"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.String:
		return "text"
	case reflect.Slice, reflect.Array:
		return "list of " + typeName(t.Elem())
	case reflect.Map:
		return "mapping of name to " + typeName(t.Elem())
	case reflect.Struct:
		return "mapping"
	case reflect.Pointer:
		return typeName(t.Elem())
	}
	return t.String()
}

// decodeScalar converts one YAML scalar into dst. It is stricter than the YAML
// package, which would cut 2.5 down to 2 for an integer, and more lenient where
// nothing is lost: 1e6 is an integer.
func decodeScalar(n *yaml.Node, dst reflect.Value) error {
	if n.ShortTag() == "!!null" {
		return fmt.Errorf("has no value; it takes a value of type %s (remove the line to keep the default)", typeName(dst.Type()))
	}
	wrong := func() error {
		return fmt.Errorf("is %s, not of type %s", quoteNode(n), typeName(dst.Type()))
	}
	if dst.Type() == durationType {
		d, err := time.ParseDuration(n.Value)
		if err != nil {
			return wrong()
		}
		dst.SetInt(int64(d))
		return nil
	}
	if u, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(n.Value)); err != nil {
			return fmt.Errorf("is %q: %w", n.Value, err)
		}
		return nil
	}
	if dst.Kind() == reflect.String {
		text, err := textOf(n)
		if err != nil {
			return wrong()
		}
		dst.SetString(text)
		return nil
	}
	if dst.Kind() == reflect.Bool {
		if n.Decode(dst.Addr().Interface()) != nil {
			return wrong()
		}
		return nil
	}
	switch tag := n.ShortTag(); {
	case tag != "!!int" && tag != "!!float":
		return wrong()
	case strings.Contains(n.Value, "_"):
		return fmt.Errorf("%w; write the number without underscores", wrong())
	case !setNumber(n.Value, dst):
		return wrong()
	}
	return nil
}

// textOf returns a text as it was written, so that 0100 and yes stay what they are.
// What is no valid UTF-8, such as a file name, is written in base 64 by [Render].
func textOf(n *yaml.Node) (string, error) {
	if n.ShortTag() != "!!binary" {
		return n.Value, nil
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
	return string(raw), err
}

// quoteNode shows a value as the person wrote it, cut to one short line.
func quoteNode(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	const most = 60
	v := []rune(n.Value)
	if len(v) > most {
		v = append(v[:most], '…')
	}
	if n.ShortTag() == "!!str" {
		return strconv.Quote(string(v))
	}
	return string(v)
}
