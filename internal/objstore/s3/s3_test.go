package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huihai/internal/objstore"
	"huihai/internal/objstore/s3/s3test"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// atOnce is a pause that is over.
func atOnce(int) <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}

func open(t *testing.T, address string, getenv func(string) string) *Store {
	t.Helper()
	s, err := Open(address, getenv)
	if err != nil {
		t.Fatal(err)
	}
	s.wait = atOnce
	t.Cleanup(s.Close)
	return s
}

func put(ctx context.Context, s objstore.Store, key, content string) error {
	return s.Put(ctx, key, strings.NewReader(content), int64(len(content)), fmt.Sprintf("%x", sha256.Sum256([]byte(content))))
}

// A bucket and a folder are the same to their users.
func TestStores(t *testing.T) {
	srv := s3test.Start(t)
	for name, s := range map[string]objstore.Store{
		"bucket": open(t, "s3://"+s3test.Bucket, srv.Getenv),
		"prefix": open(t, "s3://"+s3test.Bucket+"/a place/for+all/", srv.Getenv),
		"folder": objstore.Folder(t.TempDir()),
	} {
		t.Run(name, func(t *testing.T) { storeSuite(t, s) })
	}
	if _, ok := srv.Objects()["a place/for+all/many/9"]; !ok {
		t.Error("the prefix is not where it was put")
	}
}

func storeSuite(t *testing.T, s objstore.Store) {
	ctx := context.Background()
	if keys, err := s.List(ctx, "many/"); err != nil || len(keys) > 0 {
		t.Fatalf("an empty store lists %v: %v", keys, err)
	}
	if err := s.Get(ctx, "many/1", 0, -1, io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing object: %v", err)
	}
	var want []string
	for i := range 10 {
		key := fmt.Sprintf("many/%d", i)
		if err := put(ctx, s, key, strings.Repeat("x", i)+"end"); err != nil {
			t.Fatal(err)
		}
		want = append(want, key)
	}
	for _, key := range []string{"other", "many", "many-more/1"} {
		if err := put(ctx, s, key+".txt", ""); err != nil {
			t.Fatal(err)
		}
	}
	if keys, err := s.List(ctx, "many/"); err != nil || !slices.Equal(keys, want) {
		t.Errorf("list: %v, %v", keys, err)
	}
	if keys, err := s.List(ctx, "many"); err != nil || len(keys) != 12 || !slices.IsSorted(keys) {
		t.Errorf("list: %v, %v", keys, err)
	}
	for _, tc := range []struct {
		key       string
		offset, n int64
		want      string
	}{{"many/2", 0, -1, "xxend"}, {"many/2", 1, 3, "xen"}, {"many/2", 3, -1, "nd"}, {"many/2", 1, 0, ""}, {"other.txt", 0, -1, ""}} {
		var b bytes.Buffer
		if err := s.Get(ctx, tc.key, tc.offset, tc.n, &b); err != nil || b.String() != tc.want {
			t.Errorf("%+v: %q, %v", tc, b.String(), err)
		}
	}
	if err := s.Get(ctx, "many/2", 3, 3, io.Discard); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("more than there is: %v", err)
	}
	if err := s.Get(ctx, "many/2", 9, 3, io.Discard); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("what lies behind the end: %v", err)
	}
	if err := put(ctx, s, "many/2", "anew"); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(ctx, "many/x", strings.NewReader("abc"), 3, emptySHA256); err == nil {
		t.Error("content with another sum was taken")
	}
	for range 2 {
		if err := s.Delete(ctx, "many/3"); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := s.List(ctx, "many/")
	if err != nil || len(keys) != 9 || slices.Contains(keys, "many/3") {
		t.Errorf("after a deletion: %v, %v", keys, err)
	}
}

// Each request fails once, in several ways; downloads break off in the middle.
func TestTransientFailures(t *testing.T) {
	srv := s3test.Start(t)
	s := open(t, "s3://"+s3test.Bucket+"/p", srv.Getenv)
	text := strings.Repeat("0123456789", 10_000)
	srv.Set(s3test.Bucket, "x")
	srv.Before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch {
		case n%4 == 3:
			return false
		case n%4 == 2 && r.Method == http.MethodGet && !r.URL.Query().Has("list-type"):
			var lo int
			_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &lo)
			w.Header().Set("Content-Length", fmt.Sprint(len(text)-lo))
			if lo > 0 || r.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusPartialContent)
			}
			_, _ = io.WriteString(w, text[lo:lo+(len(text)-lo)/2])
			panic(http.ErrAbortHandler)
		case n%4 == 1:
			panic(http.ErrAbortHandler) // the connection breaks
		}
		s3test.Refuse(w, http.StatusServiceUnavailable, "SlowDown")
		return true
	}
	ctx := context.Background()
	if err := put(ctx, s, "k", text); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.Get(ctx, "k", 0, -1, &b); err != nil || b.String() != text {
		t.Errorf("%d of %d bytes: %v", b.Len(), len(text), err)
	}
	if keys, err := s.List(ctx, ""); err != nil || len(keys) != 1 {
		t.Errorf("%v, %v", keys, err)
	}
}

