package s3

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"huihai/internal/objstore"
)

// webPage tells whether an answer is a page for a browser. No service answers with
// one, and nothing stored here is one.
func webPage(resp *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml" || resp.StatusCode == http.StatusNetworkAuthenticationRequired
}

// errPortal says that something else than the service answered.
func (s *Store) errPortal(what string) error {
	return fmt.Errorf("%s answers with %s, not as an object store: a login page of this network (captive portal), a proxy or another program stands there; log in to the network, or correct AWS_ENDPOINT_URL, HTTPS_PROXY or NO_PROXY", s.endpoint.Host, what)
}

// covers checks that an answer to a request for n bytes from offset on (all of them
// with n < 0) has them, and returns how many will come, or -1 where only the end of
// the answer tells.
func covers(resp *http.Response, offset, n int64) (int64, error) {
	ranged := n >= 0 || offset > 0
	if ranged && resp.StatusCode != http.StatusPartialContent {
		return 0, fmt.Errorf("asked for a range, got status %s: the service does not serve parts of objects", resp.Status)
	}
	if h := resp.Header.Get("Content-Range"); ranged && h != "" {
		var lo, hi, total int64
		if k, _ := fmt.Sscanf(h, "bytes %d-%d/%d", &lo, &hi, &total); k < 2 || lo != offset {
			return 0, fmt.Errorf("asked for bytes from %d on, got Content-Range %q: the service does not serve the parts that are asked for", offset, h)
		} else if k == 3 && n >= 0 && total < offset+n {
			return 0, fmt.Errorf("the object has %d bytes, %d fewer than asked for: %w", total, offset+n-total, io.ErrUnexpectedEOF)
		} else if k == 3 && n < 0 {
			return total - offset, nil
		}
	}
	if n < 0 && resp.ContentLength >= 0 {
		return resp.ContentLength, nil
	}
	if n < 0 && resp.ProtoMajor == 1 && len(resp.TransferEncoding) == 0 {
		return 0, &transient{errors.New("the answer does not tell its length, so that one cut off could not be told from a whole one")}
	}
	return n, nil
}

// cutOff is the error for an answer that ends after m of n bytes (-1: unknown).
func cutOff(m, n int64, err error) error {
	of := ""
	if n >= 0 {
		of = fmt.Sprintf(" of %d", n)
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		// Not ErrUnexpectedEOF, by which callers know objects that are too short.
		return &transient{fmt.Errorf("%w after %d%s bytes", objstore.ErrTruncated, m, of)}
	}
	return &transient{fmt.Errorf("after %d%s bytes: %w", m, of, err)}
}

// Bounds of lists: of the answer for a page, of its keys, and of what is kept.
const (
	pageKeys  = 1000
	pageBytes = 16 << 20
	listKeys  = 4 << 20
	listBytes = 512 << 20
	// emptyPages is how many pages without a key may follow each other.
	emptyPages = 100
)

// listing is a page of ListObjectsV2.
type listing struct {
	XMLName               xml.Name
	IsTruncated           bool
	NextContinuationToken string
	Contents              []struct{ Key string }
}

// readPage reads one page of a list.
func (s *Store) readPage(body io.Reader) (*listing, error) {
	limited := &io.LimitedReader{R: body, N: pageBytes}
	page := &listing{}
	err := xml.NewDecoder(limited).Decode(page)
	switch {
	case limited.N <= 0:
		return nil, fmt.Errorf("a page of the list has more than %d bytes for the %d keys asked for", pageBytes, pageKeys)
	case page.XMLName.Local != "" && page.XMLName.Local != "ListBucketResult":
		return nil, s.errPortal("an element <" + page.XMLName.Local + "> where a list should be")
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, cutOff(pageBytes-limited.N, -1, nil)
	case err != nil:
		var bad *xml.SyntaxError
		if errors.As(err, &bad) && page.XMLName.Local == "" {
			return nil, s.errPortal("what is no XML (" + bad.Msg + ")")
		}
		return nil, &transient{fmt.Errorf("read the list: %w", err)}
	}
	return page, nil
}
