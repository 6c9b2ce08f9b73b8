package browser

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// binary is the program under test, chromium the browser; "" where there is none.
var binary, chromium string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	if chromium = findChromium(); chromium == "" {
		fmt.Fprintln(os.Stderr, "browser: no Chromium in the path (apt-get install chromium, or set HUIHAI_CHROMIUM): its tests are skipped")
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "huihai-browser")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "train")
	build := exec.Command("go", "build", "-o", binary, "./cmd/train")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func findChromium() string {
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"}
	if named := os.Getenv("HUIHAI_CHROMIUM"); named != "" {
		names = []string{named}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// dashboard starts train dashboard and returns the address that it prints. The program
// is interrupted at the end of the test and must then end well.
func dashboard(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(binary, append([]string{"dashboard"}, args...)...)
	messages, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(messages)
	address := ""
	for address == "" && lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "dashboard: http"); ok {
			address = "http" + rest
		}
	}
	read := make(chan struct{})
	go func() {
		for lines.Scan() {
		}
		close(read)
	}()
	t.Cleanup(func() {
		c.Process.Signal(os.Interrupt)
		<-read
		if err := c.Wait(); err != nil {
			t.Errorf("the program ended with %v after an interrupt, want exit code 0", err)
		}
	})
	if address == "" {
		t.Fatal("the program printed no address")
	}
	return address
}
