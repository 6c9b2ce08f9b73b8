package runs

import (
	"bytes"
	"maps"
	"slices"

	"huihai/configs"
)

// sortedNames returns the keys of a map in order.
func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// renderConfig writes a configuration with the origin of each setting.
func renderConfig(c *configs.Config, prov *configs.Provenance) ([]byte, error) {
	var b bytes.Buffer
	err := configs.Render(&b, c, prov)
	return b.Bytes(), err
}
