package main

import (
	"github.com/spf13/cobra"

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
			"run will allocate, to the byte; nothing is allocated now.",
		Args: noArgs,
	}
	flags := addConfigFlags(cmd)
	cmd.Flags().BoolVar(&tensors, "tensors", false, "list every tensor of the arena")
	dev.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, _, err := flags.load("model", "train")
		if err != nil {
			return err
		}
		return dev.with(func(d kernels.Device) error {
			p, err := trainer.PlanRun(d, c.Model, c.Train)
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
