package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"huihai/checkpoint"
	"huihai/cmd/train/internal/runs"
	"huihai/kernels"
	"huihai/trainer"
)

func newPlanCmd() *cobra.Command {
	var dev deviceFlags
	var tensors bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Parameters, FLOPs per token and memory of a run, before it starts",
		Long: "Prints as JSON what a run with this configuration would take. The memory is what the\n" +
			"run will allocate, to the byte; nothing is allocated now. With train.model_name_or_path\n" +
			"or train.resume_from_checkpoint the shape is that of the folder's config.json.",
		Args: noArgs,
	}
	flags := addConfigFlags(cmd)
	cmd.Flags().BoolVar(&tensors, "tensors", false, "list every tensor of the arena")
	dev.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, prov, err := loadRun(flags)
		if err != nil {
			return err
		}
		o := runOptions(cmd, c, prov)
		return dev.with(func(d kernels.Device) error {
			in, err := runs.PlanInput(cmd.Context(), d, o)
			if err != nil {
				return err
			}
			p, err := trainer.PlanRun(in)
			var memory *trainer.MemoryError
			if errors.As(err, &memory) && in.MemoryLimit > 0 && memory.Limit == in.MemoryLimit {
				// A plan may be for another machine.
				fmt.Fprintln(cmd.ErrOrStderr(), "train: note:", err)
				in.MemoryLimit = 0
				if in.Checkpoint.AsyncSave == checkpoint.AsyncAuto {
					in.Checkpoint.AsyncSave = checkpoint.AsyncNever // what auto comes to there
				}
				p, err = trainer.PlanRun(in)
			}
			if err != nil {
				return err
			}
			if !tensors {
				p.Arena.Tensors = nil
			}
			return printJSON(cmd.OutOrStdout(), p)
		})
	}
	return cmd
}
