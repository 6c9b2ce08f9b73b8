// Command train is Huihai's one binary. Each verb has a small file of its own
// that reads configuration, calls packages and prints; nothing is computed here.
//
// The contract of every verb: results as JSON on standard output, messages for
// people on standard error, and the exit codes of root.go.
package main

import (
	"context"
	"log/slog"
	"os"
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

// run executes one command line and returns the exit code.
func run(args []string) int {
	ctx, release := withSignals(context.Background())
	defer release()
	root := newRootCmd()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return report(ctx, os.Stderr, err)
}
