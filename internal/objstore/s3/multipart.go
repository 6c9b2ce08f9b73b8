package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Limits of the services (Amazon S3 User Guide, "Multipart upload limits").
const (
	maxPut    = 5 << 30 // what one PUT request may carry
	leastPart = 64 << 20
	maxParts  = 10_000
)

// partSize returns the size of the parts of an object.
func partSize(size, least int64) int64 {
	return max(least, (size+maxParts-1)/maxParts)
}

// putParts stores an object in parts, each with its own sum; the object appears when
// the last request names them all. The sum of all is checked before it.
func (s *Store) putParts(ctx context.Context, key string, r io.ReaderAt, size int64, sum string) (err error) {
	id, err := s.startParts(ctx, key)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil { // the parts sent so far would be paid for
			ctx := context.WithoutCancel(ctx)
			_ = s.retry(ctx, "give up", key, func() error {
				return s.send(ctx, http.MethodDelete, key, url.Values{"uploadId": {id}}, nil, 0, emptySHA256)
			})
		}
	}()
	type part struct {
		PartNumber int
		ETag       string
	}
	var done struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Part    []part
	}
	whole, step := sha256.New(), partSize(size, s.part)
	for at := int64(0); at < size; at += step {
		section := io.NewSectionReader(r, at, min(step, size-at))
		h := sha256.New()
		if _, err := io.Copy(io.MultiWriter(h, whole), section); err != nil {
			return fmt.Errorf("put %s: %w", s.URL(key), err)
		}
		number, tag := len(done.Part)+1, ""
		query := url.Values{"partNumber": {fmt.Sprint(number)}, "uploadId": {id}}
		err := s.retry(ctx, fmt.Sprintf("put part %d of", number), key, func() (err error) {
			tag, err = s.upload(ctx, key, query, io.NewSectionReader(r, at, section.Size()), section.Size(), hex.EncodeToString(h.Sum(nil)))
			return err
		})
		if err != nil {
			return err
		}
		done.Part = append(done.Part, part{number, tag})
	}
	if got := hex.EncodeToString(whole.Sum(nil)); got != sum {
		return fmt.Errorf("put %s: the content's SHA-256 is %s, not %s", s.URL(key), got, sum)
	}
	body, err := xml.Marshal(done)
	if err != nil {
		return err
	}
	_, err = s.post(ctx, "put together", key, url.Values{"uploadId": {id}}, body, "CompleteMultipartUploadResult")
	return err
}

// startParts begins an upload and returns its id.
func (s *Store) startParts(ctx context.Context, key string) (string, error) {
	r, err := s.post(ctx, "begin to put", key, url.Values{"uploads": {""}}, nil, "InitiateMultipartUploadResult")
	if err == nil && r.UploadID == "" {
		err = fmt.Errorf("begin to put %s: the answer names no upload", s.URL(key))
	}
	return r.UploadID, err
}

// posted is the answer to a POST request, also one that comes with status 200 and is
// an error (Amazon S3 API Reference, CompleteMultipartUpload).
type posted struct {
	XMLName       xml.Name
	UploadID      string `xml:"UploadId"`
	Code, Message string
}

func (s *Store) post(ctx context.Context, verb, key string, query url.Values, body []byte, root string) (out posted, err error) {
	sum := sha256.Sum256(body)
	err = s.retry(ctx, verb, key, func() error {
		resp, err := s.do(ctx, http.MethodPost, key, query, http.Header{}, bytes.NewReader(body), int64(len(body)), hex.EncodeToString(sum[:]))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		out = posted{}
		content, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		if err != nil {
			return cutOff(int64(len(content)), -1, err)
		}
		if err := xml.Unmarshal(content, &out); err != nil {
			return s.errPortal("what is no XML")
		}
		switch out.XMLName.Local {
		case root:
			return nil
		case "Error":
			return &transient{fmt.Errorf("%s (%s)", out.Code, out.Message)}
		}
		return s.errPortal("an element <" + out.XMLName.Local + ">")
	})
	return out, err
}
