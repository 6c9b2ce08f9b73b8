package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"huihai/cmd/train/internal/runs"
	"huihai/configs"
	"huihai/telemetry/dash"
)

func newPretrainCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pretrain --config F.yaml [--set key=value]...",
		Short: "Train a model on token shards",
		Long: "Trains on the shards that train data build made (train.dataset_dir), from fresh weights,\n" +
			"from a model folder (train.model_name_or_path) or from a checkpoint\n" +
			"(train.resume_from_checkpoint; auto goes on where there is one and starts afresh where\n" +
			"there is none). The first Ctrl-C finishes the step, saves and ends well; so do SIGTERM,\n" +
			"SIGHUP and SIGUSR1, with exit code 75. The summary is printed as JSON.",
		Args: noArgs,
	}
	flags := addConfigFlags(cmd)
	var dryRun bool
	var dashboard string
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check everything and run the first step without its update; writes nothing")
	cmd.Flags().StringVar(&dashboard, "dashboard", "", "serve a live page on this port of this machine, or on HOST:PORT with a token")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, prov, err := loadRun(flags)
		if err != nil {
			return err
		}
		o := runOptions(cmd, c, prov)
		o.DryRun, o.Dashboard = dryRun, dashboard
		if dashboard != "" {
			if err := dash.CheckAddress(dashboard, "--dashboard"); err != nil {
				return usageError{err}
			}
		}
		s, err := runs.Pretrain(cmd.Context(), o)
		if err != nil {
			return err
		}
		return printSummary(cmd, o, s, s)
	}
	return cmd
}

// printSummary ends a training run: a page for the person, result as JSON for
// programs. The run is saved by then, so that nobody listening any more is no
// failure of it.
func printSummary(cmd *cobra.Command, o runs.Options, s *runs.Summary, result any) error {
	fmt.Fprint(cmd.ErrOrStderr(), s.Page(o.Screen()))
	if s.Interrupted {
		fmt.Fprintf(cmd.ErrOrStderr(), "Stopped after step %d. To go on, repeat the command with --set train.resume_from_checkpoint=auto\n", s.Steps)
	}
	if err := unheard(printJSON(cmd.OutOrStdout(), result)); err != nil {
		return err
	}
	return stoppedEarly(cmd.Context(), s.Interrupted)
}

// stoppedEarly returns the exit code of a run that was saved and not finished.
func stoppedEarly(ctx context.Context, interrupted bool) error {
	if code := stoppedCode(ctx); interrupted && code != exitOK {
		return exitCode(code)
	}
	return nil
}

// unheard forgives a reader that went away.
func unheard(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// loadRun loads the sections of a training run. Where the weights come from a
// folder, its config.json has the shape, and section model is not asked for.
func loadRun(flags *configFlags) (*configs.Config, *configs.Provenance, error) {
	rest := []string{"optim", "train", "checkpoint", "loader"}
	c, prov, err := flags.load(rest...)
	if err != nil || c.Train.ModelNameOrPath != "" || c.Train.ResumeFromCheckpoint != "" {
		return c, prov, err
	}
	return flags.load(append(rest, "model")...)
}

// runOptions are the surroundings of a run started from a command.
func runOptions(cmd *cobra.Command, c *configs.Config, prov *configs.Provenance) runs.Options {
	o := surroundings(cmd)
	o.Config, o.Provenance = c, prov
	return o
}

// surroundings are the options that do not come from a configuration.
func surroundings(cmd *cobra.Command) runs.Options {
	return runs.Options{
		Command: os.Args, Program: program(),
		Messages: cmd.ErrOrStderr(), Getenv: os.Getenv, Now: time.Now,
	}
}
