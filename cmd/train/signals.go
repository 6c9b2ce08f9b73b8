package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// stopped is why the context of a command ended.
type stopped struct{ signal os.Signal }

func (s stopped) Error() string { return fmt.Sprintf("stopped by %v", s.signal) }

// withSignals returns a context that the first stop signal cancels, with a
// [stopped] as its cause, so that a verb can finish its step and save. A second
// Ctrl-C ends the process at once. A terminal or pipe that goes away is no reason
// to stop: writing to it fails, and the work goes on.
func withSignals(parent context.Context) (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ignoreClosedPipes()
	received, done := make(chan os.Signal, 4), make(chan struct{})
	for _, s := range stopSignals {
		if s == syscall.SIGHUP && signal.Ignored(s) {
			continue // started by nohup
		}
		signal.Notify(received, s)
	}
	go func() {
		for {
			select {
			case s := <-received:
				if ctx.Err() == nil {
					word := "finishing cleanly"
					if s == os.Interrupt {
						word += " (press Ctrl-C again to stop at once)"
					}
					fmt.Fprintf(os.Stderr, "train: %v: %s\n", s, word)
					cancel(stopped{s})
				} else if s == os.Interrupt {
					os.Exit(exitAtOnce)
				}
			case <-done:
				return
			}
		}
	}()
	// Signals stay caught until the process has ended: one that comes now must not
	// change the exit code of what is done.
	return ctx, func() {
		close(done)
		cancel(nil)
	}
}

// stoppedCode is the exit code of a command that kept its work and ended early:
// a person's Ctrl-C got what it asked for, a scheduler is to start it again.
func stoppedCode(ctx context.Context) int {
	var s stopped
	if errors.As(context.Cause(ctx), &s) && s.signal != os.Interrupt {
		return exitAgain
	}
	return exitOK
}

// exitCode ends the program with a code and no message: everything is said.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
