package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"huihai/internal/objstore"
	"huihai/internal/objstore/s3/s3test"
)

// A download whose connection breaks in every attempt is named as cut off, not as an
// object that is missing or too short; how the answer is framed makes no difference.
func TestTruncatedAnswers(t *testing.T) {
	srv := s3test.Start(t)
	s := open(t, "s3://"+s3test.Bucket, srv.Getenv)
	text := strings.Repeat("0123456789", 1000)
	srv.Set("k", text)
	for name, answer := range map[string]func(w http.ResponseWriter, lo int, part bool){
		"with a length": func(w http.ResponseWriter, lo int, part bool) {
			w.Header().Set("Content-Length", fmt.Sprint(len(text)-lo))
			header(w, lo, len(text), part)
			_, _ = io.WriteString(w, text[lo:lo+10])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"in chunks": func(w http.ResponseWriter, lo int, part bool) {
			header(w, lo, len(text), part)
			_, _ = io.WriteString(w, text[lo:lo+10])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"with the length of a part": func(w http.ResponseWriter, lo int, part bool) {
			header(w, lo, len(text), part)
			_, _ = io.WriteString(w, text[lo:lo+10])
		},
		"without a length": func(w http.ResponseWriter, lo int, part bool) {
			c, buf, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			defer c.Close()
			fmt.Fprintf(buf, "HTTP/1.1 %s\r\nConnection: close\r\n\r\n%s", map[bool]string{true: "206 Partial Content", false: "200 OK"}[part], text[lo:lo+10])
			_ = buf.Flush()
		},
	} {
		for _, n := range []int64{-1, 5000} {
			if name == "with the length of a part" && n < 0 {
				continue // a whole answer of that length
			}
			var requests atomic.Int32
			srv.Before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
				requests.Add(1)
				var lo int
				_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &lo)
				answer(w, lo, r.Header.Get("Range") != "")
				return true
			}
			var b bytes.Buffer
			err := s.Get(context.Background(), "k", 0, n, &b)
			if err == nil || errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "s3://"+s3test.Bucket+"/k") || requests.Load() != attempts {
				t.Errorf("%s, %d bytes: after %d requests: %v", name, n, requests.Load(), err)
			}
			if known := name != "without a length" || n > 0; known && !errors.Is(err, objstore.ErrTruncated) {
				t.Errorf("%s, %d bytes: %v is not ErrTruncated", name, n, err)
			}
			if !strings.HasPrefix(text, b.String()) {
				t.Errorf("%s, %d bytes: other bytes than the object's", name, n)
			}
		}
	}
}

func header(w http.ResponseWriter, lo, size int, part bool) {
	if part {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", lo, size-1, size))
		w.WriteHeader(http.StatusPartialContent)
	}
}

// stalling is a client that gives a body a moment.
func stalling(s *Store) *Store {
	s.client.Transport = &watched{transport(), 20 * time.Millisecond}
	return s
}

// An answer that stops in the middle is given up, and what came is kept.
func TestStalledDownload(t *testing.T) {
	srv := s3test.Start(t)
	s := stalling(open(t, "s3://"+s3test.Bucket, srv.Getenv))
	text := strings.Repeat("0123456789", 1000)
	srv.Set("k", text)
	quiet := make(chan struct{})
	defer close(quiet)
	srv.Before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n > 0 {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		_, _ = io.WriteString(w, text[:100])
		w.(http.Flusher).Flush()
		<-quiet // for ever, as far as the client can tell
		return true
	}
	var b bytes.Buffer
	if err := s.Get(context.Background(), "k", 0, -1, &b); err != nil || b.String() != text {
		t.Errorf("%d of %d bytes: %v", b.Len(), len(text), err)
	}
}

// A service that never reads what is sent, or never sends, is named.
func TestStalledForGood(t *testing.T) {
	quiet := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Length", "10")
			w.(http.Flusher).Flush()
		}
		<-quiet
	}))
	defer srv.Close()
	defer close(quiet)
	s := stalling(open(t, "s3://bucket", func(n string) string {
		return map[string]string{"AWS_ENDPOINT_URL": srv.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}[n]
	}))
	if err := s.Get(context.Background(), "k", 0, -1, io.Discard); !errors.Is(err, errStalled) || !strings.Contains(err.Error(), "s3://bucket/k") {
		t.Errorf("a download that stands still: %v", err)
	}
	if err := put(context.Background(), s, "k", strings.Repeat("x", 64<<20)); !errors.Is(err, errStalled) {
		t.Errorf("an upload that stands still: %v", err)
	}
}

