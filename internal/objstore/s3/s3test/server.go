// Package s3test is an S3 service for tests: one bucket in memory, the kinds of
// requests that package s3 sends, signatures checked from what arrived.
package s3test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What the service knows.
const (
	Bucket    = "our-bucket"
	Region    = "eu-test-1"
	AccessKey = "AKTEST"
	SecretKey = "a/secret+key"
	Token     = "a-session"
)

// pageKeys is how many keys one page of a list has at most.
const pageKeys = 3

// Server is the running service.
type Server struct {
	*httptest.Server
	// Before, if set, sees every request that is signed well, with its number
	// from 0; when it returns true it has answered.
	Before func(n int, w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex
	objects  map[string][]byte
	uploads  map[string]map[string][]byte // parts by number, of uploads that are not whole
	requests int
}

// Start runs a service until the test ends.
func Start(t testing.TB) *Server {
	s := &Server{objects: map[string][]byte{}, uploads: map[string]map[string][]byte{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// Getenv is an environment that has the service's address and credentials.
func (s *Server) Getenv(name string) string {
	return map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_REGION": Region, "AWS_ACCESS_KEY_ID": AccessKey,
		"AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_SESSION_TOKEN": Token,
	}[name]
}

// Objects returns a copy of the bucket.
func (s *Server) Objects() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for k, v := range s.objects {
		out[k] = string(v)
	}
	return out
}

// Set stores an object behind the service's back.
func (s *Server) Set(key, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = []byte(content)
}

// Refuse answers with an error of S3's form.
func Refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>made up</Message></Error>", code)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	if code := check(r, body); code != "" {
		Refuse(w, http.StatusForbidden, code)
		return
	}
	s.mu.Lock()
	n := s.requests
	s.requests++
	s.mu.Unlock()
	if s.Before != nil && s.Before(n, w, r) {
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket != Bucket {
		Refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodGet && key == "":
		s.list(w, r)
	case r.Method == http.MethodGet:
		s.get(w, r, key)
	case r.Method == http.MethodPost, q.Has("uploadId"):
		s.parts(w, r, key, body)
	case r.Method == http.MethodPut:
		s.objects[key] = body
		w.Header().Set("ETag", tagOf(body))
	case r.Method == http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		Refuse(w, http.StatusNotImplemented, "NotImplemented")
	}
}

func tagOf(body []byte) string { return fmt.Sprintf("\"%.16x\"", sha256.Sum256(body)) }

// Uploads returns how many uploads in parts are open.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uploads)
}

// parts serves the requests of an upload in parts.
func (s *Server) parts(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	q := r.URL.Query()
	id := q.Get("uploadId")
	up := s.uploads[id]
	switch {
	case q.Has("uploads"):
		id = fmt.Sprintf("up&%d", s.requests)
		s.uploads[id] = map[string][]byte{}
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>up&amp;%d</UploadId></InitiateMultipartUploadResult>", s.requests)
	case up == nil:
		Refuse(w, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut:
		up[q.Get("partNumber")] = body
		w.Header().Set("ETag", tagOf(body))
	case r.Method == http.MethodDelete:
		delete(s.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		var all struct {
			Part []struct{ PartNumber, ETag string }
		}
		if err := xml.Unmarshal(body, &all); err != nil {
			Refuse(w, http.StatusBadRequest, "MalformedXML")
			return
		}
		var whole []byte
		for _, p := range all.Part {
			if tagOf(up[p.PartNumber]) != p.ETag {
				Refuse(w, http.StatusBadRequest, "InvalidPart")
				return
			}
			whole = append(whole, up[p.PartNumber]...)
		}
		s.objects[key] = whole
		delete(s.uploads, id)
		fmt.Fprint(w, "<CompleteMultipartUploadResult/>")
	}
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, key string) {
	content, ok := s.objects[key]
	if !ok {
		Refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	if spec := r.Header.Get("Range"); spec != "" {
		lo, hi := 0, len(content)-1
		if n, _ := fmt.Sscanf(spec, "bytes=%d-%d", &lo, &hi); n == 0 || lo >= len(content) || hi < lo {
			Refuse(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
			return
		}
		hi = min(hi, len(content)-1)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", lo, hi, len(content)))
		content = content[lo : hi+1]
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = w.Write(content)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	type object struct {
		Key  string
		Size int
	}
	var page struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []object
	}
	q := r.URL.Query()
	if q.Get("list-type") != "2" {
		Refuse(w, http.StatusNotImplemented, "NotImplemented")
		return
	}
	var keys []string
	for k := range s.objects {
		if strings.HasPrefix(k, q.Get("prefix")) && "after "+k > q.Get("continuation-token") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if len(keys) > pageKeys {
		keys = keys[:pageKeys]
		page.IsTruncated, page.NextContinuationToken = true, "after "+keys[pageKeys-1]
	}
	for _, k := range keys {
		page.Contents = append(page.Contents, object{k, len(s.objects[k])})
	}
	_ = xml.NewEncoder(w).Encode(page)
}

// check verifies a request from the bytes of its line and of the headers it says
// are signed; it returns the code of an error or nothing.
func check(r *http.Request, body []byte) string {
	fields := map[string]string{}
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for part := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[k] = v
	}
	scope := strings.Split(fields["Credential"], "/")
	switch {
	case scheme != "AWS4-HMAC-SHA256" || len(scope) != 5:
		return "AuthorizationHeaderMalformed"
	case scope[0] != AccessKey:
		return "InvalidAccessKeyId"
	case scope[2] != Region:
		return "AuthorizationHeaderMalformed"
	case r.Header.Get("X-Amz-Security-Token") != Token:
		return "InvalidToken"
	}
	payload := fmt.Sprintf("%x", sha256.Sum256(body))
	if r.Header.Get("X-Amz-Content-Sha256") != payload {
		return "XAmzContentSHA256Mismatch"
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	var pairs []string
	if query != "" {
		pairs = strings.Split(query, "&")
		slices.Sort(pairs)
	}
	text := r.Method + "\n" + path + "\n" + strings.Join(pairs, "&") + "\n"
	for name := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		text += name + ":" + value + "\n"
	}
	text += "\n" + fields["SignedHeaders"] + "\n" + payload
	stamp := r.Header.Get("X-Amz-Date")
	text = fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", stamp, strings.Join(scope[1:], "/"), sha256.Sum256([]byte(text)))
	step := func(key []byte, s string) []byte {
		h := hmac.New(sha256.New, key)
		_, _ = io.WriteString(h, s)
		return h.Sum(nil)
	}
	key := step(step(step(step([]byte("AWS4"+SecretKey), stamp[:min(8, len(stamp))]), scope[2]), "s3"), "aws4_request")
	if fmt.Sprintf("%x", step(key, text)) != fields["Signature"] {
		return "SignatureDoesNotMatch"
	}
	return ""
}
