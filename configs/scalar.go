package configs

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
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
		dst.SetString(n.Value)
		return nil
	}
	if dst.Kind() == reflect.Bool {
		if n.Decode(dst.Addr().Interface()) != nil {
			return wrong()
		}
		return nil
	}
	if !setNumber(n, dst) {
		return wrong()
	}
	return nil
}

// setNumber stores a YAML number in a numeric dst if it fits exactly (floats:
// if it is finite).
func setNumber(n *yaml.Node, dst reflect.Value) bool {
	var v any
	if n.Decode(&v) != nil {
		return false
	}
	f, isFloat := v.(float64)
	switch dst.Kind() {
	case reflect.Float32, reflect.Float64:
		switch v := v.(type) {
		case int:
			f = float64(v)
		case uint64:
			f = float64(v)
		case float64:
		default:
			return false
		}
		if math.IsNaN(f) || math.IsInf(f, 0) || dst.OverflowFloat(f) {
			return false
		}
		dst.SetFloat(f)
		return true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, ok := v.(int)
		if isFloat && f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
			i, ok = int(f), true
		}
		if !ok || dst.OverflowInt(int64(i)) {
			return false
		}
		dst.SetInt(int64(i))
		return true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u, ok := v.(uint64)
		if i, isInt := v.(int); isInt && i >= 0 {
			u, ok = uint64(i), true
		}
		if isFloat && f == math.Trunc(f) && f >= 0 && f <= 1<<53 {
			u, ok = uint64(f), true
		}
		if !ok || dst.OverflowUint(u) {
			return false
		}
		dst.SetUint(u)
		return true
	}
	return false
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
