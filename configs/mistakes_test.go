package configs

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (rewrite with -update):\n%s", path, diff)
	}
}

// Every case of testdata/mistakes.txt is a title, a file, lines that start with
// "env " or "set ", and after ---- what the program says.
func TestMistakes(t *testing.T) {
	text, err := os.ReadFile("testdata/mistakes.txt")
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // so that messages name plain files
	var out strings.Builder
	for _, c := range strings.Split(string(text), "=== ")[1:] {
		title, rest, _ := strings.Cut(c, "\n")
		input, _, ok := strings.Cut(rest, "----\n")
		if !ok {
			t.Fatalf("case %q has no line of four dashes", title)
		}
		out.WriteString("=== " + title + "\n" + input + "----\n" + say(t, input) + "\n")
	}
	t.Chdir(home)
	golden(t, "mistakes.txt", out.String())
}

// say loads one case and returns the message.
func say(t *testing.T, input string) string {
	t.Helper()
	o := Options{}
	var file strings.Builder
	for line := range strings.Lines(input) {
		if e, ok := strings.CutPrefix(line, "env "); ok {
			o.Environ = append(o.Environ, strings.TrimSuffix(e, "\n"))
		} else if s, ok := strings.CutPrefix(line, "set "); ok {
			o.Set = append(o.Set, strings.TrimSuffix(s, "\n"))
		} else {
			file.WriteString(line)
		}
	}
	if file.Len() > 0 {
		o.File = "run.yaml"
		text := strings.NewReplacer("<TAB>", "\t", "<EMPTY>\n", "").Replace(file.String())
		if err := os.WriteFile(o.File, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := Load(o)
	if err == nil {
		return "no mistake\n"
	}
	return err.Error() + "\n"
}
