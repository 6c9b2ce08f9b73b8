package main

import (
	"bytes"
	"context"
	"io"
)

// waitingReader reads where the system may wait for ever (a terminal, a pipe
// whose writer is idle or not there yet) and ends with its context all the same.
// The wait itself cannot be taken back: it is left to a goroutine, which ends
// with the program or with the input.
type waitingReader struct {
	ctx  context.Context
	open func() (io.Reader, error) // asked for when r is nil
	r    io.Reader
	file io.Closer // what start opened
	buf  []byte
}

// outcome is what an operation that waited gave.
type outcome struct {
	r   io.Reader
	n   int
	err error
}

// await runs f and returns its outcome, or the context's error before it.
func (w *waitingReader) await(f func() outcome) outcome {
	done := make(chan outcome, 1)
	go func() { done <- f() }()
	select {
	case o := <-done:
		return o
	case <-w.ctx.Done():
		return outcome{err: w.ctx.Err()}
	}
}

// start opens the input.
func (w *waitingReader) start() error {
	w.buf = make([]byte, 1<<16)
	if w.r != nil {
		return nil
	}
	o := w.await(func() outcome {
		r, err := w.open()
		return outcome{r: r, err: err}
	})
	if o.err == nil {
		w.r = o.r
		w.file, _ = o.r.(io.Closer)
	}
	return o.err
}

// Read implements [io.Reader].
func (w *waitingReader) Read(p []byte) (int, error) {
	into := w.buf[:min(len(p), len(w.buf))]
	o := w.await(func() outcome {
		n, err := w.r.Read(into)
		return outcome{n: n, err: err}
	})
	if w.ctx.Err() != nil {
		w.buf = make([]byte, 1<<16) // the other one may still be written to
	}
	return copy(p, into[:o.n]), o.err
}

// close closes what start opened, unless a read still waits for it.
func (w *waitingReader) close() {
	if w.file != nil && w.ctx.Err() == nil {
		w.file.Close()
	}
}

// withoutBOM drops the byte-order mark that some editors put before a text, and
// that stays at the start of a later line when files are joined.
func withoutBOM(line []byte) []byte { return bytes.TrimPrefix(line, []byte("\ufeff")) }
