// Command htmltext takes the text out of pages: JSON Lines with id and html on
// standard input, id, text and seconds on standard output. scripts/bench/html_f1.py
// compares it with other programs.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"huihai/data/html"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "htmltext:", err)
		os.Exit(1)
	}
}

func run() error {
	x, err := html.New(html.Default())
	if err != nil {
		return err
	}
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	for in.More() {
		var page struct{ ID, HTML string }
		if err := in.Decode(&page); err != nil {
			return fmt.Errorf("reading a page: %w", err)
		}
		begin := time.Now()
		text := x.Extract([]byte(page.HTML)).Text
		if err := out.Encode(map[string]any{"id": page.ID, "text": text, "seconds": time.Since(begin).Seconds()}); err != nil {
			return err
		}
	}
	return nil
}
