package configs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// fileOf writes a configuration file.
func fileOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text []byte) (*Config, error) {
	t.Helper()
	c, _, err := Load(Options{File: fileOf(t, string(text))})
	return c, err
}

func TestByteOrderMarks(t *testing.T) {
	const text = "preset: tiny\n"
	if _, err := load(t, []byte("\ufeff"+text)); err != nil {
		t.Errorf("UTF-8 with a mark: %v", err)
	}
	var little, big []byte
	for _, u := range utf16.Encode([]rune(text)) {
		little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
	}
	for name, b := range map[string][]byte{
		"little with a mark": append([]byte{0xff, 0xfe}, little...), "big with a mark": append([]byte{0xfe, 0xff}, big...), "little": little, "big": big,
	} {
		if _, err := load(t, b); err == nil || !strings.Contains(err.Error(), "UTF-16; save it as UTF-8") {
			t.Errorf("UTF-16 %s: %v", name, err)
		}
	}
}

// Files that unfold to something vast are refused after little work: the counts are
// such that doing it all would take minutes to ages.
func TestBombs(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("preset: tiny\nx0: &x0 [lol, lol]\n")
	for i := range 60 {
		fmt.Fprintf(&laughs, "x%d: &x%d [*x%d, *x%d]\n", i+1, i+1, i, i)
	}
	laughs.WriteString("data:\n  inputs: *x60\n")
	var weights strings.Builder
	weights.WriteString("preset: tiny\nwide: &w {")
	for i := range 20_000 {
		fmt.Fprintf(&weights, "a%d: 1, ", i)
	}
	weights.WriteString("}\nloader:\n  mixture: [&m {weights: *w}" + strings.Repeat(", *m", 60_000) + "]\n")
	var keys strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&keys, "no_such_key_%d: 1\n", i)
	}
	for name, tc := range map[string]struct{ text, want string }{
		"laughs":   {laughs.String(), "data.inputs[0] is a list, not of type text"},
		"weights":  {weights.String(), "more than 1048576 values"},
		"keys":     {keys.String(), "more problems than these 100"},
		"brackets": {"preset: tiny\ndata:\n  inputs: " + strings.Repeat("[", 1<<17), "depth"},
		"braces":   {strings.Repeat("{a: ", 1<<17), "depth"},
	} {
		_, err := load(t, []byte(tc.text))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %.300v does not say %q", name, err, tc.want)
		}
		if err != nil && len(err.Error()) > 50_000 {
			t.Errorf("%s: the message has %d bytes", name, len(err.Error()))
		}
	}
	if _, err := load(t, bytes.Repeat([]byte("#\n"), 1<<20)); err == nil {
		t.Error("a file of comments is taken")
	}
}