// A page for a browser is no store, whatever its status; nothing counts as stored,
// listed, read or deleted.
func TestPortal(t *testing.T) {
	const page = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Log in<br></body></html>"
	for name, answer := range map[string]func(w http.ResponseWriter){
		"page": func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/html; charset=utf-8") },
		"redirect": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Location", "https://login.test/")
			w.WriteHeader(http.StatusFound)
		},
		"forbidden": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusForbidden)
		},
		"511": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusNetworkAuthenticationRequired)
		},
		"as XML": func(w http.ResponseWriter) { w.Header().Set("Content-Type", "application/xml") },
	} {
		requests := 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests++
			answer(w)
			_, _ = io.WriteString(w, page)
		}))
		s := open(t, "s3://bucket", func(n string) string {
			return map[string]string{"AWS_ENDPOINT_URL": srv.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}[n]
		})
		ctx := context.Background()
		_, list := s.List(ctx, "")
		for verb, err := range map[string]error{
			"list": list, "put": put(ctx, s, "k", "text"), "get": s.Get(ctx, "k", 0, -1, io.Discard), "delete": s.Delete(ctx, "k"),
		} {
			if name == "as XML" && (verb == "get" || verb == "delete") {
				continue // only what is in them tells
			}
			if err == nil || !strings.Contains(err.Error(), "captive portal") || !strings.Contains(err.Error(), "AWS_ENDPOINT_URL") {
				t.Errorf("%s: %s: %v", name, verb, err)
			}
		}
		if requests != 4 {
			t.Errorf("%s: %d requests, want one for each", name, requests)
		}
		s.Close()
		srv.Close()
	}
}

// Lists end: a service that repeats itself, sends pages without end, or more than a
// page may hold, is named.
func TestListsAreBounded(t *testing.T) {
	for name, tc := range map[string]struct {
		page func(n int) string
		want string
	}{
		"the same page again": {func(n int) string { return contents("a", "b") + more(n) }, "would never end"},
		"no keys for ever":    {func(n int) string { return more(n) }, "not where"},
		"no token":            {func(int) string { return contents("a") + "<IsTruncated>true</IsTruncated>" }, "not where"},
		"keys for ever":       {func(n int) string { return contents(fmt.Sprintf("%09d", n)) + more(n) }, "prefix of its own"},
		"a page for ever":     {func(int) string { return strings.Repeat(contents("a"), pageBytes/20) }, "a page of the list"},
		"another element":     {nil, "<Other>"},
	} {
		n := 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n++
			if tc.page == nil {
				_, _ = io.WriteString(w, "<Other></Other>")
				return
			}
			_, _ = io.WriteString(w, "<ListBucketResult>"+tc.page(n)+"</ListBucketResult>")
		}))
		s := open(t, "s3://bucket", func(n string) string {
			return map[string]string{"AWS_ENDPOINT_URL": srv.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}[n]
		})
		s.listKeys = 500
		if keys, err := s.List(context.Background(), ""); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %d keys, %v", name, len(keys), err)
		}
		s.Close()
		srv.Close()
	}
}

func contents(keys ...string) (out string) {
	for _, k := range keys {
		out += "<Contents><Key>" + k + "</Key></Contents>"
	}
	return out
}

func more(n int) string {
	return fmt.Sprintf("<IsTruncated>true</IsTruncated><NextContinuationToken>t%d</NextContinuationToken>", n)
}

// Many pages come whole and in order; a page cut off is asked for again.
func TestListOfManyPages(t *testing.T) {
	srv := s3test.Start(t)
	s := open(t, "s3://"+s3test.Bucket, srv.Getenv)
	for i := range 100 {
		srv.Set(fmt.Sprintf("k/%03d", i), "")
	}
	srv.Before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n%3 != 0 {
			return false
		}
		w.Header().Set("Content-Type", "application/xml")
		_, _ = io.WriteString(w, "<?xml version=\"1.0\"?><ListBucketResult><Contents><Key>k/0")
		return true
	}
	keys, err := s.List(context.Background(), "k/")
	if err != nil || len(keys) != 100 || keys[0] != "k/000" || keys[99] != "k/099" {
		t.Errorf("%d keys: %v", len(keys), err)
	}
}

// What is too large for one request goes in parts, and is the same object.
func TestParts(t *testing.T) {
	srv := s3test.Start(t)
	s := open(t, "s3://"+s3test.Bucket+"/p", srv.Getenv)
	s.most, s.part = 100, 30
	srv.Before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n%2 == 0 {
			s3test.Refuse(w, http.StatusServiceUnavailable, "SlowDown")
		}
		return n%2 == 0
	}
	ctx := context.Background()
	for _, size := range []int{100, 101, 120, 121} {
		text := strings.Repeat("0123456789", 20)[:size]
		if err := put(ctx, s, "k", text); err != nil || srv.Objects()["p/k"] != text {
			t.Errorf("%d bytes: %q, %v", size, srv.Objects()["p/k"], err)
		}
	}
	if err := s.Put(ctx, "other", strings.NewReader(strings.Repeat("x", 200)), 200, emptySHA256); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("other content than its sum: %v", err)
	}
	if _, there := srv.Objects()["p/other"]; there || srv.Uploads() != 0 {
		t.Errorf("the object is there: %v; %d uploads are left", there, srv.Uploads())
	}
	if got := partSize(5<<40, leastPart); (5<<40+got-1)/got > maxParts {
		t.Errorf("5 TiB in parts of %d bytes are more than %d", got, maxParts)
	}
}
