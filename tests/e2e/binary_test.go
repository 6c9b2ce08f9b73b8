// Package e2e runs the built binary as a person or a script would: arguments
// in, JSON on standard output, messages on standard error, an exit code.
package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// binary is the path of the program under test.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "huihai-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "train")
	build := exec.Command("go", "build", "-o", binary, "huihai/cmd/train")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

// train runs the binary without HUIHAI_ variables of the environment.
func train(t *testing.T, args ...string) result {
	t.Helper()
	return trainIn(t, "", args...)
}

// trainIn gives the command standard input too.
func trainIn(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	c := exec.Command(binary, args...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "HUIHAI_") {
			c.Env = append(c.Env, kv)
		}
	}
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// ok asks for success and decodes the output, or its last line where it has
// several.
func (r result) ok(t *testing.T, into any) {
	t.Helper()
	if r.code != 0 {
		t.Fatalf("exit code %d, want 0\n%s", r.code, r.stderr)
	}
	if json.Unmarshal([]byte(r.stdout), into) == nil {
		return
	}
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), into); err != nil {
		t.Fatalf("standard output is not JSON: %v\n%s", err, r.stdout)
	}
}

// fails asks for an exit code, a message that holds every part of want, an empty
// standard output and no panic.
func (r result) fails(t *testing.T, code int, want ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\n%s", r.code, code, r.stderr)
	}
	if strings.TrimSpace(r.stdout) != "" {
		t.Errorf("a failure printed on standard output: %s", r.stdout)
	}
	for _, w := range want {
		if !strings.Contains(r.stderr, w) {
			t.Errorf("the message lacks %q:\n%s", w, r.stderr)
		}
	}
	if strings.Contains(r.stderr, "goroutine ") {
		t.Errorf("the program panicked:\n%s", r.stderr)
	}
}

// write makes a file in a fresh folder.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
