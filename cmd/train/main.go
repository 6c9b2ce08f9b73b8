// Command train is Huihai's one binary. Each verb has a small file of its own
// that reads configuration, calls packages and prints; nothing is computed here.
//
// The contract of every verb: results as JSON on standard output, messages for
// people on standard error, exit code 0 for success, 1 for a failure, 2 for
// wrong usage.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime})))
	os.Exit(run(os.Args[1:]))
}

// withoutTime leaves the time out of log lines: they stand among messages.
func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// run executes one command line and returns the exit code. The first interrupt
// cancels the context, so that a verb can finish its step and save; a second
// one ends the process at once.
func run(args []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		<-signals
		fmt.Fprintln(os.Stderr, "train: interrupted: finishing cleanly (press Ctrl-C again to stop at once)")
		cancel()
		<-signals
		os.Exit(130)
	}()
	root := newRootCmd()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return report(os.Stderr, err)
}
