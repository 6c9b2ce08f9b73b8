package dash

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen starts a server over one run folder.
func listen(t *testing.T, addr, dir string) *Server {
	t.Helper()
	s, err := Listen(t.Context(), addr, []string{dir}, Options{Every: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// client returns one that keeps no connection open after the test.
func newClient(t *testing.T) *http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// stream reads server-sent events; next returns the next of a name.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

func openStream(t *testing.T, s *Server) *stream {
	t.Helper()
	r, err := newClient(t).Get(s.URL() + "api/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Body.Close() })
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d, %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	st := &stream{t, bufio.NewScanner(r.Body)}
	st.lines.Scan() // "retry": the server listens to the hub now
	return st
}

func (s *stream) next(name string, into any) {
	s.t.Helper()
	for s.lines.Scan() {
		if s.lines.Text() != "event: "+name || !s.lines.Scan() {
			continue
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(s.lines.Text(), "data: ")), into); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	s.t.Fatalf("the stream ended before an event %q: %v", name, s.lines.Err())
}

func TestEvents(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, logName)
	s := listen(t, "0", dir)
	<-s.hub.ready
	st := openStream(t, s)

	write(t, log, line(1, 1)+line(2, 2), false)
	var p points
	st.next("points", &p)
	if p.First != 0 || len(p.Rows) != 2 || p.Rows[1].Step != 2 || p.Rows[1].Values["train/loss"] != 2.5 {
		t.Errorf("%+v", p)
	}
	write(t, log, line(3, 3), true)
	st.next("points", &p)
	if p.First != 2 || p.Rows[0].Step != 3 {
		t.Errorf("%+v", p)
	}
	var again map[string]string
	write(t, log, line(1, 9), false)
	st.next("resync", &again)
	if again["run"] != p.Run {
		t.Errorf("%v", again)
	}
	var sum summary
	write(t, filepath.Join(dir, runName)+".new", `{"status":"finished","run_id":"x"}`, false)
	rename(t, filepath.Join(dir, runName))
	st.next("run", &sum)
	if sum.Status != Finished || sum.RunID != "x" {
		t.Errorf("%+v", sum)
	}
}

// A client that reads nothing is cut off and holds nobody up; too many are refused.
func TestListenersAreBounded(t *testing.T) {
	a, h, _ := made(t, guard{})
	slow := a.hub.join()
	for range clientQueue + 1 {
		a.hub.mu.Lock()
		a.hub.send([]byte("x"))
		a.hub.mu.Unlock()
	}
	n := 0
	for range slow.events {
		n++
	}
	if n != clientQueue {
		t.Errorf("the slow client got %d events before its end", n)
	}
	a.hub.leave(slow) // again
	for i := range maxClients {
		if a.hub.join() == nil {
			t.Fatalf("client %d is refused", i)
		}
	}
	if r := request(t, h, "GET", "/api/events"); r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %d", r.StatusCode)
	}
	a.hub.close()
	if a.hub.join() != nil {
		t.Error("a closed hub takes listeners")
	}
}

// Close and the end of the context end everything, open streams too.
func TestServerEnds(t *testing.T) {
	for name, end := range map[string]func(s *Server, cancel func()){
		"close":   func(s *Server, _ func()) { s.Close() },
		"context": func(_ *Server, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			s, err := Listen(ctx, "127.0.0.1:0", []string{t.TempDir()}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			st := openStream(t, s)
			end(s, cancel)
			for st.lines.Scan() {
			}
			if err := s.Wait(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("a second end: %v", err)
			}
			if _, err := newClient(t).Get(s.URL()); err == nil {
				t.Error("the server answers after its end")
			}
		})
	}
}

func TestOtherAddressesNeedTheToken(t *testing.T) {
	s := listen(t, "0.0.0.0:0", t.TempDir())
	u, err := url.Parse(s.URL())
	if err != nil || len(u.Query().Get("token")) != 32 || u.Hostname() == "0.0.0.0" {
		t.Fatalf("%q, %v", s.URL(), err)
	}
	at := fmt.Sprintf("http://127.0.0.1:%s/healthz", u.Port())
	for token, want := range map[string]int{"": 401, u.Query().Get("token"): 200} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", at, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		r, err := newClient(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("token %q: %d, want %d", token, r.StatusCode, want)
		}
	}
}

func TestListenErrors(t *testing.T) {
	s := listen(t, "localhost:0", t.TempDir())
	u, _ := url.Parse(s.URL())
	if u.RawQuery != "" || u.Hostname() != "localhost" {
		t.Errorf("address %s", s.URL())
	}
	for addr, want := range map[string]string{
		"127.0.0.1:" + u.Port(): "--dashboard 0 picks a free one",
		"":                      "no number from 0 to 65535",
		"65536":                 "no number from 0 to 65535",
		"-1":                    "no number from 0 to 65535",
		"http":                  "no number from 0 to 65535",
		":8080":                 "names no host",
		"::1:8080":              "in brackets",
		"localhost:x":           "no number from 0 to 65535",
		"192.0.2.1:8080":        "has no address 192.0.2.1",
	} {
		_, err := Listen(t.Context(), addr, []string{"x"}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", addr, err, want)
		}
	}
	if _, err := Listen(t.Context(), "0", nil, Options{}); err == nil {
		t.Error("no run is no error")
	}
	if _, err := Listen(t.Context(), "0", []string{"x"}, Options{Token: "short"}); err == nil || strings.Contains(err.Error(), "short ") {
		t.Errorf("a short token: %v", err)
	}
}
