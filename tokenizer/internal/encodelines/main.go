// Command encodelines reads lines of text and writes their ids, one line each, as
// spm_encode --output_format=id does, so that time and output can be compared.
//
//	encodelines tokenizer.model < text > ids
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"huihai/tokenizer"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: encodelines tokenizer.model < text > ids")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "encodelines:", err)
		os.Exit(1)
	}
}

func run(model string, in io.Reader, out io.Writer) error {
	tok, err := tokenizer.Load(model)
	if err != nil {
		return err
	}
	all, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the text: %w", err)
	}
	w := bufio.NewWriterSize(out, 1<<20)
	var ids []int32
	var text []byte
	for line := range strings.Lines(string(all)) {
		ids = tok.AppendEncode(ids[:0], strings.TrimSuffix(line, "\n"))
		text = text[:0]
		for i, id := range ids {
			if i > 0 {
				text = append(text, ' ')
			}
			text = strconv.AppendInt(text, int64(id), 10)
		}
		if _, err := w.Write(append(text, '\n')); err != nil {
			return fmt.Errorf("write ids: %w", err)
		}
	}
	return w.Flush()
}
