package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// eachLine calls f with every line of a JSON Lines file ("-" is standard input)
// that is not empty. idle tells that nothing more is waiting to be read: a
// person or a pipe may be waiting for the answer. Errors name the file and the
// line. Cancelled, it ends at once, also while it waits for input.
func eachLine(cmd *cobra.Command, path string, f func(line []byte, idle bool) error) error {
	ctx := cmd.Context()
	in := &waitingReader{ctx: ctx, open: func() (io.Reader, error) { return os.Open(path) }}
	name := path
	if path == "-" {
		in.r, name = cmd.InOrStdin(), "standard input"
	}
	defer in.close()
	if err := in.start(); err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	lines := bufio.NewReaderSize(in, 1<<16)
	for n, end := 1, false; !end; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := lines.ReadBytes('\n')
		end = errors.Is(err, io.EOF)
		if err == nil || end {
			err = nil
			line = withoutBOM(line)
			if len(bytes.TrimSpace(line)) > 0 {
				err = f(line, lines.Buffered() == 0)
			}
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return nil
}

// mapLines writes f of every line of the inputs, one line for each, in order.
// What came before a bad line is good and is written.
func mapLines(cmd *cobra.Command, inputs []string, f func(line []byte) (any, error)) error {
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
	var err error
	for i := 0; i < len(inputs) && err == nil; i++ {
		err = eachLine(cmd, inputs[i], func(line []byte, idle bool) error {
			v, err := f(line)
			if err != nil {
				return err
			}
			if err := printJSON(out, v); err != nil || !idle {
				return err
			}
			return out.Flush()
		})
	}
	if ferr := out.Flush(); ferr != nil {
		err = errors.Join(err, fmt.Errorf("write results: %w", ferr))
	}
	return err
}

// printJSON writes v as one line, without the escapes that are for HTML: pieces
// such as <reserved_106> stay readable. Characters that a terminal obeys are
// escaped.
func printJSON(w io.Writer, v any) error { return encodeJSON(w, v, "") }

// printIndented writes v as JSON laid out for reading.
func printIndented(w io.Writer, v any) error { return encodeJSON(w, v, "  ") }

func encodeJSON(w io.Writer, v any, indent string) error {
	e := json.NewEncoder(jsonEscaper{w})
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// requireFlag reports a missing flag as wrong usage.
func requireFlag(verb, name, value string) error {
	if value == "" {
		return usagef("%s needs --%s; see: train %s --help", verb, name, verb)
	}
	return nil
}
