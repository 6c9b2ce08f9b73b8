package main

import (
	"encoding/json"
	"errors"
	"fmt"
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
		return withTokenizer(cmd, "tokenizer encode", model, inputs, func(tok *tokenizer.Tokenizer, line []byte) (any, error) {
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
		return withTokenizer(cmd, "tokenizer decode", model, inputs, func(tok *tokenizer.Tokenizer, line []byte) (any, error) {
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
			return printIndented(cmd.OutOrStdout(), tok.Info(top))
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

// withTokenizer writes f of every line of the inputs, one line for each.
func withTokenizer(cmd *cobra.Command, verb, model string, inputs []string, f func(*tokenizer.Tokenizer, []byte) (any, error)) error {
	if model == "" || len(inputs) == 0 || slices.Contains(inputs, "") {
		return usagef("%s needs --model and --input; see: train %s --help", verb, verb)
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
	return mapLines(cmd, inputs, func(line []byte) (any, error) { return f(tok, line) })
}
