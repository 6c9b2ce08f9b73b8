package beam

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal"
)

// A job server in another process, reached as Flink's is, makes the same.
func TestJobServerBuildsTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts a job server")
	}
	cfg := config(t, corpus(t))
	want := local(t, cfg)
	endpoint := startPrism(t)
	oldEndpoint, oldType := *jobopts.Endpoint, *jobopts.EnvironmentType
	t.Cleanup(func() { *jobopts.Endpoint, *jobopts.EnvironmentType = oldEndpoint, oldType })
	*jobopts.Endpoint, *jobopts.EnvironmentType = endpoint, "LOOPBACK"
	cfg.Output = filepath.Join(t.TempDir(), "set")
	if _, err := Build(context.Background(), cfg, Options{Runner: "universal"}, nil); err != nil {
		t.Fatal(err)
	}
	same(t, want, results(t, cfg.Output))
}

// startPrism builds the SDK's job server and starts it on a free port.
func startPrism(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "prism")
	build := exec.Command("go", "build", "-o", bin, "github.com/apache/beam/sdks/v2/go/cmd/prism")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(bin, fmt.Sprintf("--job_port=%d", port), "--serve_http=false", "--log_kind=text")
	stderr, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			if strings.Contains(s.Text(), "Serving JobManagement") {
				lines <- s.Text()
			}
		}
	}()
	t.Cleanup(func() {
		_ = server.Process.Kill()
		for range lines {
		}
		_ = server.Wait()
	})
	if line, ok := <-lines; !ok {
		t.Fatal("the job server ended before it served")
	} else {
		t.Log(line)
	}
	return fmt.Sprintf("localhost:%d", port)
}
