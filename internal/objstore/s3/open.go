// Package s3 keeps objects in a bucket that speaks the Amazon S3 protocol: S3
// itself, MinIO, Ceph, OSS, COS, GCS with HMAC keys. It sends the few kinds of
// requests that a store needs (GET with a range, PUT, list, DELETE, and the three of
// an upload in parts); keys and signatures are those of minio-go.
//
// Transient failures are tried again with growing pauses; an interrupted download
// goes on where it was. An answer that ends early is never taken for a whole object,
// nor for one that is too short: when no attempt brings the rest, the error is
// [objstore.ErrTruncated]. A body of which nothing comes or goes for a minute is given
// up like a broken connection. What is no answer of a store, such as the login page of
// a network, is an error that says so.
package s3

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"huihai/internal/objstore"
)

// Store is a prefix of a bucket. It is an [objstore.Store].
type Store struct {
	bucket, prefix string // prefix ends with a slash or is empty
	endpoint       url.URL
	hosted         bool // the bucket is part of the host name, not of the path
	region         string
	creds          *credentials.Credentials
	client         *http.Client
	most, part     int64                              // bytes in one PUT, and in a part of what is larger
	listKeys       int                                // that a list may have
	wait           func(attempt int) <-chan time.Time // before a further attempt
}

var _ objstore.Store = (*Store)(nil)

// Open returns the store at s3://BUCKET/PREFIX. The environment that getenv reads
// has AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and perhaps AWS_SESSION_TOKEN, or names
// a credentials file or a role (see keysFrom); AWS_REGION or AWS_DEFAULT_REGION (us-east-1 without); and for other services
// than Amazon's AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL. No request is made.
func Open(address string, getenv func(string) string) (*Store, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Port() != "" {
		return nil, fmt.Errorf("store %q: it must read s3://BUCKET/PREFIX", address)
	}
	s := &Store{bucket: u.Host, prefix: strings.Trim(u.Path, "/"), wait: pause, most: maxPut, part: leastPart, listKeys: listKeys}
	if s.prefix != "" {
		s.prefix += "/"
	}
	s.region = first(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"), "us-east-1")
	if s.creds, err = keysFrom(getenv, s.region); err != nil {
		return nil, fmt.Errorf("store %s: %w", address, err)
	}
	where := first(getenv("AWS_ENDPOINT_URL_S3"), getenv("AWS_ENDPOINT_URL"), "https://s3."+s.region+".amazonaws.com")
	e, err := url.Parse(where)
	if err != nil || e.Scheme != "http" && e.Scheme != "https" || e.Host == "" || strings.Trim(e.Path, "/") != "" {
		return nil, fmt.Errorf("AWS_ENDPOINT_URL is %q; it must read http://HOST:PORT or https://HOST", where)
	}
	s.endpoint = url.URL{Scheme: e.Scheme, Host: e.Host}
	if s.hosted = namesHosts(e.Hostname()) && !strings.Contains(s.bucket, "."); s.hosted { // a dot would fall out of the certificate
		s.endpoint.Host = s.bucket + "." + e.Host
	}
	s.client = &http.Client{Transport: &watched{transport(), idleTimeout}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a signature holds for one host
	}}
	return s, nil
}

// namesHosts tells the services that want the bucket in the host name. All others
// take it in the path.
func namesHosts(host string) bool {
	for _, s := range []string{".amazonaws.com", ".amazonaws.com.cn", ".aliyuncs.com", ".myqcloud.com", ".volces.com"} {
		if strings.HasSuffix(host, s) {
			return true
		}
	}
	return false
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func transport() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 20 * time.Second}).DialContext,
		TLSHandshakeTimeout:   20 * time.Second,
		ResponseHeaderTimeout: 2 * time.Minute,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       time.Minute,
		DisableCompression:    true, // the bytes are counted
		ForceAttemptHTTP2:     true,
	}
}

// Pauses double from a quarter of a second; half of each is drawn, so that many
// machines do not come back at once.
const (
	attempts   = 6
	leastPause = 250 * time.Millisecond
)

func pause(attempt int) <-chan time.Time {
	d := leastPause << attempt
	return time.After(d/2 + rand.N(d/2))
}

// URL implements [objstore.Store].
func (s *Store) URL(key string) string { return "s3://" + s.bucket + "/" + s.prefix + key }

// Close lets go of idle connections.
func (s *Store) Close() { s.client.CloseIdleConnections() }
