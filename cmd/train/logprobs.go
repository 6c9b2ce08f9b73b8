package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"huihai/eval"
	"huihai/infer"
	"huihai/kernels"
)

// sequence is a line of token ids or text.
type sequence struct {
	InputIDs []int32 `json:"input_ids"`
	Labels   []int32 `json:"labels"`
	Segments []int32 `json:"segments"`
	Text     *string `json:"text"`
}

func parseSequence(line []byte, f *infer.Folder) (sequence, error) {
	var s sequence
	if err := json.Unmarshal(line, &s); err != nil {
		return s, fmt.Errorf("not a JSON object of a sequence: %w", err)
	}
	switch {
	case s.Text != nil && s.InputIDs != nil:
		return s, errors.New("the line has both text and input_ids; give one of them")
	case s.Text != nil:
		ids, err := f.Encode(*s.Text)
		if err != nil {
			return s, err
		}
		s.InputIDs = ids
	}
	for t, segment := range s.Segments {
		if segment < 0 {
			return s, fmt.Errorf("segments[%d] is %d; the number of a document must not be negative", t, segment)
		}
	}
	if len(s.InputIDs) == 0 {
		return s, errors.New("the line has no tokens; give \"input_ids\" or a \"text\" that is not empty")
	}
	return s, nil
}

func newLogprobsCmd() *cobra.Command {
	var dir, input string
	var dev deviceFlags
	c := &cobra.Command{
		Use:   "logprobs --model DIR --input F.jsonl",
		Short: "Log-probability of every token of given sequences",
		Long:  "Reads lines {\"input_ids\":[...],\"segments\":[...]?} or {\"text\":...} and writes, in the same\norder, lines {\"logprobs\":[T-1 numbers],\"sum\":...,\"tokens\":T}, in nats.",
		Args:  noArgs,
	}
	c.Flags().StringVar(&dir, "model", "", "model folder (config.json, safetensors, tokenizer.model)")
	c.Flags().StringVar(&input, "input", "", "JSON Lines file, or - for standard input")
	dev.register(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(requireFlag("logprobs", "model", dir), requireFlag("logprobs", "input", input)); err != nil {
			return err
		}
		return dev.with(func(d kernels.Device) error {
			f, err := openFolder(cmd, d, dir, false)
			if err != nil {
				return err
			}
			defer f.Close()
			scorer := eval.NewScorer(d, f.Config, f.Weights)
			defer scorer.Close()
			return mapLines(cmd, []string{input}, func(line []byte) (any, error) { return scoreLine(cmd.Context(), line, f, scorer) })
		})
	}
	return c
}

func scoreLine(ctx context.Context, line []byte, f *infer.Folder, scorer *eval.Scorer) (any, error) {
	s, err := parseSequence(line, f)
	if err != nil {
		return nil, err
	}
	lps, err := scorer.LogProbs(ctx, s.InputIDs, s.Segments)
	if err != nil {
		return nil, err
	}
	sum := 0.0
	for t, lp := range lps {
		if !finite(lp) {
			return nil, fmt.Errorf("the log-probability of token %d (id %d) is %v: the model's numbers overflow on this text, so its weights are damaged or its training had failed; nothing can be said of the line", t+1, s.InputIDs[t+1], lp)
		}
		sum += lp
	}
	return map[string]any{"logprobs": lps, "sum": sum, "tokens": len(s.InputIDs)}, nil
}
