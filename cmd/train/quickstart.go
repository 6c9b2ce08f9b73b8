package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"huihai/cmd/train/internal/runs"
	"huihai/configs"
)

// quickstartFlags are the flags of quickstart beside those of a configuration.
type quickstartFlags struct {
	runs.Quickstart
	inputs   []string
	maxBytes int64
	steps    int
}

func newQuickstartCmd() *cobra.Command {
	var q quickstartFlags
	cmd := &cobra.Command{
		Use:   "quickstart [--output DIR] [--input PATH...]",
		Short: "Text to a trained model in a few minutes: the whole road, small",
		Long: "Gathers real text (the sources and documents of your Go installation, or --input),\n" +
			"cleans, scores and deduplicates it, trains a tokenizer, packs token shards, trains a\n" +
			"small Baichuan 2, evaluates it on held-out documents, writes a checkpoint, loads it\n" +
			"again and continues a prompt. Stopped and run again, it goes on where it was.",
		Args: moreInputs(&q.inputs),
	}
	shared := addConfigFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&q.Output, "output", "huihai-quickstart", "folder for everything that is made")
	f.StringArrayVar(&q.inputs, "input", nil, "your own text: files and folders (default: the Go installation's texts)")
	f.Int64Var(&q.maxBytes, "max-bytes", 16_000_000, "read at most this much text (0: all)")
	f.IntVar(&q.steps, "steps", 0, "training steps (0: as configured)")
	f.StringVar(&q.Prompt, "prompt", "// Copyright 2009 The Go Authors. All rights reserved.\n", "text to continue at the end")
	f.IntVar(&q.MaxNewTokens, "max-new-tokens", 80, "tokens to add to the prompt")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return q.run(cmd, shared) }
	return cmd
}

func (q *quickstartFlags) run(cmd *cobra.Command, shared *configFlags) error {
	if q.steps < 0 || q.maxBytes < 0 || q.MaxNewTokens < 1 {
		return usagef("--steps and --max-bytes must not be negative, and --max-new-tokens at least 1")
	}
	if shared.file == "" && shared.preset == "" {
		shared.preset = "quickstart"
	}
	if err := q.settings(shared); err != nil {
		return err
	}
	c, prov, err := shared.load("model", "optim", "train", "checkpoint", "loader", "data")
	if err != nil {
		return err
	}
	q.Options = runOptions(cmd, c, prov)
	s, err := q.Run(cmd.Context())
	if err != nil {
		return err
	}
	fmt.Fprint(cmd.ErrOrStderr(), s.Page(invocation(), q.Screen()))
	if err := unheard(printJSON(cmd.OutOrStdout(), s)); err != nil {
		return err
	}
	return stoppedEarly(cmd.Context(), s.Interrupted)
}

// settings turns the flags into settings: where things go, what is read, and a
// data set that fits the model.
func (q *quickstartFlags) settings(shared *configFlags) error {
	shape, _, err := shared.load("model", "train")
	if err != nil {
		return err
	}
	if len(q.inputs) == 0 {
		if q.inputs, err = runs.GoTexts(); err != nil {
			return err
		}
	}
	dataset, run := runs.QuickstartPaths(q.Output)
	set := func(key string, value any, flag string) {
		shared.overrides = append(shared.overrides, configs.Override{Key: key, Value: value, Flag: flag})
	}
	set("data.inputs", q.inputs, "--input")
	set("data.output", dataset, "--output")
	set("data.max_bytes", q.maxBytes, "--max-bytes")
	set("data.vocab_size", shape.Model.VocabSize, "model.vocab_size")
	set("data.pack.sequence_length", shape.Train.SequenceLength, "train.sequence_length")
	set("train.dataset_dir", dataset, "--output")
	set("train.output_dir", run, "--output")
	if q.steps > 0 {
		set("train.max_steps", q.steps, "--steps")
	}
	return nil
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
