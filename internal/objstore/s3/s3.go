package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxPut is what one PUT request may carry.
const maxPut = 5 << 30

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
		if header.Get("Range") != "" && resp.StatusCode != http.StatusPartialContent {
			return fmt.Errorf("asked for a range, got status %s: the service does not serve parts of objects", resp.Status)
		}
		to := &counter{w: w}
		var m int64
		if n >= 0 {
			m, err = io.CopyN(to, resp.Body, n)
		} else {
			m, err = io.Copy(to, resp.Body)
		}
		if to.err != nil {
			return to.err // the disk's, which no further attempt mends
		}
		offset += m
		if n >= 0 {
			n -= m
		}
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the object ends %d bytes early: %w", n, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return &transient{err}
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
	if size > maxPut {
		return fmt.Errorf("put %s: %d bytes: %w", s.URL(key), size, errSize)
	}
	return s.retry(ctx, "put", key, func() error {
		return s.send(ctx, http.MethodPut, key, io.NewSectionReader(r, 0, size), size, sum)
	})
}

// Delete implements [objstore.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	err := s.retry(ctx, "delete", key, func() error { return s.send(ctx, http.MethodDelete, key, nil, 0, emptySHA256) })
	if isMissing(err) {
		return nil
	}
	return err
}

func (s *Store) send(ctx context.Context, method, key string, body io.Reader, size int64, sum string) error {
	resp, err := s.do(ctx, method, key, nil, http.Header{}, body, size, sum)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	return resp.Body.Close()
}

// listing is a page of ListObjectsV2.
type listing struct {
	IsTruncated           bool
	NextContinuationToken string
	Contents              []struct{ Key string }
}

// List implements [objstore.Store].
func (s *Store) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	query := url.Values{"list-type": {"2"}, "prefix": {s.prefix + prefix}}
	for {
		var page listing
		err := s.retry(ctx, "list", prefix, func() error {
			resp, err := s.do(ctx, http.MethodGet, "", query, http.Header{}, nil, 0, emptySHA256)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			page = listing{}
			if err := xml.NewDecoder(resp.Body).Decode(&page); err != nil {
				return &transient{fmt.Errorf("read the list: %w", err)}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, c := range page.Contents {
			keys = append(keys, strings.TrimPrefix(c.Key, s.prefix))
		}
		if !page.IsTruncated {
			slices.Sort(keys)
			return keys, nil
		}
		if page.NextContinuationToken == query.Get("continuation-token") {
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
	if query == nil {
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
	req.Header, req.ContentLength = header, size
	s.creds.sign(req, s.region, sum, time.Now())
	resp, err := s.client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // the address is in the message already
		}
		return nil, &transient{fmt.Errorf("%w; is %s the right endpoint (AWS_ENDPOINT_URL), and can this machine reach it?", err, s.endpoint.String())}
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
