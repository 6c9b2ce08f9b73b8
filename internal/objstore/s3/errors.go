package s3

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
)

// transient is an error that may pass.
type transient struct{ error }

// Unwrap returns what happened.
func (t *transient) Unwrap() error { return t.error }

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// refusal turns an answer that is none of success into an error that says what to
// do about it.
func (s *Store) refusal(resp *http.Response) error {
	var body struct{ Code, Message, Region string }
	content, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	_ = xml.Unmarshal(content, &body) // proxies answer in other forms
	code := first(body.Code, resp.Status)
	if resp.StatusCode == http.StatusNotFound && body.Code != "NoSuchBucket" {
		return fmt.Errorf("%s: %w", code, fs.ErrNotExist)
	}
	err := errors.New(code)
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return fmt.Errorf("%s: the object is shorter than what is asked for: %w", code, io.ErrUnexpectedEOF)
	}
	if body.Message != "" {
		err = fmt.Errorf("%s (%s)", code, body.Message)
	}
	if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout || code == "RequestTimeout" {
		return &transient{fmt.Errorf("%w: the service is busy or broken; run again later, what is done is kept", err)}
	}
	if m := s.mend(code, resp, body.Region); m != "" {
		return fmt.Errorf("%w: %s", err, m)
	}
	return err
}

func (s *Store) mend(code string, resp *http.Response, region string) string {
	switch code {
	case "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return "the credentials are wrong: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they belong to " + s.endpoint.Host
	case "ExpiredToken", "InvalidToken", "ExpiredTokenException":
		return "the temporary credentials are over or incomplete: renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN together"
	case "RequestTimeTooSkewed":
		return "this machine's clock is wrong: set it"
	case "NoSuchBucket":
		return "there is no bucket " + s.bucket + " at " + s.endpoint.Host + ": create it, or correct --store or AWS_ENDPOINT_URL"
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException":
		return s.otherRegion(resp, region)
	}
	switch {
	case resp.StatusCode/100 == 3:
		return s.otherRegion(resp, region)
	case resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusUnauthorized:
		return "these credentials may not do this: they need to list the bucket " + s.bucket + " and to get and put (to clear it, also delete) objects below " + s.URL("")
	}
	return ""
}

func (s *Store) otherRegion(resp *http.Response, region string) string {
	m := "the bucket is in another region than " + s.region + ": set AWS_REGION"
	if r := first(resp.Header.Get("X-Amz-Bucket-Region"), region); r != "" {
		m += " to " + r
	}
	return m
}
