package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// eachLine calls f with every non-empty line of a JSON Lines file ("-" is
// standard input). Errors name the file and the line.
func eachLine(path string, f func(line []byte) error) error {
	in, name := os.Stdin, path
	if path == "-" {
		name = "standard input"
	}
	if path != "-" {
		var err error
		if in, err = os.Open(path); err != nil {
			return fmt.Errorf("read input: %w", err)
		}
		defer in.Close()
	}
	r := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if len(trimSpace(line)) > 0 {
			if ferr := f(line); ferr != nil {
				return fmt.Errorf("%s:%d: %w", name, n, ferr)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r' || b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// printJSON writes v as one line.
func printJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("print result: %w", err)
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("print result: %w", err)
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
