package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"huihai/cmd/train/internal/runs"
)

func newQuickstartCmd() *cobra.Command {
	q := runs.Quickstart{}
	steps := 0
	cmd := &cobra.Command{
		Use:   "quickstart [--output DIR] [--input PATH...]",
		Short: "Text to a trained model in a few minutes: the whole road, small",
		Long: "Gathers real text (the sources and documents of your Go installation, or --input),\n" +
			"cleans, scores and deduplicates it, trains a tokenizer, packs token shards, trains a\n" +
			"small Baichuan 2, evaluates it on held-out documents, writes a checkpoint, loads it\n" +
			"again and continues a prompt. Stopped and run again, it goes on where it was.",
	}
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 && len(q.Inputs) == 0 {
			return usagef("train quickstart: stray word %q; give your text with --input PATH", args[0])
		}
		q.Inputs = append(q.Inputs, args...)
		return nil
	}
	flags := addConfigFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&q.Output, "output", "huihai-quickstart", "folder for everything that is made")
	f.StringArrayVar(&q.Inputs, "input", nil, "your own text: files and folders (default: the Go installation's texts)")
	f.Int64Var(&q.MaxBytes, "max-bytes", 16_000_000, "read at most this much text (0: all)")
	f.IntVar(&steps, "steps", 0, "training steps (0: as configured)")
	f.StringVar(&q.Prompt, "prompt", "// Copyright 2009 The Go Authors. All rights reserved.\n", "text to continue at the end")
	f.IntVar(&q.MaxNewTokens, "max-new-tokens", 80, "tokens to add to the prompt")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if steps < 0 || q.MaxBytes < 0 || q.MaxNewTokens < 1 {
			return usagef("--steps and --max-bytes must not be negative, and --max-new-tokens at least 1")
		}
		if flags.file == "" && flags.preset == "" {
			flags.preset = "quickstart"
		}
		if steps > 0 {
			flags.set = append(flags.set, fmt.Sprintf("train.max_steps=%d", steps))
		}
		c, prov, err := flags.load("model", "optim", "train", "checkpoint", "loader")
		if err != nil {
			return err
		}
		if q.Options, err = runOptions(cmd, c, prov); err != nil {
			return err
		}
		s, err := q.Run(cmd.Context())
		if err != nil {
			return err
		}
		fmt.Fprint(cmd.ErrOrStderr(), s.Page(invocation(), q.Screen()))
		return printJSON(cmd.OutOrStdout(), s)
	}
	return cmd
}

// invocation is how the person started the program, for commands to copy: go
// run leaves a binary in a temporary folder.
func invocation() string {
	exe, err := os.Executable()
	if err != nil || filepath.Base(filepath.Dir(exe)) == "exe" {
		return "go run ./cmd/train"
	}
	return os.Args[0]
}
