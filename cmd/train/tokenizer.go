package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"huihai/tokenizer"
)

func newTokenizerCmd() *cobra.Command {
	return group("tokenizer", "Encode, decode and inspect SentencePiece models, train BPE models",
		newTokenizerEncodeCmd(), newTokenizerDecodeCmd(), newTokenizerTrainCmd(), newTokenizerInspectCmd())
}

func newTokenizerEncodeCmd() *cobra.Command {
	var model string
	var inputs []string
	var user bool
	c := &cobra.Command{
		Use: "encode --model M --input F.jsonl [F.jsonl ...]", Short: "Text to token ids",
		Long: "Reads lines {\"text\":...} and writes, in the same order, lines {\"ids\":[...]}. No begin or\n" +
			"end mark is added. With --user, reserved pieces such as <reserved_106> that occur in the\n" +
			"text are read as ordinary text, as chat does with what a person types.",
		Args: moreInputs(&inputs),
	}
	modelAndInputs(c, &model, &inputs)
	c.Flags().BoolVar(&user, "user", false, "treat reserved pieces in the text as ordinary text")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return mapLines(cmd, "tokenizer encode", model, inputs, func(tok *tokenizer.Tokenizer, line []byte) (any, error) {
			var in struct {
				Text *string `json:"text"`
			}
			if err := json.Unmarshal(line, &in); err != nil {
				return nil, fmt.Errorf("not a JSON object with a text: %w", err)
			}
			if in.Text == nil {
				return nil, errors.New(`the line has no "text"`)
			}
			ids := []int32{}
			if user {
				ids = tok.AppendEncodeUser(ids, *in.Text)
			} else {
				ids = tok.AppendEncode(ids, *in.Text)
			}
			return map[string][]int32{"ids": ids}, nil
		})
	}
	return c
}

func newTokenizerDecodeCmd() *cobra.Command {
	var model string
	var inputs []string
	c := &cobra.Command{
		Use: "decode --model M --input F.jsonl [F.jsonl ...]", Short: "Token ids to text",
		Long: "Reads lines {\"ids\":[...]} and writes, in the same order, lines {\"text\":...}.",
		Args: moreInputs(&inputs),
	}
	modelAndInputs(c, &model, &inputs)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return mapLines(cmd, "tokenizer decode", model, inputs, func(tok *tokenizer.Tokenizer, line []byte) (any, error) {
			var in struct {
				IDs *[]int32 `json:"ids"`
			}
			if err := json.Unmarshal(line, &in); err != nil {
				return nil, fmt.Errorf("not a JSON object with ids: %w", err)
			}
			if in.IDs == nil {
				return nil, errors.New(`the line has no "ids"`)
			}
			text, err := tok.DecodeChecked(*in.IDs)
			return map[string]string{"text": text}, err
		})
	}
	return c
}

func newTokenizerInspectCmd() *cobra.Command {
	var model string
	var top int
	c := &cobra.Command{
		Use: "inspect --model M", Short: "What a model holds, as JSON", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if model == "" {
				return usagef("train tokenizer inspect needs --model; see: train tokenizer inspect --help")
			}
			if top < 0 {
				return usagef("--top is %d; it must not be negative", top)
			}
			tok, err := tokenizer.Load(model)
			if err != nil {
				return err
			}
			return writeJSON(cmd.OutOrStdout(), tok.Info(top), "  ")
		},
	}
	c.Flags().StringVar(&model, "model", "", "tokenizer.model, or a folder that holds one")
	c.Flags().IntVar(&top, "top", 10, "how many of the longest pieces to list")
	return c
}

func modelAndInputs(c *cobra.Command, model *string, inputs *[]string) {
	c.Flags().StringVar(model, "model", "", "tokenizer.model, or a folder that holds one")
	c.Flags().StringArrayVar(inputs, "input", nil, "JSON Lines file, or - for standard input; more may follow")
}

// mapLines writes f of every line of the inputs, one line for each.
func mapLines(cmd *cobra.Command, verb, model string, inputs []string, f func(*tokenizer.Tokenizer, []byte) (any, error)) error {
	if model == "" || len(inputs) == 0 || slices.Contains(inputs, "") {
		return usagef("train %s needs --model and --input; see: train %s --help", verb, verb)
	}
	for _, input := range inputs { // no work before a missing file is known
		if _, err := os.Stat(input); err != nil && input != "-" {
			return fmt.Errorf("read input: %w", err)
		}
	}
	tok, err := tokenizer.Load(model)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
	for _, input := range inputs {
		if err = mapFile(cmd, input, out, func(line []byte) (any, error) { return f(tok, line) }); err != nil {
			break
		}
	}
	// What came before a bad line is good and is written.
	if ferr := out.Flush(); ferr != nil {
		err = errors.Join(err, fmt.Errorf("write results: %w", ferr))
	}
	return err
}

// mapFile does one input of mapLines.
func mapFile(cmd *cobra.Command, input string, out *bufio.Writer, f func([]byte) (any, error)) error {
	in, name := cmd.InOrStdin(), "standard input"
	if input != "-" {
		file, err := os.Open(input)
		if err != nil {
			return fmt.Errorf("read input: %w", err)
		}
		defer file.Close()
		in, name = file, input
	}
	lines := bufio.NewReaderSize(in, 1<<16)
	for n, end := 1, false; !end; n++ {
		var err error
		if end, err = mapLine(cmd, lines, out, f); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return nil
}

// mapLine does one line of mapLines. Empty lines are skipped.
func mapLine(cmd *cobra.Command, lines *bufio.Reader, out *bufio.Writer, f func([]byte) (any, error)) (end bool, err error) {
	if err := cmd.Context().Err(); err != nil {
		return true, err
	}
	line, err := lines.ReadBytes('\n')
	if end = err == io.EOF; err != nil && !end {
		return true, err
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return end, nil
	}
	v, err := f(line)
	if err != nil {
		return true, err
	}
	if err := writeJSON(out, v, ""); err != nil {
		return true, err
	}
	if lines.Buffered() == 0 { // a person or a pipe waits for the answer
		return end, out.Flush()
	}
	return end, nil
}

// writeJSON writes v without the escapes that are for HTML: pieces such as
// <reserved_106> stay readable.
func writeJSON(w io.Writer, v any, indent string) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}
