package configs

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

// accepts is a validator for the few words that the schema uses.
func accepts(schema map[string]any, v any) error {
	if enum, ok := schema["enum"].([]any); ok {
		if !slices.Contains(enum, v) {
			return fmt.Errorf("%v is not one of %v", v, enum)
		}
		return nil
	}
	ok := false
	switch schema["type"] {
	case "boolean":
		_, ok = v.(bool)
	case "string":
		_, ok = v.(string)
	case "number":
		_, ok = v.(float64)
	case "integer":
		f, isNumber := v.(float64)
		low, bounded := schema["minimum"].(float64)
		ok = isNumber && f == math.Trunc(f) && (!bounded || f >= low)
	case "array":
		var items []any
		if items, ok = v.([]any); ok {
			for _, item := range items {
				if err := accepts(schema["items"].(map[string]any), item); err != nil {
					return err
				}
			}
		}
	case "object":
		var m map[string]any
		if m, ok = v.(map[string]any); ok {
			return acceptsObject(schema, m)
		}
	}
	if !ok {
		return fmt.Errorf("%v is not of type %v", v, schema["type"])
	}
	return nil
}

func acceptsObject(schema, m map[string]any) error {
	known, _ := schema["properties"].(map[string]any)
	for name, x := range m {
		sub, ok := known[name].(map[string]any)
		if !ok {
			if sub, ok = schema["additionalProperties"].(map[string]any); !ok {
				return fmt.Errorf("%s is not a property", name)
			}
		}
		if err := accepts(sub, x); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// viaJSON turns a value into what encoding/json makes of it.
func viaJSON(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestJSONSchema(t *testing.T) {
	schema := viaJSON(t, JSONSchema()).(map[string]any)
	for _, p := range Presets() {
		var doc any
		if err := yaml.Unmarshal(p.Text, &doc); err != nil {
			t.Fatal(err)
		}
		if err := accepts(schema, viaJSON(t, doc)); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	c, prov, err := Load(Options{Preset: "tiny"})
	if err != nil {
		t.Fatal(err)
	}
	if err := accepts(schema, viaJSON(t, Show(c, prov).Config)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"modle: {}", "model: {hiden_size: 1}", "train: {seed: -1}", "train: {max_steps: 1.5}", "preset: none"} {
		var doc any
		if err := yaml.Unmarshal([]byte(bad), &doc); err != nil {
			t.Fatal(err)
		}
		if accepts(schema, viaJSON(t, doc)) == nil {
			t.Errorf("the schema accepts %s", bad)
		}
	}
}
