package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// idleTimeout is how long a body may stand still.
const idleTimeout = time.Minute

var errStalled = errors.New("the connection stands still")

// watched breaks off exchanges in which no byte of a body moves for a time. Until the
// header of an answer comes, the limit of the transport holds.
type watched struct {
	base http.RoundTripper
	idle time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *watched) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	stalled := fmt.Errorf("%w: no byte for %v", errStalled, t.idle)
	timer := time.AfterFunc(t.idle, func() { cancel(stalled) })
	timer.Stop()
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		timer.Reset(t.idle)
		req.Body = &watchedUpload{req.Body, timer, t.idle}
	}
	resp, err := t.base.RoundTrip(req)
	timer.Stop()
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
			err = cause
		}
		cancel(nil)
		return nil, err
	}
	resp.Body = &watchedDownload{resp.Body, timer, t.idle, ctx, cancel}
	return resp, nil
}

// watchedUpload gives the transport as long to send what it read as may be idle.
type watchedUpload struct {
	io.ReadCloser
	timer *time.Timer
	idle  time.Duration
}

func (b *watchedUpload) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.timer.Stop() // all is read; the answer has a limit of its own
	} else {
		b.timer.Reset(b.idle)
	}
	return n, err
}

type watchedDownload struct {
	io.ReadCloser
	timer  *time.Timer
	idle   time.Duration
	ctx    context.Context //nolint:containedctx // of this one exchange
	cancel context.CancelCauseFunc
}

func (b *watchedDownload) Read(p []byte) (int, error) {
	b.timer.Reset(b.idle)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop() // the reader may take its time
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := context.Cause(b.ctx); errors.Is(cause, errStalled) {
			err = cause
		}
	}
	return n, err
}

// Close implements io.Closer.
func (b *watchedDownload) Close() error {
	b.timer.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}