// What fails for good is not tried again and says what to do.
func TestRefusals(t *testing.T) {
	srv := s3test.Start(t)
	var requests atomic.Int32
	with := func(name, value string) func(string) string {
		return func(n string) string {
			if n == name {
				return value
			}
			return srv.Getenv(n)
		}
	}
	for _, tc := range []struct {
		getenv func(string) string
		store  string
		answer int
		want   string
	}{
		{with("AWS_ACCESS_KEY_ID", "other"), s3test.Bucket, 0, "AWS_ACCESS_KEY_ID"},
		{with("AWS_SECRET_ACCESS_KEY", "other"), s3test.Bucket, 0, "AWS_SECRET_ACCESS_KEY"},
		{with("AWS_SESSION_TOKEN", "old"), s3test.Bucket, 0, "AWS_SESSION_TOKEN"},
		{with("AWS_REGION", "us-other-1"), s3test.Bucket, 0, "AWS_REGION"},
		{srv.Getenv, "another-bucket", 0, "no bucket another-bucket"},
		{srv.Getenv, s3test.Bucket, http.StatusForbidden, "may not"},
		{srv.Getenv, s3test.Bucket, http.StatusMovedPermanently, "AWS_REGION to there"},
	} {
		srv.Before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			requests.Add(1)
			if tc.answer != 0 {
				w.Header().Set("X-Amz-Bucket-Region", "there")
				s3test.Refuse(w, tc.answer, "Made"+http.StatusText(tc.answer))
			}
			return tc.answer != 0
		}
		requests.Store(0)
		s := open(t, "s3://"+tc.store+"/x", tc.getenv)
		err := put(context.Background(), s, "k", "text")
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "s3://"+tc.store+"/x/k") || requests.Load() > 1 {
			t.Errorf("after %d requests: %v does not say %q", requests.Load(), err, tc.want)
		}
	}
	s := open(t, "s3://b", with("AWS_ENDPOINT_URL", "http://127.0.0.1:1"))
	if err := put(context.Background(), s, "k", ""); err == nil || !strings.Contains(err.Error(), "AWS_ENDPOINT_URL") {
		t.Errorf("no service: %v", err)
	}
}

func TestOpen(t *testing.T) {
	env := map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
	for _, tc := range []struct{ address, endpoint, want string }{
		{"s3://bucket/x/y/", "", "https://bucket.s3.us-east-1.amazonaws.com/x/y/k"},
		{"s3://bucket.dots", "", "https://s3.us-east-1.amazonaws.com/bucket.dots/k"},
		{"s3://bucket", "http://localhost:9000/", "http://localhost:9000/bucket/k"},
		{"s3://bucket", "https://oss-cn-beijing.aliyuncs.com", "https://bucket.oss-cn-beijing.aliyuncs.com/k"},
	} {
		env["AWS_ENDPOINT_URL"] = tc.endpoint
		s := open(t, tc.address, func(n string) string { return env[n] })
		var got *url.URL
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r.URL
			return nil, fs.ErrInvalid
		})
		_ = s.Get(context.Background(), "k", 0, -1, io.Discard)
		if got == nil || got.String() != tc.want {
			t.Errorf("%s: %v, want %s", tc.address, got, tc.want)
		}
	}
	for _, tc := range []struct{ address, missing, endpoint, want string }{
		{"s3:///x", "", "", "s3://BUCKET"},
		{"https://bucket/x", "", "", "s3://BUCKET"},
		{"s3://bucket", "AWS_SECRET_ACCESS_KEY", "", "AWS_SECRET_ACCESS_KEY"},
		{"s3://bucket", "", "localhost:9000", "AWS_ENDPOINT_URL"},
	} {
		env["AWS_ENDPOINT_URL"] = tc.endpoint
		_, err := Open(tc.address, func(n string) string {
			if n == tc.missing {
				return ""
			}
			return env[n]
		})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
