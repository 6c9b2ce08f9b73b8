package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"huihai/cmd/train/internal/runs"
	"huihai/configs"
)

func newPretrainCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pretrain --config F.yaml [--set key=value]...",
		Short: "Train a model on token shards",
		Long: "Trains on the shards that train data build made (train.dataset_dir), from fresh weights,\n" +
			"from a model folder (train.model_name_or_path) or from a checkpoint\n" +
			"(train.resume_from_checkpoint). The first Ctrl-C finishes the step, saves and ends\n" +
			"well; the summary is printed as JSON.",
		Args: noArgs,
	}
	flags := addConfigFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, prov, err := loadRun(flags)
		if err != nil {
			return err
		}
		o, err := runOptions(cmd, c, prov)
		if err != nil {
			return err
		}
		s, err := runs.Pretrain(cmd.Context(), o)
		if err != nil {
			return err
		}
		fmt.Fprint(cmd.ErrOrStderr(), s.Page(o.Screen()))
		if s.Interrupted {
			fmt.Fprintf(cmd.ErrOrStderr(), "Interrupted after step %d. To go on, repeat the command with --set train.resume_from_checkpoint=latest\n", s.Steps)
		}
		return printJSON(cmd.OutOrStdout(), s)
	}
	return cmd
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
func runOptions(cmd *cobra.Command, c *configs.Config, prov *configs.Provenance) (runs.Options, error) {
	var rendered bytes.Buffer
	if err := configs.Render(&rendered, c, prov); err != nil {
		return runs.Options{}, err
	}
	return runs.Options{
		Config: c, Rendered: rendered.Bytes(),
		Messages: cmd.ErrOrStderr(), Getenv: os.Getenv, Now: time.Now,
	}, nil
}
