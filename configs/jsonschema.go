package configs

import (
	"reflect"
	"strings"
)

// JSONSchema returns a schema of the configuration file (draft 2020-12), with
// which editors complete keys, show their help and mark mistakes. What it
// accepts, [Load] may still refuse: rules between values are not in it.
func JSONSchema() map[string]any {
	s := theSchema()
	def := Default()
	v := reflect.ValueOf(&def).Elem()
	root := object()
	var names []string
	for _, p := range Presets() {
		names = append(names, p.Name)
	}
	properties(root)[presetKey] = map[string]any{"enum": names, "description": "the configuration to start from"}
	for _, k := range s.keys {
		at := root
		path := strings.Split(k.Path, ".")
		for _, name := range path[:len(path)-1] {
			next, ok := properties(at)[name].(map[string]any)
			if !ok {
				next = object()
				properties(at)[name] = next
			}
			at = next
		}
		node := schemaOf(k.Type)
		node["default"] = plain(k.of(v).Interface())
		if help := theHelp()[k.Path]; help != "" {
			node["description"] = help
		}
		properties(at)[k.Leaf()] = node
	}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Huihai configuration"
	return root
}

func object() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
}

func properties(object map[string]any) map[string]any {
	return object["properties"].(map[string]any)
}

// schemaOf describes the values that decodeValue takes for a type.
func schemaOf(t reflect.Type) map[string]any {
	if t == durationType || reflect.PointerTo(t).Implements(textUnmarshaler) {
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Struct:
		o := object()
		for i := range t.NumField() {
			if name, _ := fieldName(t.Field(i)); name != "" {
				properties(o)[name] = schemaOf(t.Field(i).Type)
			}
		}
		return o
	}
	return map[string]any{"type": "string"}
}
