package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7/pkg/signer"
)

const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Get implements [objstore.Store].
func (s *Store) Get(ctx context.Context, key string, offset, n int64, w io.Writer) error {
	if n == 0 {
		return nil
	}
	return s.retry(ctx, "get", key, func() error {
		header := http.Header{}
		switch {
		case n >= 0:
			header.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, offset+n-1))
		case offset > 0:
			header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
		}
		resp, err := s.do(ctx, http.MethodGet, key, nil, header, nil, 0, emptySHA256)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		want, err := covers(resp, offset, n)
		if err != nil {
			return err
		}
		to := &counter{w: w}
		body := io.Reader(resp.Body)
		if want >= 0 {
			body = io.LimitReader(body, want)
		}
		m, err := io.Copy(to, body)
		if to.err != nil {
			return to.err // the disk's, which no further attempt mends
		}
		offset += m
		if n >= 0 {
			n -= m
		}
		if err != nil || m < want {
			return cutOff(m, want, err)
		}
		return nil
	})
}

// counter remembers an error of the writer, to tell it from one of the network.
type counter struct {
	w   io.Writer
	err error
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.err = err
	return n, err
}

// Put implements [objstore.Store]. The service checks the sum.
func (s *Store) Put(ctx context.Context, key string, r io.ReaderAt, size int64, sum string) error {
	if size > s.most {
		return s.putParts(ctx, key, r, size, sum)
	}
	return s.retry(ctx, "put", key, func() error {
		_, err := s.upload(ctx, key, nil, io.NewSectionReader(r, 0, size), size, sum)
		return err
	})
}

// upload sends an object or a part of one and returns its tag, by which a service
// says that it has it.
func (s *Store) upload(ctx context.Context, key string, query url.Values, body io.Reader, size int64, sum string) (tag string, err error) {
	resp, err := s.do(ctx, http.MethodPut, key, query, http.Header{}, body, size, sum)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	if tag = resp.Header.Get("ETag"); tag == "" {
		return "", s.errPortal("status " + resp.Status + " without an ETag")
	}
	return tag, nil
}

// Delete implements [objstore.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	err := s.retry(ctx, "delete", key, func() error {
		return s.send(ctx, http.MethodDelete, key, nil, nil, 0, emptySHA256)
	})
	if isMissing(err) {
		return nil
	}
	return err
}

func (s *Store) send(ctx context.Context, method, key string, query url.Values, body io.Reader, size int64, sum string) error {
	resp, err := s.do(ctx, method, key, query, http.Header{}, body, size, sum)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	return resp.Body.Close()
}

// List implements [objstore.Store]. A list of more than four million keys is an error.
func (s *Store) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	query := url.Values{"list-type": {"2"}, "prefix": {s.prefix + prefix}, "max-keys": {fmt.Sprint(pageKeys)}}
	last, size, empty := "", 0, 0
	for {
		var page *listing
		err := s.retry(ctx, "list", prefix, func() error {
			resp, err := s.do(ctx, http.MethodGet, "", query, http.Header{}, nil, 0, emptySHA256)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			page, err = s.readPage(resp.Body)
			return err
		})
		if err != nil {
			return nil, err
		}
		empty++
		for _, c := range page.Contents {
			if c.Key <= last && last != "" {
				return nil, fmt.Errorf("list %s: the service lists %q behind %q: pages that do not go on would never end", s.URL(prefix), c.Key, last)
			}
			last, empty = c.Key, 0
			size += len(c.Key)
			keys = append(keys, strings.TrimPrefix(c.Key, s.prefix))
		}
		if !page.IsTruncated {
			return keys, nil
		}
		switch {
		case len(keys) > s.listKeys || size > listBytes:
			return nil, fmt.Errorf("list %s: there are more than %d keys (%d bytes); give the store a prefix of its own (--store s3://BUCKET/PREFIX)", s.URL(prefix), s.listKeys, size)
		case page.NextContinuationToken == "" || page.NextContinuationToken == query.Get("continuation-token") || empty > emptyPages:
			return nil, fmt.Errorf("list %s: the service says that there is more and not where", s.URL(prefix))
		}
		query.Set("continuation-token", page.NextContinuationToken)
	}
}

// do sends one request. The response's status is one of success; its body is the
// caller's to close.
func (s *Store) do(ctx context.Context, method, key string, query url.Values, header http.Header, body io.Reader, size int64, sum string) (*http.Response, error) {
	u := s.endpoint
	path := "/"
	if !s.hosted {
		path += s.bucket + "/"
	}
	if key != "" {
		path += s.prefix + key
	}
	u.Path, u.RawPath = path, escape(path, true)
	u.RawQuery = canonicalQuery(query)
	if size == 0 {
		body = nil // a reader of unknown kind would be sent in chunks
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	header.Set("X-Amz-Content-Sha256", sum)
	req.Header, req.ContentLength = header, size
	req = signer.SignV4(*req, keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken, s.region)
	resp, err := s.client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // the address is in the message already
		}
		if errors.Is(err, errStalled) {
			return nil, &transient{err}
		}
		return nil, &transient{fmt.Errorf("%w; is %s the right endpoint (AWS_ENDPOINT_URL), and can this machine reach it?", err, s.endpoint.String())}
	}
	if webPage(resp) && resp.StatusCode < 500 || resp.StatusCode == http.StatusNetworkAuthenticationRequired {
		defer resp.Body.Close()
		return nil, s.errPortal("a web page (status " + resp.Status + ", " + first(resp.Header.Get("Content-Type"), "no Content-Type") + ")")
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, s.refusal(resp)
}

// retry runs fn until it succeeds, fails for good or has been tried often.
func (s *Store) retry(ctx context.Context, verb, key string, fn func() error) error {
	for i := 0; ; i++ {
		err := fn()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var t *transient
		if !errors.As(err, &t) || i == attempts-1 {
			return fmt.Errorf("%s %s: %w", verb, s.URL(key), err)
		}
		select {
		case <-s.wait(i):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// canonicalQuery is a query in the order and with the escapes that are signed.
func canonicalQuery(q url.Values) string {
	var pairs []string
	for name, values := range q {
		for _, v := range values {
			pairs = append(pairs, escape(name, false)+"="+escape(v, false))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// escape encodes all but the unreserved characters, and slashes unless they are
// part of a path.
func escape(s string, path bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 || path && c == '/' {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}
