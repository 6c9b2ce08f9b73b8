package configs

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var documentedKey = regexp.MustCompile("(?m)^\\| `([a-z0-9_]+\\.[a-z0-9_.]+)` \\|")

// The table of docs/configuration.md has a row for every setting and no others.
func TestEverySettingIsDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range documentedKey.FindAllSubmatch(page, -1) {
		documented[string(m[1])] = true
	}
	for _, k := range Keys() {
		if !documented[k.Path] {
			t.Errorf("docs/configuration.md has no row for %s", k.Path)
		}
		delete(documented, k.Path)
	}
	for path := range documented {
		t.Errorf("docs/configuration.md has a row for %s, which is no setting", path)
	}
}
