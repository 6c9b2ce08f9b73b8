package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"huihai/telemetry"
)

// Exit codes of every verb; docs/verbs.md has the table.
const (
	exitOK      = 0   // done; or stopped by a person's Ctrl-C, and saved
	exitFailure = 1   // failed, or stopped before there was a result
	exitUsage   = 2   // wrong usage
	exitAgain   = 75  // saved but not finished (SIGTERM, SIGHUP, SIGUSR1): start it again
	exitAtOnce  = 130 // a second Ctrl-C
)

// usageError marks a mistake on the command line, as opposed to a failure of
// the work itself.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// usagef returns an error that ends the program with exit code 2.
func usagef(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

// report prints err for the person at the terminal and returns the exit code.
func report(ctx context.Context, w io.Writer, err error) int {
	var code exitCode
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, syscall.EPIPE):
		return exitFailure // whoever read the results has enough of them
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "train: interrupted; what was finished is kept: run the same command again to go on")
		if code := stoppedCode(ctx); code == exitAgain {
			return code
		}
		return exitFailure
	}
	msg := strings.TrimPrefix(err.Error(), "train: ")
	msg = strings.ReplaceAll(strings.ReplaceAll(msg, "\n", "\n  "), "\n    ", "\n  ")
	fmt.Fprintf(w, "train: %s\n", telemetry.Printable(msg))
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}

func newRootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:           "train",
		Short:         "Train, fine-tune and study Baichuan 2 models",
		Long:          "Huihai (汇海): raw text in, scored and deduplicated Parquet shards, a Baichuan 2\nmodel out. Start with: train quickstart",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          unknownVerb,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w; see: %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(verbs()...)
	decimalFlags(root)
	return root
}

// group makes a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: unknownVerb,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usagef("%s needs a verb; see: %s --help", cmd.CommandPath(), cmd.CommandPath())
		},
	}
	c.SuggestionsMinimumDistance = 2
	c.AddCommand(children...)
	return c
}

// noArgs refuses stray words with exit code 2.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, but got %q; see: %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}

// moreInputs takes further words as inputs, for --input a b c.
func moreInputs(inputs *[]string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && len(*inputs) == 0 {
			return usagef("%s: stray word %q; give what it should read with --input PATH", cmd.CommandPath(), args[0])
		}
		*inputs = append(*inputs, args...)
		return nil
	}
}

func unknownVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return usagef("%s has no verb %q%s; see: %s --help", cmd.CommandPath(), args[0], hint, cmd.CommandPath())
}
