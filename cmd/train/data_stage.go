package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"huihai/cmd/train/internal/runs"
	"huihai/data/build"
	"huihai/data/flow"
	"huihai/telemetry"
)

func newDataStageCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stage --stage S --index I --count N [flags of build]",
		Short: "Do one share of one stage of a build, for array jobs",
		Long: "Runs the tasks of a stage whose number is I modulo N. All shares of all stages, in\n" +
			"order and on one shared output folder, make what data build makes; then data build\n" +
			"with the same flags publishes it. --list prints the stages of such a build in order.\n" +
			"With --store, machines need no folder in common: --output is then each machine's own,\n" +
			"and only inputs, tokenizer and models must have the same paths everywhere.\n" +
			"Launchers for Slurm and Kubernetes are in scripts/cluster.",
	}
	var part flow.Part
	var list bool
	cmd.Flags().StringVar(&part.Stage, "stage", "", "stage to run a share of")
	cmd.Flags().IntVar(&part.Index, "index", 0, "number of this share, from 0")
	cmd.Flags().IntVar(&part.Count, "count", 1, "number of shares")
	cmd.Flags().BoolVar(&list, "list", false, "print the stages in their order, and whether one has several tasks, and end")
	shared := addConfigFlags(cmd)
	own := addDataFlags(cmd)
	store := addStoreFlags(cmd)
	cmd.Args = moreInputs(&own.cfg.Inputs)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		shared.overrides = own.overrides(cmd)
		c, _, err := shared.load("data")
		if err != nil {
			return err
		}
		if list {
			return printJSON(cmd.OutOrStdout(), c.Data.ShareStages())
		}
		if part.Stage == "" {
			return usagef("%s needs --stage; --list prints the stages", cmd.CommandPath())
		}
		return store.with(cmd.Context(), func(opts ...build.Option) error { return runDataStage(cmd, c.Data, part, opts...) })
	}
	return cmd
}

func runDataStage(cmd *cobra.Command, cfg build.Config, part flow.Part, opts ...build.Option) error {
	limitMemory(cfg)
	w := cmd.ErrOrStderr()
	progress := telemetry.NewProgress(w, telemetry.ScreenOf(w, os.Getenv), time.Now)
	report, err := build.RunShare(cmd.Context(), cfg, part, runs.StageLines(progress, time.Now), append(opts, build.WithStdin(cmd.InOrStdin()))...)
	if closeErr := progress.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return printJSON(cmd.OutOrStdout(), report)
}
