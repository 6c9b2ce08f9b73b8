package s3

import (
	"bytes"
	"net/url"
	"testing"
)

// Whatever a service answers to a list is a page or an error.
func FuzzReadPage(f *testing.F) {
	for _, s := range []string{
		"", "<html><body>Log in<br></body></html>", "{\"error\": 1}", "<ListBucketResult><IsTruncated>maybe</IsTruncated></ListBucketResult>",
		"<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Contents><Key>a</Key></Contents><NextContinuationToken>t</NextContinuationToken></ListBucketResult>",
		"<ListBucketResult><Contents><Key>a</Key>", "<!DOCTYPE html>",
	} {
		f.Add([]byte(s))
	}
	s := &Store{endpoint: url.URL{Host: "store.test"}}
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := s.readPage(bytes.NewReader(body))
		if (page == nil) == (err == nil) {
			t.Fatalf("%q: %v, %v", body, page, err)
		}
		if page != nil && page.XMLName.Local != "ListBucketResult" {
			t.Fatalf("%q is a page of %q", body, page.XMLName.Local)
		}
	})
}
