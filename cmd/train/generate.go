package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"huihai/infer"
	"huihai/infer/sample"
	"huihai/kernels"
)

// generateFlags are the command line of train generate.
type generateFlags struct {
	dir, prompt, tokens string
	maxNew              int
	greedy, ignoreEOS   bool
	sampling            sample.Options
	device              deviceFlags
}

func newGenerateCmd() *cobra.Command {
	var f generateFlags
	c := &cobra.Command{
		Use:   "generate --model DIR (--prompt TEXT | --tokens 1,2,3) --max-new-tokens N [--greedy]",
		Short: "Continue a prompt",
		Long:  "Prints {\"output_ids\":[...],\"text\":...}: the new tokens, without the prompt. Sampling is\nseeded: the same command gives the same text.",
		Args:  noArgs,
	}
	fl := c.Flags()
	fl.StringVar(&f.dir, "model", "", "model folder")
	fl.StringVar(&f.prompt, "prompt", "", "text to continue")
	fl.StringVar(&f.tokens, "tokens", "", "token ids to continue, separated by commas")
	fl.IntVar(&f.maxNew, "max-new-tokens", 64, "most tokens to add")
	fl.BoolVar(&f.greedy, "greedy", false, "always take the most likely token")
	fl.BoolVar(&f.ignoreEOS, "ignore-eos", false, "go on after the end-of-text token")
	fl.Float64Var(&f.sampling.Temperature, "temperature", 0.8, "softmax temperature, above 0")
	fl.IntVar(&f.sampling.TopK, "top-k", 0, "sample among the k most likely tokens; 0 is all")
	fl.Float64Var(&f.sampling.TopP, "top-p", 0.95, "sample among the most likely tokens that hold this probability; 0 is the first alone, 1 all")
	fl.Float64Var(&f.sampling.RepetitionPenalty, "repetition-penalty", 1, "divide the logits of tokens already there by this, above 0; 1 changes nothing")
	fl.Uint64Var(&f.sampling.Seed, "seed", 0, "seed of the sampler")
	f.device.register(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error { return f.run(cmd) }
	return c
}

func (f *generateFlags) run(cmd *cobra.Command) error {
	if err := requireFlag("generate", "model", f.dir); err != nil {
		return err
	}
	if cmd.Flags().Changed("prompt") == cmd.Flags().Changed("tokens") {
		return usagef("train generate takes either --prompt or --tokens; see: train generate --help")
	}
	if f.maxNew < 1 {
		return usagef("--max-new-tokens is %d; ask for at least 1", f.maxNew)
	}
	f.sampling.Greedy = f.greedy
	if err := f.sampling.Validate(); err != nil {
		return usageError{err}
	}
	ids, err := parseIDs(f.tokens)
	if err != nil {
		return err
	}
	return f.device.with(func(d kernels.Device) error {
		folder, err := openFolder(cmd, d, f.dir, false)
		if err != nil {
			return err
		}
		defer folder.Close()
		if f.tokens == "" {
			if ids, err = folder.Encode(f.prompt); err != nil {
				return err
			}
		}
		return f.generate(cmd, d, folder, ids)
	})
}

func (f *generateFlags) generate(cmd *cobra.Command, d kernels.Device, folder *infer.Folder, prompt []int32) error {
	eos := folder.EOS
	if f.ignoreEOS {
		eos = nil
	}
	out, err := infer.Generate(cmd.Context(), d, folder.Config, folder.Weights, infer.Request{
		Prompt: prompt, MaxNewTokens: f.maxNew, Sampling: f.sampling, EOS: eos,
	})
	if err != nil {
		return err
	}
	result := map[string]any{"output_ids": out, "text": nil}
	if folder.Tokenizer != nil {
		result["text"] = folder.Tokenizer.DecodeAfter(prompt, out)
	}
	return printJSON(cmd.OutOrStdout(), result)
}

// parseIDs reads "1,2,3".
func parseIDs(s string) ([]int32, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var ids []int32
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 32)
		if err != nil {
			return nil, usagef("--tokens: %q is not a token id: %w", part, errors.Unwrap(err))
		}
		ids = append(ids, int32(n))
	}
	return ids, nil
}
